"""The console: a reader of the store, and a way to say what is wanted."""
