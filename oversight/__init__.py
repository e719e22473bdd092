"""The stewards' desk: writing and signing the public facts of a programme. No server, no workstation, no network."""
