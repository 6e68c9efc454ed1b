"""A host that answers connection by connection as it is told: for what a practice Exchange would not do."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

Script = Callable[[socket.socket], None]


class Host:
    """Use it in a `with` block. The first connection gets the first script, the last script serves all that follow."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._clients: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)
        self.connections = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/EWS/Exchange.asmx"

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_listening()
        self._accepting.join()
        for client in self._clients:
            with contextlib.suppress(OSError):  # it has gone already
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def stop_listening(self) -> None:
        """From now on nothing answers here any more; connections that are open go on."""
        if self._listener.fileno() >= 0:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:  # told to end
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(script, client))
            self._threads.append(thread)
            self._clients.append(client)
            thread.start()

    @staticmethod
    def _serve(script: Script, client: socket.socket) -> None:
        with client:
            try:
                script(client)
            except OSError:  # the client has gone
                return


def request(client: socket.socket) -> bytes:
    """One whole HTTP request; empty when there is none."""
    with client.makefile("rb") as reader:
        head = b""
        while (line := reader.readline()) not in {b"", b"\r\n"}:
            head += line
        length = next((int(x.split(b":")[1]) for x in head.splitlines() if x.lower().startswith(b"content-length")), 0)
        return head + reader.read(length)


def saying(answer: bytes) -> Script:
    """Read each request and give this answer, as long as the client likes."""

    def serve(client: socket.socket) -> None:
        while request(client):
            client.sendall(answer)

    return serve


def http(status: str, body: bytes, *headers: str) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def soap(operation: str, *messages: str) -> bytes:
    """A SOAP answer with these response messages."""
    return http(
        "200 OK",
        (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"'
            ' xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"'
            ' xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body>'
            f"<m:{operation}Response><m:ResponseMessages>{''.join(messages)}</m:ResponseMessages></m:{operation}Response>"
            "</s:Body></s:Envelope>"
        ).encode(),
    )


def cutting(after: int) -> Script:
    """Read so many bytes, then reset the connection."""

    def serve(client: socket.socket) -> None:
        left = after
        while left > 0 and (data := client.recv(min(left, 1 << 16))):
            left -= len(data)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return serve


def closing(client: socket.socket) -> None:
    """Read one request, then close without a word."""
    request(client)


def passing(port: int) -> Script:
    """Be the server at that port."""

    def serve(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            back = threading.Thread(target=_pump, args=(server, client))
            back.start()
            _pump(client, server)
            back.join()

    return serve


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Until one side goes; then the other goes too."""
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)
