"""The limit: the same mail moved by a loop that knows nothing of safety. ``python -m tests.bench.raw KIND ...``.

No ledger, no flags merged, nothing looked up; one connection each way, requests pipelined where the protocol lets us.
"""

import base64
import http.client
import imaplib
import re
import sys
from collections.abc import Iterator

_SOAP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>'
    '<t:RequestServerVersion Version="Exchange2013_SP1"/><t:ExchangeImpersonation><t:ConnectingSID>'
    "<t:PrimarySmtpAddress>{address}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header>"
    '<s:Body><m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>'
    '<t:DistinguishedFolderId Id="inbox"/></m:SavedItemFolderId><m:Items>'
)
_ITEM = (
    b"<t:Message><t:MimeContent>%s</t:MimeContent><t:ExtendedProperty>"
    b'<t:ExtendedFieldURI PropertyTag="0xe07" PropertyType="Integer"/><t:Value>1</t:Value></t:ExtendedProperty>'
    b"<t:IsRead>true</t:IsRead></t:Message>"
)
_END = b"</m:Items></m:CreateItem></s:Body></s:Envelope>"
_BATCH = 20
_BATCH_BYTES = 4 << 20
_IN_FLIGHT = 8


def fetched(port: int, user: str, password: str) -> Iterator[bytes]:
    """Every message of INBOX, from one streaming FETCH."""
    client = imaplib.IMAP4("127.0.0.1", port)
    client.login(user, password)
    client.select("INBOX", readonly=True)
    tag = b"B1"
    client.send(tag + b" FETCH 1:* (BODY.PEEK[])\r\n")
    literal = re.compile(rb"\{(\d+)\}\r\n$")
    while not (line := client.readline()).startswith(tag):
        found = literal.search(line)
        if found:
            yield client.read(int(found[1]))
    client.shutdown()


def to_exchange(messages: Iterator[bytes], host: str, port: int, address: str, password: str) -> None:
    """One CreateItem for every twenty messages or four megabytes."""
    connection = http.client.HTTPConnection(host, port)
    sign_in = base64.b64encode(f"svc:{password}".encode()).decode()
    head = _SOAP.format(address=address).encode()
    batch: list[bytes] = []

    def post() -> None:
        body = b"".join([head, *(_ITEM % base64.b64encode(data) for data in batch), _END])
        headers = {"Content-Type": "text/xml; charset=utf-8", "Authorization": f"Basic {sign_in}"}
        connection.request("POST", "/EWS/Exchange.asmx", body, headers)
        answer = connection.getresponse().read()
        assert answer.count(b"<m:ResponseCode>NoError<") == len(batch), answer[:500]
        batch.clear()

    for data in messages:
        if batch and (len(batch) == _BATCH or sum(map(len, batch)) + len(data) > _BATCH_BYTES):
            post()
        batch.append(data)
    if batch:
        post()


def to_imap(messages: Iterator[bytes], port: int, user: str, password: str) -> None:
    """Pipelined APPENDs with LITERAL+ into the selected folder."""
    client = imaplib.IMAP4("127.0.0.1", port)
    client.login(user, password)
    client.select("INBOX")
    waiting = 0

    def answer() -> None:
        while not (line := client.readline()).startswith(b"R"):
            assert line, "the server hung up"
        assert b" OK " in line, line

    for number, data in enumerate(messages):
        client.send(b"R%d APPEND INBOX (\\Seen) {%d+}\r\n%s\r\n" % (number, len(data), data))
        waiting += 1
        if waiting == _IN_FLIGHT:
            answer()
            waiting -= 1
    for _ in range(waiting):
        answer()
    client.shutdown()


if __name__ == "__main__":
    kind, source_port, port, user, password = sys.argv[1:]
    mail = fetched(int(source_port), user, password)
    if kind == "exchange":
        to_exchange(mail, "127.0.0.1", int(port), f"{user}-raw@new.example", password)
    else:
        to_imap(mail, int(port), f"{user}-raw", password)
