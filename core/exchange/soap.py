"""SOAP as EWS speaks it: a request as bytes that are ready to send, an answer cut into response messages.

Requests are written by hand, in the order that Microsoft's schemas ask for (MS-OXWSCORE, MS-OXWSFOLD, MS-OXWSSRCH):
element by element machinery costs ten times the time and writes elements that nobody asked for.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr

from lxml import etree

from core.mail.body import Body
from core.ports.meter import UNLIMITED, Meter

TYPES: Final = "{http://schemas.microsoft.com/exchange/services/2006/types}"
MESSAGES: Final = "{http://schemas.microsoft.com/exchange/services/2006/messages}"
_ERRORS: Final = "{http://schemas.microsoft.com/exchange/services/2006/errors}"
_SOAP: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"

#: Asked of the server with each request. Needed for SuppressReadReceipts; every server from 2013 SP1 on knows it.
_VERSION: Final = "Exchange2013_SP1"

_OPEN: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
    ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">'
    f'<s:Header><t:RequestServerVersion Version="{_VERSION}"/>'
)
_CLOSE: Final = b"</s:Body></s:Envelope>"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A character reference to what XML 1.0 has no character for: Exchange writes them in folder names and texts.
_BAD_REFERENCE = re.compile(
    rb"&#(?:x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[fF]{3}[efEF])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));"
)

_PIECE: Final = 3 << 16  # a multiple of 3, so that base64 of the pieces is base64 of the whole
_SEND: Final = 1 << 18

Element = etree._Element  # noqa: SLF001 - lxml has no public name for it


class NotSoapError(Exception):
    """An answer that is no SOAP envelope, or breaks off in the middle."""


def clean(value: str) -> str:
    """What XML can hold; a character that it cannot becomes U+FFFD."""
    return _NOT_XML.sub("\ufffd", value)


def text(value: str) -> str:
    """Text for an element, clean and escaped."""
    return clean(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(value: str) -> str:
    """A quoted attribute value, clean and escaped."""
    return quoteattr(clean(value))


@dataclass(frozen=True, slots=True)
class Request:
    """One operation, ready to be sent. A `Body` among the parts goes out as base64, read when it is sent.

    `answers` is how many response messages it must bring. `writes`: it changes something, so that a lost answer leaves
    it in doubt.
    """

    operation: str
    parts: Sequence[bytes | Body]
    answers: int = 1
    writes: bool = False

    @property
    def messages(self) -> int:
        """How many messages it creates."""
        return self.answers if self.operation == "CreateItem" else 0

    @property
    def size(self) -> int:
        """The bytes of its messages, before base64."""
        return sum(part.size for part in self.parts if not isinstance(part, bytes))


class Envelope:
    """A request as an HTTP body: its length is known, its bytes are made while they are sent.

    Constant memory however large the message; it can be sent again from the start (NTLM's handshake does). `begun` says
    that sending it was begun, `sent` that the last byte was handed to the connection: before that, the server cannot
    have acted on it.
    """

    def __init__(self, request: Request, impersonate: str | None, meter: Meter = UNLIMITED) -> None:
        head = _OPEN
        if impersonate is not None:
            head += (
                "<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>"
                f"{text(impersonate)}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>"
            )
        self._parts: Sequence[bytes | Body] = (f"{head}</s:Header><s:Body>".encode(), *request.parts, _CLOSE)
        self._length = sum(len(part) if isinstance(part, bytes) else (part.size + 2) // 3 * 4 for part in self._parts)
        self._meter = meter
        self.begun = False
        self.sent = False

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        self.begun = True
        self.sent = False
        waiting: list[bytes] = []
        held = 0
        for part in self._parts:
            for piece in (part,) if isinstance(part, bytes) else map(b64encode, part.chunks(_PIECE)):
                waiting.append(piece)
                held += len(piece)
                if held >= _SEND:
                    yield b"".join(waiting)
                    self._meter(held)
                    waiting.clear()
                    held = 0
        if waiting:
            yield b"".join(waiting)
        self.sent = True
        if held:
            self._meter(held)


@dataclass(frozen=True, slots=True)
class Answer:
    """One response message, or a fault: the server's own code ("NoError" when it did as asked) and words.

    `seconds` is how long it asks us to wait. `element` holds the rest; a fault has none.
    """

    code: str
    said: str = ""
    seconds: float | None = None
    element: Element | None = None

    @property
    def ok(self) -> bool:
        """Whether the server did as asked."""
        return self.code == "NoError"

    def every(self, path: str) -> Iterator[Element]:
        """All elements at an lxml path below this one."""
        return iter(()) if self.element is None else self.element.iterfind(path)

    def first(self, path: str) -> Element | None:
        """The first element at an lxml path below this one."""
        return None if self.element is None else self.element.find(path)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: response messages, or one fault for the request as a whole."""

    answers: Sequence[Answer] = ()
    fault: Answer | None = None


def read(content: bytes, operation: str) -> Reply:
    """Cut a server's answer to `operation`. Raises NotSoapError."""
    body = _parse(content).find(f"{_SOAP}Body")
    if body is None:
        raise NotSoapError("no SOAP body")
    response = body.find(f"{MESSAGES}{operation}Response")
    if response is not None:
        messages = response.iterfind(f"{MESSAGES}ResponseMessages/{MESSAGES}{operation}ResponseMessage")
        return Reply(answers=[_message(message) for message in messages])
    fault = body.find(f"{_SOAP}Fault")
    if fault is None:
        raise NotSoapError(f"neither {operation}Response nor a fault")
    return Reply(fault=_fault(fault))


def _parse(content: bytes) -> Element:
    try:
        return etree.fromstring(content, _parser())
    except etree.XMLSyntaxError as first:
        mended = _BAD_REFERENCE.sub(b"&#xFFFD;", content)
        if mended == content:
            raise NotSoapError(str(first)) from None
    try:
        return etree.fromstring(mended, _parser())
    except etree.XMLSyntaxError as second:
        raise NotSoapError(str(second)) from None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True)


