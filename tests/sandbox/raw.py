"""A client that sends exactly what it is told, over one connection: for tests of the server, and as a fast loop."""

import base64
import http.client
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from lxml import etree

from tests.sandbox.soap import MESSAGES, SOAP, TYPES, M, S, T, attribute

_SPACES: Final = f'xmlns:s="{SOAP}" xmlns:t="{TYPES}" xmlns:m="{MESSAGES}"'


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back: the HTTP status, headers in lower case, the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def root(self) -> etree._Element:
        """The body as XML."""
        return etree.fromstring(self.body)

    @property
    def codes(self) -> list[str]:
        """The response code of each response message; of a fault its one code."""
        return [str(element.text) for element in self.root.iter() if etree.QName(element).localname == "ResponseCode"]

    @property
    def is_fault(self) -> bool:
        """Whether it is a SOAP fault."""
        return self.root.find(f"{S}Body/{S}Fault") is not None

    def values(self, name: str) -> list[str]:
        """The text of every element of that name in the types namespace."""
        return [element.text or "" for element in self.root.iter(f"{T}{name}")]

    def ids(self, name: str = "ItemId") -> list[tuple[str, str]]:
        """Id and change key of every such element."""
        return [(element.get("Id", ""), element.get("ChangeKey", "")) for element in self.root.iter(f"{T}{name}")]

    def message_values(self) -> dict[str, str]:
        """The named values of MessageXml."""
        return {element.get("Name", ""): element.text or "" for element in self.root.iter(f"{T}Value")}

    def attribute(self, name: str) -> str:
        """An attribute of the RootFolder of a FindItem or FindFolder."""
        return next(self.root.iter(f"{M}RootFolder")).get(name, "")


class RawClient:
    """Signs in with Basic. `mailbox` is whom it impersonates, None for nobody."""

    def __init__(
        self,
        url: str,
        username: str,
        password: str,
        *,
        mailbox: str | None = None,
        ca_file: str | None = None,
        timeout: float = 30,
    ) -> None:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=ca_file)
            self._connection = http.client.HTTPSConnection(host, port, context=context, timeout=timeout)
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=timeout)
        self._path = parts.path
        self._authorization = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
        self._mailbox = mailbox

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def send(self, body: bytes, headers: Mapping[str, str] | None = None, *, method: str = "POST") -> RawAnswer:
        """Send these bytes as the body of a request."""
        given = {"Content-Type": "text/xml; charset=utf-8", "Authorization": self._authorization}
        self._connection.request(method, self._path, body, given | dict(headers or {}))
        response = self._connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return RawAnswer(response.status, found, response.read())

    def call(self, payload: str) -> RawAnswer:
        """Send an operation (prefixes ``m:`` and ``t:`` are declared)."""
        return self.send(self.envelope(payload))

    def envelope(self, payload: str) -> bytes:
        """The SOAP envelope around an operation."""
        who = ""
        if self._mailbox is not None:
            sid = f"<t:PrimarySmtpAddress>{self._mailbox}</t:PrimarySmtpAddress>"
            who = f"<t:ExchangeImpersonation><t:ConnectingSID>{sid}</t:ConnectingSID></t:ExchangeImpersonation>"
        head = f'<s:Header><t:RequestServerVersion Version="Exchange2016"/>{who}</s:Header>'
        declared = '<?xml version="1.0" encoding="utf-8"?>'
        return f"{declared}<s:Envelope {_SPACES}>{head}<s:Body>{payload}</s:Body></s:Envelope>".encode()

    def create(self, messages: Sequence[str], folder: str = "inbox") -> RawAnswer:
        """CreateItem with the inner XML of each `t:Message`; see `message`."""
        items = "".join(f"<t:Message>{inner}</t:Message>" for inner in messages)
        return self.call(
            f'<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>{folder_xml(folder)}'
            f"</m:SavedItemFolderId><m:Items>{items}</m:Items></m:CreateItem>"
        )

    def find(
        self, shape: str = "", *, restriction: str = "", folder: str = "inbox", size: int = 1000, start: int = 0
    ) -> RawAnswer:
        """FindItem with AdditionalProperties and a Restriction, both as inner XML."""
        more = f"<t:AdditionalProperties>{shape}</t:AdditionalProperties>" if shape else ""
        limit = f"<m:Restriction>{restriction}</m:Restriction>" if restriction else ""
        return self.call(
            f'<m:FindItem Traversal="Shallow"><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{more}</m:ItemShape>'
            f'<m:IndexedPageItemView MaxEntriesReturned="{size}" Offset="{start}" BasePoint="Beginning"/>{limit}'
            f"<m:ParentFolderIds>{folder_xml(folder)}</m:ParentFolderIds></m:FindItem>"
        )

    def get(self, item: str, shape: str = "", *, mime: bool = False) -> RawAnswer:
        """GetItem with AdditionalProperties as inner XML."""
        more = f"<t:AdditionalProperties>{shape}</t:AdditionalProperties>" if shape else ""
        content = "<t:IncludeMimeContent>true</t:IncludeMimeContent>" if mime else ""
        return self.call(
            f"<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>{content}{more}</m:ItemShape>"
            f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:GetItem>'
        )


def folder_xml(name: str) -> str:
    """A folder id: of a default folder by its distinguished id, else of a FolderId's text."""
    if name.isalpha() and name.islower():
        return f'<t:DistinguishedFolderId Id="{name}"/>'
    return f'<t:FolderId Id="{name}"/>'


def tag(number: int, kind: str) -> str:
    """An ExtendedFieldURI by property tag."""
    return f'<t:ExtendedFieldURI PropertyTag="0x{number:x}" PropertyType="{kind}"/>'


def named(name: str, group: str = "6f1f9a52-0f0d-4f7e-9b0a-2f5f4f0a7c11", kind: str = "String") -> str:
    """An ExtendedFieldURI by name."""
    return f'<t:ExtendedFieldURI PropertySetId="{group}" PropertyName="{name}" PropertyType="{kind}"/>'


def extended(uri: str, value: str) -> str:
    """An ExtendedProperty."""
    return f"<t:ExtendedProperty>{uri}<t:Value>{value}</t:Value></t:ExtendedProperty>"


def equal(uri: str, value: str) -> str:
    """An IsEqualTo."""
    said = f"<t:FieldURIOrConstant><t:Constant Value={attribute(value)}/></t:FieldURIOrConstant>"
    return f"<t:IsEqualTo>{uri}{said}</t:IsEqualTo>"


def message(
    mime: bytes, *, key: str | None = None, flags: int | None = 1, received: str | None = None, more: str = ""
) -> str:
    """The inner XML of a `t:Message`: MIME, source key, PR_MESSAGE_FLAGS, delivery time; `more` stands at the end."""
    parts = [f"<t:MimeContent>{base64.b64encode(mime).decode()}</t:MimeContent>"]
    if key is not None:
        parts.append(extended(named("source-key"), key))
    if flags is not None:
        parts.append(extended(tag(0x0E07, "Integer"), str(flags)))
    if received is not None:
        parts.append(extended(tag(0x0E06, "SystemTime"), received))
    return "".join([*parts, more])
