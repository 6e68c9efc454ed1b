"""Stands between a client and a server: writes down what was sent, changes or swallows answers, cuts the link."""

import re
import selectors
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self


class CutError(Exception):
    """Raised by a hook: end this connection now, hard on both sides."""


class _Link:
    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.client = client
        self.server = server
        self.line = b""

    def end(self) -> None:
        for side in (self.client, self.server):
            side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            side.close()


class Proxy:
    """Use it in a `with` block. The hooks run in the proxy's own thread and may be set at any time.

    `on_line` gets each line of the server and returns what the client is to see; `on_data` gets what the client sends.
    `sent` is all that clients sent and the server got; `links` counts connections.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.on_line: Callable[[bytes], bytes] = lambda line: line
        self.on_data: Callable[[bytes], bytes] = lambda data: data
        self.sent = bytearray()
        self.links = 0
        self._wake_me, self._wake = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wake.close()
        self._thread.join()
        self._wake_me.close()
        self._listener.close()

    def commands(self, verb: bytes) -> list[bytes]:
        """The commands that begin so, without tag and literals; the program's tags are C1, C2 ..."""
        return re.findall(rb"(?m)^C\d+ (%b[^\r]*)\r\n" % re.escape(verb), self.sent)

    def _run(self) -> None:
        links: set[_Link] = set()
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wake_me, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._wake_me:
                        for link in links:
                            link.end()
                        return
                    if key.fileobj is self._listener:
                        link = self._accept()
                        links.add(link)
                        selector.register(link.client, selectors.EVENT_READ, link)
                        selector.register(link.server, selectors.EVENT_READ, link)
                    elif key.data in links and not self._forward(key.data, key.fileobj):
                        selector.unregister(key.data.client)
                        selector.unregister(key.data.server)
                        links.discard(key.data)
                        key.data.end()

    def _accept(self) -> _Link:
        client, _ = self._listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.links += 1
        server = socket.create_connection(("127.0.0.1", self._server_port))
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _Link(client, server)

    def _forward(self, link: _Link, side: object) -> bool:
        """Pass on what came; False when the connection is over."""
        try:
            if side is link.client:
                data = link.client.recv(1 << 16)
                passed = self.on_data(data) if data else b""
                link.server.sendall(passed)
                self.sent += passed
                return bool(data)
            data = link.server.recv(1 << 16)
            *lines, link.line = (link.line + data).split(b"\n")
            for line in lines:
                link.client.sendall(self.on_line(line + b"\n"))
            return bool(data)
        except (OSError, CutError):
            return False
