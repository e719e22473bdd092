"""What the slow tests stand on: a real browser, a real Tor network, a slow link."""
