"""Messages, folders and flags as every room speaks of them; knows no server, no store and no file."""
