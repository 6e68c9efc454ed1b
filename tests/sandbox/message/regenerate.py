"""MIME written anew, as Exchange does when it is read: it keeps properties and parts, not bytes.

What changes: the order, folding and encoding of header fields; fields that are no property (Received, X-*, List-*) are
gone; addresses are written in one form; dates in UTC; boundaries, transfer encodings and line ends are new; preambles
are gone. What stays: the decoded parts, in their order; attachments byte by byte; a signed or encrypted message whole.
The same message always gives the same bytes.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import Message
from email.utils import format_datetime
from itertools import count
from typing import Final

from tests.sandbox.message import head, words
from tests.sandbox.message.parsed import Address, Parsed, attached, content, file_name, written

_OPAQUE: Final = {"multipart/signed", "multipart/encrypted"}
_ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]*", re.ASCII)
_ALTERNATIVES: Final = {"mixed", "alternative", "related", "report"}
_DEPTH: Final = 20  # messages in messages that are written anew
_NEWLINE = re.compile(rb"\r\n|\r|\n")


def regenerate(
    mime: bytes, settings: Mapping[str, str] | None = None, sent: str | None = None, *, depth: int = 0
) -> bytes:
    """The message as Exchange would hand it out.

    `settings` are item properties that were set explicitly (`Importance`, `IsReadReceiptRequested`, ...); they win over
    what the MIME said. `sent` is the item's DateTimeSent, used where the MIME has no date. `depth` says how many
    messages it is nested in.
    """
    parsed = Parsed(mime)
    fields = _fields(parsed, settings or {}, sent)
    if parsed.message.get_content_type() in _OPAQUE:
        fields.append((b"Content-Type", parsed.raw("Content-Type") or b""))
        body = parsed.mime[len(head.head(mime)) :]
        body = re.sub(rb"\A\r?\n\r?\n", b"", body)
    else:
        writer = _Writer(hashlib.sha256(mime).hexdigest()[:24], depth)
        own, body = writer.part(parsed.message)
        fields += own
    fields.append((b"MIME-Version", b"1.0"))
    return _block(fields) + b"\r\n" + body


class _Writer:
    """Writes parts; every multipart of one message has a boundary of its own."""

    def __init__(self, digest: str, depth: int) -> None:
        self._digest = digest
        self._depth = depth
        self._number = count()

    def part(self, part: Message) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """A part's content fields, and its body."""
        payload = part.get_payload()
        kind = part.get_content_maintype()
        if kind == "multipart" and isinstance(payload, list):
            return self._multipart(part, [inner for inner in payload if isinstance(inner, Message)])
        if kind == "text" and not attached(part):
            return _text(part)
        if kind == "message" and isinstance(payload, list):
            return self._message(part, payload)
        return _file(part)

    def _multipart(self, part: Message, inner: list[Message]) -> tuple[list[tuple[bytes, bytes]], bytes]:
        boundary = f"_{next(self._number):03d}_{self._digest}_".encode()
        subtype = part.get_content_subtype()
        kind = subtype if subtype in _ALTERNATIVES else "mixed"
        lines = []
        for entry in inner:
            fields, body = self.part(entry)
            lines.append(b"--" + boundary + b"\r\n" + _block(fields) + b"\r\n" + body + b"\r\n")
        lines.append(b"--" + boundary + b"--\r\n")
        declared = f"multipart/{kind};\r\n\tboundary=".encode() + b'"' + boundary + b'"'
        return [(b"Content-Type", declared)], b"".join(lines)

    def _message(self, part: Message, payload: Sequence[object]) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """A nested message is an item of its own and is written anew too; a delivery status stays as it is."""
        inner = [entry for entry in payload if isinstance(entry, Message)]
        subtype = _token(part.get_content_subtype())
        nested = subtype == b"rfc822" and bool(inner) and self._depth < _DEPTH
        body = regenerate(written(inner[0]), depth=self._depth + 1) if nested else _lines(content(part))
        fields = [(b"Content-Type", b"message/" + subtype)]
        if attached(part):
            fields.append((b"Content-Disposition", b"attachment"))
        return fields, body


def _fields(parsed: Parsed, settings: Mapping[str, str], sent: str | None) -> list[tuple[bytes, bytes]]:
    """The header fields of a message, in Exchange's order."""
    fields: list[tuple[bytes, bytes]] = []
    for name in ("From", "Sender", "Reply-To", "To", "CC", "BCC"):
        fields += _address_field(parsed, name)
    subject = settings.get("Subject", parsed.text("Subject"))
    if subject or parsed.raw("Subject") is not None:
        fields += [(b"Subject", words.encode(subject)), (b"Thread-Topic", words.encode(_topic(subject)))]
    when = parsed.text("Date")
    shown = head.instant(when) or (sent if not when else None)
    if shown is not None:
        fields.append((b"Date", _date(shown)))
    for name, field in (
        ("InternetMessageId", "Message-ID"),
        ("References", "References"),
        ("InReplyTo", "In-Reply-To"),
    ):
        value = settings.get(name, parsed.text(field))
        if value:
            fields.append((field.encode(), words.encode(value)))
    return [*fields, *_markers(parsed, settings)]


