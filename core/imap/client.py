"""Making an IMAP connection, by `imapclient`: the only file that imports it.

It opens the connection, secures it and reads the greeting; what comes after is not left to it (`core.imap.connection`).
"""

import io
import socket
import ssl
from collections.abc import Callable
from typing import Any

from core.imap.wire import line_of
from core.ports.guard import Guard, send

#: A link that died without a word is found out within two minutes, and a firewall forgets no quiet one (seconds).
_KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


def dial(
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    *,
    connect: float,
    read: float,
    hold: Callable[[socket.socket], None],
    guard: Guard,
) -> Any:
    """An IMAPClient that has been greeted; with `tls` it is encrypted from the first byte.

    `connect` is how many seconds each step may take up to the greeting, `read` those that come after. `hold` gets the
    bare connection as soon as there is one; `guard` is asked before anything is sent. Raises OSError, UnicodeError for
    a host name that is none or a server that is no IMAP server, and what imaplib raises.
    """
    import imaplib

    from imapclient import IMAPClient, SocketTimeout

    class Held(imaplib.IMAP4):
        """Reads for itself: what imaplib has buffered is out of reach in some versions of Python."""

        _reader: io.BufferedReader
        _read_from: socket.socket | None = None

        def _create_socket(self, timeout: float | None = None) -> socket.socket:
            del timeout
            link = socket.create_connection((host, port), connect)
            try:
                _tune(link)
                hold(link)
                return link if tls is None else tls.wrap_socket(link, server_hostname=host)
            except BaseException:
                link.close()
                raise

        def read(self, size: int) -> bytes:
            return self._incoming().read(size)

        def readline(self) -> bytes:
            return line_of(self._incoming())

        def read_some(self, size: int) -> bytes:
            """What has come, or comes next: at most so much; nothing at the end."""
            return self._incoming().read1(size)

        def send(self, data: Any) -> None:
            send(self.sock, data, guard)

        def shutdown(self) -> None:
            if self._read_from is not None:
                self._reader.close()
            super().shutdown()

        def _incoming(self) -> io.BufferedReader:
            if self._read_from is not self.sock:  # STARTTLS puts another in its place
                self._reader, self._read_from = self.sock.makefile("rb"), self.sock
            return self._reader

    class Client(IMAPClient):  # type: ignore[misc]  # imapclient has no types
        def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802
            return Held(self.host, self.port)

    client = Client(host, port, ssl=tls is not None, ssl_context=tls, timeout=SocketTimeout(connect, read))
    client._imap.debug = 0  # noqa: SLF001 - else every line is formatted for a log that nobody reads
    return client


def _tune(link: socket.socket) -> None:
    # The end of a pipeline must not wait a round trip for its beginning (RFC 896).
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE:
        option = getattr(socket, name, None)  # each system has others
        if option is not None:
            link.setsockopt(socket.IPPROTO_TCP, option, value)
