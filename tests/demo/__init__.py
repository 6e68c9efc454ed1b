"""The demo: a pymap source with mail of our own making, the practice Exchange, and the console between them."""
