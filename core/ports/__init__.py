"""The seams to the servers: what a source and a destination must be able to do, and how they fail."""
