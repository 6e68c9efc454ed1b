"""Sizes of messages, for people."""

import humanize


def about(size: int) -> str:
    """A number of bytes with the batch file's units: 1 MB is 1024 * 1024 bytes."""
    return humanize.naturalsize(size, binary=True).replace("iB", "B").replace("Byte", "byte")


def above(size: int, limit: int) -> tuple[str, str]:
    """A size and the limit that it is above; to the byte where they look alike otherwise."""
    said = about(size), about(limit)
    return said if said[0] != said[1] else (f"{size:,} bytes", f"{limit:,} bytes")
