"""Everything that needs a long-lived secret: signing, opening, receipts, the key file. The server never imports this package."""
