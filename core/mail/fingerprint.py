"""Fingerprints: how to tell whether two messages are the same one.

exact
    SHA-256 of the bytes (`Body.sha256`). For the source against itself.
folded
    SHA-256 of the bytes without what servers change when they store an APPEND as it came: CR and LF (Dovecot and
    Courier turn a bare LF into CRLF, Courier removes a bare CR and ends the message with CRLF), NUL (Dovecot: 0x80),
    8-bit bytes and ``X`` (Cyrus writes an 8-bit byte in a header as X). For a destination that keeps bytes (IMAP).
canonical
    Message-ID, Subject, the instant in Date, the addresses in From, and a hash of every decoded part, whatever their
    encoding, folding and order; line ends, NUL and 8-bit folded. For a message that another program or server may have
    written again (adoption, verification).
"""

import email.policy
import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.utils import parsedate_to_datetime

from core.mail.body import Body

_UNSTABLE = b"\r\n\x00X" + bytes(range(0x80, 0x100))
#: How charsets begin in which an ASCII byte may be a part of another character.
_MIXED = ("utf-7", "iso-2022", "hz", "gb", "big5", "shift_jis", "johab", "cp9")
_EIGHT_BIT_AS_X = bytes(range(0x80)) + b"X" * 0x80
_BARE_CR = re.compile(rb"\r(?!\n)")
_END_OF_HEADER = re.compile(rb"\n\r?\n")
# However broken the lines around it are; a server that writes a message again looks no harder.
_FIELD = re.compile(rb"^(Message-ID|Date|From|Subject)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE)
_BLANK = re.compile(r"\s+")
_COMMENT = re.compile(r"\((?:[^()\\@]|\\.)*\)")
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"]+@[^\s<>()\[\]:;,\"]*")


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
    data = _BARE_CR.sub(b"", data)
    end = _END_OF_HEADER.search(data)
    length = end.start() if end else len(data)
    head, rest = data[:length].translate(_EIGHT_BIT_AS_X), data[length:]
    try:
        message = BytesParser(policy=email.policy.compat32).parsebytes(head + rest)
        return _digest(head, [(_content(part),) for part in _leaves(message)])
    except RecursionError:  # parts nested beyond all sense are one text
        return _digest(head, [(rest,)])


def canonical_of(header: bytes, contents: Iterable[Iterable[bytes]]) -> bytes:
    """The canonical fingerprint of a message by its header block and its decoded parts, each in pieces of any size."""
    return _digest(_BARE_CR.sub(b"", header).translate(_EIGHT_BIT_AS_X), contents)


def _digest(head: bytes, contents: Iterable[Iterable[bytes]]) -> bytes:
    digest = hashlib.sha256()
    for word in _words(head):
        digest.update(word.encode("ascii") + b"\n")
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


def _words(head: bytes) -> Iterator[str]:
    """Message-ID, Subject, Date and From, in ASCII; of a field that comes twice the first, but every address."""
    fields: dict[bytes, list[bytes]] = {}
    for name, value in _FIELD.findall(head):
        fields.setdefault(name.lower(), []).append(value)
    for name in (b"message-id", b"subject"):
        yield _BLANK.sub("", _decoded(fields.get(name, [b""])[0]))
    yield _instant(_decoded(fields.get(b"date", [b""])[0]))
    senders = [_without_comments(_decoded(value)) for value in fields.get(b"from", ())]
    yield " ".join(sorted({address for sender in senders for address in _ADDRESS.findall(sender)}))


def _without_comments(text: str) -> str:
    """An address field without its comments (RFC 5322, 3.2.2), but for an address that stands in one."""
    found = 1 if "(" in text else 0
    while found:
        text, found = _COMMENT.subn("", text)
    return text


def _decoded(value: bytes) -> str:
    """A header's text on one line without encoded words and 8-bit."""
    text = _BLANK.sub(" ", value.decode("ascii")).strip()
    try:
        pieces = decode_header(text) if "=?" in text else [(text, None)]
    except (ValueError, HeaderParseError):  # a broken encoded word stands for itself
        pieces = [(text, None)]
    plain = "".join(piece if isinstance(piece, str) else _text(piece, charset) for piece, charset in pieces)
    return "".join(c for c in plain if c.isascii() and c not in "\0X")


def _instant(text: str) -> str:
    """A Date to the second in UTC, whatever its zone; nothing where it is none."""
    try:
        moment = parsedate_to_datetime(text)
        return str(moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something; a nested message counts by its own. Raises RecursionError."""
    payload = message.get_payload()
    if not isinstance(payload, list) or message.get_content_type() == "message/delivery-status":
        yield message
        return
    for part in payload:
        if isinstance(part, Message):
            yield from _leaves(part)


def _content(part: Message) -> bytes:
    """A part's decoded bytes."""
    payload = part.get_payload()
    if isinstance(payload, list):  # a delivery status: blocks of fields, which each writer parts in its own way
        fields = (f"{name}{value}" for block in payload if isinstance(block, Message) for name, value in block.items())
        return _BLANK.sub("", "".join(fields)).encode("utf-8", "surrogateescape")
    with suppress(ValueError, LookupError, AssertionError):  # an encoding that cannot be undone stands as it is
        payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else str(payload or "").encode("utf-8", "surrogateescape")
    charset = part.get_content_charset() or ""
    return _text(data, charset).encode("utf-8", "replace") if charset.startswith(_MIXED) else data


def _text(data: bytes, charset: str | None) -> str:
    try:
        return data.decode(charset or "ascii")
    except (LookupError, ValueError):  # a charset that nobody knows, or that is wrong
        return data.decode("latin-1")
