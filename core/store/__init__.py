"""The store: one SQLite file that is the meeting point of engines, consoles and commands, and the only one."""
