"""What a strict Exchange finds wrong with the form of a message, and what it says then.

No rule of Microsoft's tells all of it. Users of other tools report failures for lines above about 9,900 bytes, bare
line feeds, NULs, senders without an address, and parts by the hundred or nested deeper than 30.
"""

import re
from email import policy
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses
from typing import Final

from tests.sandbox.message.head import head
from tests.sandbox.message.parsed import Parsed
from tests.sandbox.message.words import plain

_LONGEST: Final = 9_900
_MOST_PARTS: Final = 250
_DEEPEST: Final = 30
_INVALID: Final = "ErrorMimeContentInvalid"
_FAILED: Final = "ErrorMimeContentConversionFailed"
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]")
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")


def fault(mime: bytes) -> tuple[str, str] | None:
    """A response code and its text; None for a message that is taken."""
    if b"\0" in mime:
        return _FAILED, "The MIME content holds a NUL character."
    if _BARE.search(mime):
        return _INVALID, "A line of the MIME content ends without CRLF."
    if any(len(line) > _LONGEST for line in mime.split(b"\r\n")):
        return _FAILED, "A line of the MIME content is too long."
    lines = head(mime).split(b"\r\n") if not mime.startswith(b"\r\n") else []
    if any(not _FIELD.match(line) for line in lines if line) or (lines and lines[0][:1] in {b" ", b"\t"}):
        return _INVALID, "The MIME content has an invalid header."
    sender = Parsed(mime).raw("From")
    if sender is not None and not _addressed(sender):
        return _INVALID, "The sender of the MIME content is not valid."
    if _too_many(mime):
        return _FAILED, "The MIME content has too many parts."
    return None


def _addressed(sender: bytes) -> bool:
    found = getaddresses([re.sub(r"[\r\n]+", "", plain(sender))])
    return bool(found) and all(_ADDRESS.fullmatch(address) for _name, address in found)


def _too_many(mime: bytes) -> bool:
    """Whether it has more parts than Exchange reads, or deeper ones."""
    try:
        level: list[Message] = [BytesParser(policy=policy.compat32).parsebytes(mime)]
    except RecursionError:
        return True
    parts = depth = 0
    while level:
        parts, depth = parts + len(level), depth + 1
        inner = [part.get_payload() for part in level]
        level = [part for some in inner if isinstance(some, list) for part in some if isinstance(part, Message)]
    return parts > _MOST_PARTS or depth > _DEEPEST
