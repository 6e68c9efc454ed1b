"""A message read for its properties. Whatever the bytes are, there is an answer; nothing here raises on them."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.generator import BytesGenerator
from email.message import Message
from email.parser import BytesParser
from email.utils import getaddresses
from functools import cached_property
from io import BytesIO
from typing import Final

from tests.sandbox.message import words
from tests.sandbox.message.head import head

_HEADER = re.compile(rb"^([^\s:][^:\r\n]*):((?:[^\n]*(?:\n[ \t]+[^\n]*)*))", re.MULTILINE)


_BODIES: Final = {"plain", "html"}
_DEEPEST: Final = 60  # levels of parts; what is nested deeper is read as one text


@dataclass(frozen=True, slots=True)
class Address:
    """A name and an address, as in From and To."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """One part that is not the body."""

    name: str
    content_type: str
    content_id: str
    inline: bool
    data: bytes


class Parsed:
    """One message's MIME, read when it is first asked for."""

    def __init__(self, mime: bytes) -> None:
        self.mime = mime

    @cached_property
    def message(self) -> Message:
        """The message as the standard library reads it; one nested beyond sense is a single text."""
        try:
            message = BytesParser(policy=policy.compat32).parsebytes(self.mime)
        except RecursionError:
            message = None
        if message is not None and _depth(message) <= _DEEPEST:
            return message
        flat = Message()
        flat.set_payload(self.mime[len(head(self.mime)) :].decode("ascii", "surrogateescape"))
        return flat

    @cached_property
    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """Every header field of the top block, in order: name and raw value."""
        return tuple((words.plain(name).strip(), value.strip()) for name, value in _HEADER.findall(head(self.mime)))

    @cached_property
    def transport_headers(self) -> str:
        """The header block as it came, for PidTagTransportMessageHeaders."""
        return words.plain(head(self.mime))

    def raw(self, name: str) -> bytes | None:
        """The first field of that name, raw; None when it is not there."""
        wanted = name.lower()
        return next((value for field, value in self.headers if field.lower() == wanted), None)

    def text(self, name: str) -> str:
        """The first field of that name, decoded; empty when it is not there."""
        raw = self.raw(name)
        return "" if raw is None else words.decode(raw)

    def addresses(self, name: str) -> tuple[Address, ...]:
        """The addresses in all fields of that name."""
        wanted = name.lower()
        raw = [words.plain(value) for field, value in self.headers if field.lower() == wanted]
        found = getaddresses([re.sub(r"[\r\n]+", "", value) for value in raw])
        return tuple(Address(words.decode(name.encode()), address) for name, address in found if name or address)

    @cached_property
    def leaves(self) -> tuple[Message, ...]:
        """The parts that hold something, nested messages counted as one."""
        return tuple(_leaves(self.message))

    @cached_property
    def body(self) -> tuple[str, str]:
        """``HTML`` or ``Text``, and the body's text."""
        for kind, subtype in (("HTML", "html"), ("Text", "plain")):
            for part in self.leaves:
                if part.get_content_type() == f"text/{subtype}" and not attached(part):
                    return kind, words.charset_text(content(part), part.get_content_charset())
        return "Text", ""

    @cached_property
    def attachments(self) -> tuple[Attachment, ...]:
        """The parts that are not the body."""
        found = []
        for part in self.leaves:
            if part.get_content_maintype() == "text" and not attached(part) and part.get_content_subtype() in _BODIES:
                continue
            found.append(
                Attachment(
                    name=file_name(part),
                    content_type=part.get_content_type(),
                    content_id=_header(part, "Content-ID").strip("<> "),
                    inline=part.get_content_disposition() == "inline",
                    data=content(part),
                )
            )
        return tuple(found)


def content(part: Message) -> bytes:
    """A leaf's decoded bytes; what cannot be decoded stands as it is."""
    payload = part.get_payload()
    if isinstance(payload, list):  # message/rfc822 and message/delivery-status
        return b"\r\n\r\n".join(written(inner).strip() for inner in payload if isinstance(inner, Message)) + b"\r\n"
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError, binascii.Error):
        data = None
    if isinstance(data, bytes):
        return data
    return str(part.get_payload() or "").encode("utf-8", "surrogateescape")


def written(part: Message) -> bytes:
    """A part as bytes again, with its own header."""
    out = BytesIO()
    try:
        BytesGenerator(out, mangle_from_=False, maxheaderlen=0, policy=policy.compat32).flatten(part)
        return out.getvalue()
    except (UnicodeError, LookupError):  # 8-bit text in a charset that it is not, or that nobody knows
        fields = "".join(f"{name}: {value}\n" for name, value in part.items())
        payload = part.get_payload()
        inner = payload if isinstance(payload, list) else [payload]
        bodies = [written(each) if isinstance(each, Message) else _plain(str(each or "")) for each in inner]
        return b"\n".join((_plain(fields), *bodies))


def _plain(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def file_name(part: Message) -> str:
    """An attachment's name, decoded; empty when it has none."""
    try:
        name = part.get_filename()
    except (ValueError, LookupError, AssertionError, TypeError):
        name = None
    return words.decode((name or "").encode("utf-8", "surrogateescape"))


def _leaves(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if part.get_content_maintype() == "multipart" and isinstance(payload, list):
        for inner in payload:
            if isinstance(inner, Message):
                yield from _leaves(inner)
    else:
        yield part


def _depth(message: Message) -> int:
    """How many levels of parts a message has."""
    depth, level = 0, [message]
    while level:
        depth += 1
        inner = (entry for part in level if isinstance(part.get_payload(), list) for entry in part.get_payload())
        level = [entry for entry in inner if isinstance(entry, Message)]
    return depth


def attached(part: Message) -> bool:
    """Whether a part is shown as a file rather than as text."""
    return part.get_content_disposition() == "attachment" or bool(file_name(part))


def _header(part: Message, name: str) -> str:
    return words.decode(str(part.get(name, "")).encode("utf-8", "surrogateescape"))
