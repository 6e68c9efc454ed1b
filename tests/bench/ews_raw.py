"""The limit over EWS: requests that are ready before the clock starts. ``python -m tests.bench.ews_raw ...``.

One CreateItem for so many messages or four megabytes, as many at once as there are connections. Prints the wall and
CPU seconds of the sending.
"""

import base64
import http.client
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

_SOAP = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Header>'
    '<t:RequestServerVersion Version="Exchange2013_SP1"/><t:ExchangeImpersonation><t:ConnectingSID>'
    "<t:PrimarySmtpAddress>{address}</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header>"
    '<s:Body><m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>'
    '<t:DistinguishedFolderId Id="inbox"/></m:SavedItemFolderId><m:Items>'
)
# What a migration cannot do without: not a draft, its date, and a key to know it again by.
_ITEM = (
    b"<t:Message><t:MimeContent>%s</t:MimeContent><t:ExtendedProperty>"
    b'<t:ExtendedFieldURI PropertyTag="0xe07" PropertyType="Integer"/><t:Value>1</t:Value></t:ExtendedProperty>'
    b'<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0xe06" PropertyType="SystemTime"/>'
    b"<t:Value>2017-07-14T02:40:00Z</t:Value></t:ExtendedProperty><t:ExtendedProperty>"
    b'<t:ExtendedFieldURI PropertySetId="5f2d3f43-5c1c-4c4e-9b0b-8a3a3d7a2f11" PropertyName="Key" '
    b'PropertyType="String"/><t:Value>%d</t:Value></t:ExtendedProperty><t:IsRead>true</t:IsRead></t:Message>'
)
_END = b"</m:Items></m:CreateItem></s:Body></s:Envelope>"
_BATCH_BYTES, _CONNECTIONS = 4 << 20, 4


def messages(maildir: Path) -> Iterator[bytes]:
    """The mail of a folder, its lines ended with CRLF."""
    for path in sorted((maildir / "cur").iterdir()):
        yield path.read_bytes().replace(b"\n", b"\r\n")


def requests(mail: Iterator[bytes], address: str, together: int) -> Iterator[tuple[int, bytes]]:
    """Bodies to send, each with how many messages it holds, at most `together`."""
    head = _SOAP.format(address=address).encode()
    parts: list[bytes] = []
    held = 0
    for number, data in enumerate(mail):
        if parts and (len(parts) == together or held + len(data) > _BATCH_BYTES):
            yield len(parts), b"".join((head, *parts, _END))
            parts, held = [], 0
        parts.append(_ITEM % (base64.b64encode(data), number))
        held += len(data)
    if parts:
        yield len(parts), b"".join((head, *parts, _END))


def send(url: str, password: str, waiting: deque[tuple[int, bytes]]) -> None:
    """Send what waits, one after the other, over one connection."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port)
    sign_in = base64.b64encode(f"svc:{password}".encode()).decode()
    headers = {"Content-Type": "text/xml; charset=utf-8", "Authorization": f"Basic {sign_in}"}
    while True:
        try:
            count, body = waiting.popleft()
        except IndexError:
            connection.close()
            return
        connection.request("POST", where.path, body, headers)
        answer = connection.getresponse().read()
        assert answer.count(b"<m:ResponseCode>NoError<") == count, answer[:500]


def main() -> None:
    """Arguments: url, address, password, a Maildir, messages in a request."""
    url, address, password, maildir, together = sys.argv[1:]
    waiting = deque(requests(messages(Path(maildir)), address, int(together)))
    wall, cpu = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        for done in [pool.submit(send, url, password, waiting) for _ in range(_CONNECTIONS)]:
            done.result()
    sys.stdout.write(f"{time.monotonic() - wall} {time.process_time() - cpu}\n")


if __name__ == "__main__":
    main()
