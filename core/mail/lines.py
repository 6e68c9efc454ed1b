"""Lines of a message: how they end, and how long they are."""

import io
import re

#: The longest line there may be, without its line end (RFC 5322, 2.1.1); Exchange fails somewhere below 10,000.
LONGEST = 998

_MANY = re.compile(rb"(?<!\r)\r+\n")


def crlf(text: bytes) -> bytes:
    """The same lines, each ended by CRLF. CRs before a LF belong to it; a CR by itself ends a line, too."""
    if text.count(b"\n") == text.count(b"\r") == text.count(b"\r\n"):
        return text
    text = text.replace(b"\r\n", b"\n")
    if b"\r\n" in text:
        text = _MANY.sub(b"\n", text)
    return text.replace(b"\r", b"\n").replace(b"\n", b"\r\n")


def longest(text: bytes) -> int:
    """The length of the longest line, without its line end."""
    # One at a time: a list of them could take many times the memory of the text.
    return max((len(line.rstrip(b"\r\n")) for line in io.BytesIO(text)), default=0)