def _message(message: Element) -> Answer:
    code = (message.findtext(f"{MESSAGES}ResponseCode") or "").strip()
    if code == "NoError" and message.get("ResponseClass") == "Success":
        return Answer(code, element=message)
    said = (message.findtext(f"{MESSAGES}MessageText") or "").strip()
    code, said, seconds = _inner(code, said, message.iterfind(f"{MESSAGES}MessageXml/{TYPES}Value"))
    # A success that is none: taken as an error without a code.
    return Answer("" if code == "NoError" else code, said, seconds, message)


def _fault(fault: Element) -> Answer:
    code = (fault.findtext(f"detail/{_ERRORS}ResponseCode") or "").strip()
    said = (fault.findtext(f"detail/{_ERRORS}Message") or fault.findtext("faultstring") or "").strip()
    code = code or (fault.findtext("faultcode") or "").strip().rpartition(":")[2]
    for violation in fault.iterfind(f"detail/{TYPES}MessageXml/{TYPES}Violation"):
        said = f"{said} {violation.text or ''}".strip()
    return Answer(*_inner(code, said, fault.iterfind(f"detail/{TYPES}MessageXml/{TYPES}Value")))


def _inner(code: str, said: str, values: Iterable[Element]) -> tuple[str, str, float | None]:
    """The code that counts: Exchange wraps some in ErrorInternalServerError (InnerErrorResponseCode)."""
    named = {value.get("Name"): (value.text or "").strip() for value in values}
    inner = named.get("InnerErrorMessageText")
    wait = named.get("BackOffMilliseconds", "")
    return (
        named.get("InnerErrorResponseCode") or code,
        f"{said} {inner}".strip() if inner else said,
        float(wait) / 1000 if wait.isdecimal() else None,
    )
