"""IMAP, as a source and as a destination. Every IMAP command of the program is sent from here."""
