"""SOAP envelopes and faults, as Exchange writes them. Answers are built as text: that is the fast way.

Source: MS-OXWSCDATA (response messages), MS-OXWSCORE; the form of faults as exchangelib 5.6 expects it.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape, quoteattr

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
TYPES: Final = "http://schemas.microsoft.com/exchange/services/2006/types"
MESSAGES: Final = "http://schemas.microsoft.com/exchange/services/2006/messages"
ERRORS: Final = "http://schemas.microsoft.com/exchange/services/2006/errors"

T: Final = f"{{{TYPES}}}"
M: Final = f"{{{MESSAGES}}}"
S: Final = f"{{{SOAP}}}"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = (
    f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP}"><s:Header>'
    f'<h:ServerVersionInfo MajorVersion="15" MinorVersion="1" MajorBuildNumber="2507" MinorBuildNumber="6" '
    f'Version="V2017_07_11" xmlns:h="{TYPES}" xmlns="{TYPES}"/></s:Header>'
    f'<s:Body xmlns:m="{MESSAGES}" xmlns:t="{TYPES}">'
)
_TAIL = "</s:Body></s:Envelope>"


class SoapFaultError(Exception):
    """The whole request is refused. `values` go into MessageXml, as BackOffMilliseconds does."""

    def __init__(self, code: str, text: str, *, status: int = 500, values: dict[str, str] | None = None) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.values = values or {}


class RefusedError(Exception):
    """One item or folder of a request is refused; the others go on, unless it `stops` them."""

    def __init__(self, code: str, text: str, *, values: dict[str, str] | None = None, stops: bool = False) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.values = values or {}
        self.stops = stops


@dataclass(frozen=True, slots=True)
class Answer:
    """One response message. `content` is its container as XML; `level` the ResponseClass."""

    content: str = ""
    code: str = "NoError"
    text: str = ""
    level: str = "Success"
    values: dict[str, str] = field(default_factory=dict)

    def xml(self, operation: str) -> str:
        """The response message of `operation`."""
        if self.code == "NoError":
            said = "<m:ResponseCode>NoError</m:ResponseCode>"
        else:
            said = (
                f"<m:MessageText>{text(self.text)}</m:MessageText><m:ResponseCode>{self.code}</m:ResponseCode>"
                f"<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>{_message_xml(self.values, 'm')}"
            )
        name = f"m:{operation}ResponseMessage"
        return f'<{name} ResponseClass="{self.level}">{said}{self.content}</{name}>'


def text(value: str) -> str:
    """A string as XML text; what XML cannot hold is left out."""
    return escape(_NOT_XML.sub("", value))


def attribute(value: str) -> str:
    """A string as a quoted XML attribute value."""
    return quoteattr(_NOT_XML.sub("", value))


def envelope(payload: str) -> bytes:
    """A whole SOAP answer around the response element."""
    return f"{_HEAD}{payload}{_TAIL}".encode()


def responses(operation: str, answers: list[Answer]) -> str:
    """The response element of an operation that answers message by message."""
    inner = "".join(answer.xml(operation) for answer in answers)
    return f"<m:{operation}Response><m:ResponseMessages>{inner}</m:ResponseMessages></m:{operation}Response>"


def fault(problem: SoapFaultError) -> bytes:
    """A SOAP fault; Exchange sends it without a header."""
    said = text(problem.text)
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault>'
        f'<faultcode xmlns:a="{TYPES}">a:{problem.code}</faultcode><faultstring xml:lang="en-US">{said}</faultstring>'
        f'<detail><e:ResponseCode xmlns:e="{ERRORS}">{problem.code}</e:ResponseCode>'
        f'<e:Message xmlns:e="{ERRORS}">{said}</e:Message>{_message_xml(problem.values, "t")}</detail>'
        f"</s:Fault></s:Body></s:Envelope>"
    ).encode()


#: What MessageXml holds as elements of their own, when a request breaks the schema.
_ELEMENTS: Final = {"LineNumber", "LinePosition", "Violation"}


def _message_xml(values: dict[str, str], prefix: str) -> str:
    """MessageXml with named values; in a fault it lives in the types namespace, in a response message not."""
    if not values:
        return ""
    inner = "".join(
        f'<t:{name} xmlns:t="{TYPES}">{text(value)}</t:{name}>'
        if name in _ELEMENTS
        else f'<t:Value xmlns:t="{TYPES}" Name="{name}">{text(value)}</t:Value>'
        for name, value in values.items()
    )
    space = TYPES if prefix == "t" else MESSAGES
    return f'<{prefix}:MessageXml xmlns:{prefix}="{space}">{inner}</{prefix}:MessageXml>'
