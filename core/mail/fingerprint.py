"""Fingerprints: how to tell whether two messages are the same one.

exact
    SHA-256 of the bytes (`Body.sha256`). For the source against itself.
folded
    SHA-256 of the bytes without what servers change when they store an APPEND as it came: CR and LF (Dovecot and
    Courier turn a bare LF into CRLF, Courier removes a bare CR and ends the message with CRLF), NUL (Dovecot: 0x80),
    8-bit bytes and ``X`` (Cyrus writes an 8-bit byte in a header as X). For a destination that keeps bytes (IMAP).
canonical
    Message-ID, Date, From and Subject decoded, and a hash of every decoded part, line ends, NUL and 8-bit folded. For
    a message that another program or server may have written again (adoption, verification).
"""

import email.policy
import hashlib
import re
from collections.abc import Iterable, Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser

from core.mail.body import Body

_UNSTABLE = b"\r\n\x00X" + bytes(range(0x80, 0x100))
_BLANK = re.compile(r"\s+")
_HEADERS = ("Message-ID", "Date", "From", "Subject")


def folded(body: Body) -> bytes:
    """The folded fingerprint: 32 bytes."""
    return folded_of(body.chunks())


def folded_of(pieces: Iterable[bytes]) -> bytes:
    """The folded fingerprint of a message in pieces."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece.translate(None, _UNSTABLE))
    return digest.digest()


def canonical(data: bytes) -> bytes:
    """The canonical fingerprint of a message: 32 bytes. Any bytes have one; none raises."""
    parser = BytesParser(policy=email.policy.compat32)
    try:
        return _print(parser.parsebytes(data))
    except RecursionError:  # parts nested beyond all sense are one text
        return _print(parser.parsebytes(data, headersonly=True))


def canonical_of(header: bytes, contents: Iterable[Iterable[bytes]]) -> bytes:
    """The canonical fingerprint of a message by its header block and its decoded parts, each in pieces of any size."""
    message = BytesParser(policy=email.policy.compat32).parsebytes(header, headersonly=True)
    return _digest(message, contents)


def _print(message: Message) -> bytes:
    return _digest(message, ((_content(part),) for part in _leaves(message)))


def _digest(message: Message, contents: Iterable[Iterable[bytes]]) -> bytes:
    digest = hashlib.sha256()
    for name in _HEADERS:
        digest.update(_decoded(str(message.get(name, ""))).encode("utf-8", "replace") + b"\n")
    for content in contents:
        digest.update(_content_digest(content))
    return digest.digest()


def _content_digest(pieces: Iterable[bytes]) -> bytes:
    """Of a part's decoded bytes, folded, without blanks at their ends."""
    digest = hashlib.sha256()
    begun = False
    blanks = b""
    for piece in pieces:
        stable = piece.translate(None, _UNSTABLE)
        if not begun:
            stable = stable.lstrip()
            begun = bool(stable)
        text = stable.rstrip()
        if text:
            digest.update(blanks + text)
            blanks = b""
        blanks += stable[len(text) :]
    return digest.digest()


def _decoded(value: str) -> str:
    """A header's text without encoded words, folding, 8-bit and doubled white space."""
    try:
        # On one line: a blank between a word and an encoded word stays, wherever somebody folded.
        pieces = decode_header(value.replace("\r", "").replace("\n", ""))
    except (ValueError, HeaderParseError):  # a broken encoded word stands for itself
        pieces = [(value, None)]
    text = []
    for piece, charset in pieces:
        if isinstance(piece, str):
            text.append(piece)
            continue
        try:
            text.append(piece.decode(charset or "ascii", "replace"))
        except LookupError:  # a charset nobody knows
            text.append(piece.decode("ascii", "replace"))
    plain = "".join(text)
    return _BLANK.sub(" ", "".join(c for c in plain if c.isascii() and c not in "\0X")).strip()


def _leaves(message: Message) -> Iterator[Message]:
    for part in message.walk():
        if not part.is_multipart():
            yield part


def _content(part: Message) -> bytes:
    """A part's decoded bytes; a nested message counts by its own leaves."""
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):  # an encoding that cannot be undone stands as it is
        payload = part.get_payload()
    return payload if isinstance(payload, bytes) else str(payload or "").encode("utf-8", "surrogateescape")
