"""The commands, one file each. Data goes to stdout, narration to stderr."""
