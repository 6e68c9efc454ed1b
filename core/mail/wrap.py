"""A message inside another one: for what a destination takes in no other form.

The cover is as plain as a message can be; the original is a file in it, byte for byte. It is base64, and no
message/rfc822, which may not be encoded (RFC 2046, 5.2.1), and which a server would read and refuse once more. The same
message always gets the same cover, so that a copy is known again.
"""

import base64
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

from core.mail import addresses, repair_head
from core.mail.body import Body
from core.mail.fingerprint import canonical_of
from core.mail.header_text import decoded, encoded, fold, unfolded

#: The original's name in the cover.
NAME = "original.eml"

_SAYS = (
    b"The server that this mailbox was moved to did not take this message as it was.\r\n"
    b"The whole message is attached, unchanged: open original.eml to read it.\r\n"
)
_BOUNDARY = b"=_mailcutover"  # stands neither in that text nor in base64
#: So much of a message is looked at for its header.
_HEAD = 64 << 10
_LONGEST_SUBJECT = 400
#: Bytes of the original in one piece: whole lines of base64, of 57 bytes each.
_PIECE = 57 << 10
_HEAD_END = re.compile(rb"(?:\A|\n)\r*\n")
_SAFE = re.compile(rb"[ -'*-~]*\Z")  # no comments: hardly anybody reads them right
_MESSAGE_ID = re.compile(rb"[ \t]*(<[!-;=?-~]{1,400}@[!-;=?-~]{1,400}>)[ \t]*\Z")


def wrapped(data: bytes, received: datetime | None) -> bytes:
    """The cover with the message in it; `received` stands in where the message has no date."""
    return b"".join(wrapping(Body.of(data), received))


def wrapping(body: Body, received: datetime | None) -> Iterator[bytes]:
    """The same in pieces: a message of any size is never in memory whole."""
    yield _header(body, received)
    yield b"\r\n--%b\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n%b" % (_BOUNDARY, _SAYS)
    yield b"\r\n--%b\r\nContent-Type: application/octet-stream; name=%b\r\n" % (_BOUNDARY, NAME.encode())
    yield b"Content-Disposition: attachment; filename=%b\r\n" % NAME.encode()
    yield b"Content-Transfer-Encoding: base64\r\n\r\n"
    for piece in body.chunks(_PIECE):
        yield base64.encodebytes(piece).replace(b"\n", b"\r\n")
    yield b"\r\n--%b--\r\n" % _BOUNDARY


def wrapped_print(body: Body, received: datetime | None) -> bytes:
    """The canonical fingerprint of the wrapped message, without wrapping it."""
    return canonical_of(_header(body, received), ((_SAYS,), body.chunks()))


def _header(body: Body, received: datetime | None) -> bytes:
    start = next(body.chunks(_HEAD), b"")
    end = _HEAD_END.search(start)
    fields, _ = repair_head.read(start[: end.start() + 1] if end else start, {})
    fields = repair_head.mended(fields, {}, top=True)
    values = {name.lower(): unfolded(value) for name, _, value in (field.partition(b":") for field in reversed(fields))}
    lines = [fold(b"From: " + _sender(values.get(b"from", b"")))]
    for name in (b"To", b"Cc"):
        value = values.get(name.lower(), b"").strip()
        if _SAFE.match(value) and addresses.is_list(value):
            lines.append(fold(name + b": " + value))
    if b"subject" in values:
        lines.append(fold(b"Subject: " + _subject(values[b"subject"])))
    date = _date(values.get(b"date", b"")) or received
    if date is not None:
        lines.append(b"Date: " + format_datetime(date).encode("ascii"))
    identity = _MESSAGE_ID.match(values.get(b"message-id", b""))
    if identity is not None:
        lines.append(b"Message-ID: " + identity[1])
    lines += (b"MIME-Version: 1.0", b'Content-Type: multipart/mixed; boundary="%b"' % _BOUNDARY, b"")
    return b"\r\n".join(lines)


def _sender(value: bytes) -> bytes:
    value = value.strip()
    return value if _SAFE.match(value) and addresses.is_list(value) else addresses.mended(value)


def _subject(value: bytes) -> bytes:
    text = decoded(value)[:_LONGEST_SUBJECT]
    return text.encode() if text.isascii() and "=?" not in text else encoded(text.encode("utf-8", "replace"))


def _date(value: bytes) -> datetime | None:
    try:
        return parsedate_to_datetime(decoded(value))
    except (ValueError, TypeError, IndexError, OverflowError):  # no date, in one of many ways
        return None