def _markers(parsed: Parsed, settings: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Importance, sensitivity and receipts: a setting of the item wins over the MIME."""
    fields = []
    importance = settings.get("Importance", importance_of(parsed))
    if importance != "Normal":
        fields += [
            (b"Importance", importance.lower().encode()),
            (b"X-Priority", b"1" if importance == "High" else b"5"),
        ]
    sensitivity = settings.get("Sensitivity", sensitivity_of(parsed))
    if sensitivity != "Normal":
        fields.append((b"Sensitivity", sensitivity.encode()))
    for name, field in (
        ("IsReadReceiptRequested", "Disposition-Notification-To"),
        ("IsDeliveryReceiptRequested", "Return-Receipt-To"),
    ):
        said = settings.get(name)
        to = _addresses(parsed.addresses(field) or (parsed.addresses("From") if said == "true" else ()))
        if to and said != "false":
            fields.append((field.encode(), to))
    fields.append((b"X-MS-Has-Attach", b"yes" if parsed.attachments else b""))
    return fields


def importance_of(parsed: Parsed) -> str:
    """``Low``, ``Normal`` or ``High``, from Importance, Priority or X-Priority."""
    said = (parsed.text("Importance") or parsed.text("X-MSMail-Priority")).lower()
    digit = parsed.text("X-Priority")[:1]
    if said == "high" or digit in {"1", "2"}:
        return "High"
    return "Low" if said == "low" or digit in {"4", "5"} else "Normal"


def sensitivity_of(parsed: Parsed) -> str:
    """``Normal``, ``Personal``, ``Private`` or ``Confidential``, from Sensitivity."""
    known = {"personal": "Personal", "private": "Private", "company-confidential": "Confidential"}
    return known.get(parsed.text("Sensitivity").lower(), "Normal")


def _address_field(parsed: Parsed, name: str) -> list[tuple[bytes, bytes]]:
    if parsed.raw(name) is None:
        return []
    return [(name.encode(), _addresses(parsed.addresses(name)))]


def _addresses(found: tuple[Address, ...]) -> bytes:
    return b",\r\n\t".join(_address(entry) for entry in found)


def _address(entry: Address) -> bytes:
    address = words.encode(entry.address)
    if not entry.name:
        return b"<" + address + b">"
    if entry.name.isascii() and not _ATOM.fullmatch(entry.name):
        name = b'"' + re.sub(r'(["\\])', r"\\\1", entry.name).encode() + b'"'
    else:
        name = words.encode(entry.name)
    return name + b" <" + address + b">"


def _topic(subject: str) -> str:
    return re.sub(r"\A([A-Za-z]{1,3}: ?)+", "", subject)


def _date(instant: str) -> bytes:
    """An instant as Exchange writes it: always UTC."""
    return format_datetime(datetime.fromisoformat(instant)).encode()


def _text(part: Message) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """A text body: its characters are kept, in its own character set where that can hold them."""
    charset = part.get_content_charset()
    raw = content(part)
    text = words.charset_text(raw, charset).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    name = charset if charset is not None and charset.isascii() else "utf-8"
    try:
        data = text.encode(name)
    except (LookupError, ValueError):
        name, data = "utf-8", text.encode("utf-8", "replace")
    declared = b"text/" + _token(part.get_content_subtype()) + b'; charset="' + _token(name) + b'"'
    if name.lower().startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
        encoding, body = b"base64", _base64(data)
    else:
        encoding = b"quoted-printable"
        body = _lines(binascii.b2a_qp(data.replace(b"\n", b"\r\n"), quotetabs=False, istext=True, header=False))
    return [(b"Content-Type", declared), (b"Content-Transfer-Encoding", encoding)], body


def _file(part: Message) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """An attachment: its bytes are kept."""
    declared = _token(part.get_content_maintype()) + b"/" + _token(part.get_content_subtype())
    name = file_name(part)
    disposition = b"inline" if part.get_content_disposition() == "inline" else b"attachment"
    fields = [(b"Content-Type", declared + _parameter("name", name))]
    fields.append((b"Content-Disposition", disposition + _parameter("filename", name)))
    identifier = words.decode(str(part.get("Content-ID", "")).encode("utf-8", "surrogateescape"))
    if identifier:
        fields.append((b"Content-ID", words.encode(identifier)))
    fields.append((b"Content-Transfer-Encoding", b"base64"))
    return fields, _base64(content(part))


def _parameter(name: str, value: str) -> bytes:
    if not value:
        return b""
    quoted = words.encode(value).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b"; " + name.encode() + b'="' + quoted + b'"'


def _token(value: str) -> bytes:
    """A type or character set as a token; what cannot be one is left out."""
    return re.sub(r"[^A-Za-z0-9!#$&^_.+-]", "", value).encode() or b"x-unknown"


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def _lines(data: bytes) -> bytes:
    return _NEWLINE.sub(b"\r\n", data)


def _block(fields: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in fields)
