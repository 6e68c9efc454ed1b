"""What people see of a message, by Python's email package: another judge than the program's own fingerprint."""

import email.policy
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header
from email.message import EmailMessage, Message

_BLANK = re.compile(r"\s+")
_MANY = 50


@dataclass(frozen=True, slots=True)
class Content:
    """Header and parts, blanks aside; a text by its characters, a file by its bytes."""

    subject: str
    sender: frozenset[str]
    date: datetime | None
    parts: tuple[str | bytes, ...]


def content(data: bytes, *, sound: bool = True) -> Content | None:
    """What is in a message; None where that package cannot tell or, if it is to be `sound`, readers may disagree."""
    head = re.split(rb"\r?\n\r?\n", data, maxsplit=1)[0]
    if sound and re.search(rb"[^\t\r\n -~]|\r(?!\n)", head):
        return None
    message = email.message_from_bytes(data, policy=email.policy.default)
    try:
        if sound:
            _check(message)
        return _content(message)
    except (ValueError, LookupError, AttributeError, IndexError, TypeError):  # what that package cannot read
        return None


def _check(message: EmailMessage) -> None:
    if sum(1 for _ in message.walk()) > _MANY:
        raise ValueError("it has more parts than every reader bears")
    for part in message.walk():
        if part.defects or any(value.defects for value in part.values()):
            raise ValueError("it has defects")
    for name in ("from", "subject", "date"):
        if len(message.get_all(name, [])) > 1:
            raise ValueError(f"several say {name}")
    for piece, charset in decode_header(str(message.get("subject", ""))):
        if isinstance(piece, bytes):
            piece.decode(charset or "ascii")


def _content(message: EmailMessage) -> Content:
    date = message["date"]
    moment = None if date is None else date.datetime
    if moment is not None:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return Content(
        _BLANK.sub("", str(message["subject"] or "")),
        frozenset(address.addr_spec for address in (message["from"].addresses if message["from"] else ())),
        moment,
        tuple(_seen(part) for part in message.walk() if not part.is_multipart()),
    )


def _seen(part: Message) -> str | bytes:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        raise TypeError("it has no bytes")
    if part.get_content_maintype() != "text" or part.get_content_disposition() == "attachment" or part.get_filename():
        return payload.replace(b"\r", b"").replace(b"\n", b"").strip()
    return _BLANK.sub("", payload.decode(part.get_content_charset() or "ascii").replace("\0", ""))
