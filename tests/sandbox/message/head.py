"""A quick look at a message's head, for the few properties that every item needs when it is stored."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from tests.sandbox.message import words

_FIELDS: Final = {
    name: re.compile(rb"^" + name.encode() + rb"[ \t]*:((?:[^\n]*(?:\n[ \t]+[^\n]*)*))", re.IGNORECASE | re.MULTILINE)
    for name in ("subject", "message-id", "date")
}
_END = re.compile(rb"\r?\n\r?\n")


def head(mime: bytes) -> bytes:
    """The header block, without the empty line that ends it."""
    end = _END.search(mime)
    return mime if end is None else mime[: end.start()]


def field(block: bytes, name: str) -> str:
    """The first header field of that name in a block, decoded; empty when there is none."""
    match = _FIELDS[name].search(block)
    return "" if match is None else words.decode(match[1])


def instant(value: str) -> str | None:
    """A Date field as UTC to the second, ``2019-03-04T05:06:07Z``; None when it says no date."""
    try:
        when = parsedate_to_datetime(value)
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return stamp(when)


def stamp(when: datetime) -> str:
    """An instant as text."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
