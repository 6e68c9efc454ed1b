"""A message's MIME: read for its properties, and written anew as Exchange does."""
