"""One TCP connection: HTTP/1.1 with keep-alive, as much of it as EWS clients use.

Source: RFC 9112. The size limit is IIS's request filtering (maxAllowedContentLength).
"""

import socket
import ssl
import struct
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from io import BufferedReader
from typing import Final, Literal

from tests.sandbox.access import Account
from tests.sandbox.service import Reply
from tests.sandbox.signin import Challenge, SignIn

_PATH: Final = "/ews/exchange.asmx"
_LINE: Final = 65536
_PIECE: Final = 1 << 16

#: What is done about a request above the limit: a status, or the connection is closed in the middle of it.
Oversize = Literal["413", "404.13", "405", "close"]


@dataclass
class Limit:
    """The largest request body, in bytes; None for no limit."""

    size: int | None = 67_108_864
    answer: Oversize = "404.13"


class BrokenRequestError(Exception):
    """What came is no HTTP request, or ended too soon."""


class Connection:
    """Serves one client until it goes away."""

    def __init__(
        self, sock: socket.socket, sign_in: SignIn, answer: Callable[[Account, bytes], Reply], limit: Limit
    ) -> None:
        self._socket = sock
        self._reader = BufferedReader(socket.SocketIO(sock, "r"), 1 << 18)
        self._sign_in = sign_in
        self._answer = answer
        self._limit = limit

    def serve(self) -> None:
        """Answer requests until the connection ends."""
        try:
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket.do_handshake()
            while self._one():
                pass
        except (BrokenRequestError, ConnectionError, TimeoutError, OSError, ValueError):
            return  # the client went away, was cut off or does not trust us; there is nobody to tell
        finally:
            self._close()

    def shut(self) -> None:
        """Wake whoever waits for this client: the connection is over."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # it is over already
            return

    def reset(self) -> None:
        """End the connection with a reset: what was not read or sent is lost."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._close()

    def _close(self) -> None:
        self._reader.close()
        self._socket.close()

    def _one(self) -> bool:
        """Answer one request; whether another may follow."""
        start = self._reader.readline(_LINE)
        if not start:
            return False
        parts = start.decode("latin-1").split()
        if len(parts) != 3:
            raise BrokenRequestError
        method, target, _version = parts
        headers = self._headers()
        if headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int(headers.get("content-length", "0"))
        too_large = self._limit.size is not None and length > self._limit.size
        if too_large and self._limit.answer == "close":
            self._skip(min(length // 2, _PIECE))  # so that the client still has to send, whatever the buffers hold
            self.reset()
            return False
        if too_large:
            self._skip(length)
            self._send(_too_large(self._limit.answer))
            return True
        body = self._chunks() if headers.get("transfer-encoding", "").lower() == "chunked" else self._read(length)
        reply = self._reply(method, target, headers, body)
        if reply.reset:
            self.reset()
            return False
        self._send(reply)
        return reply.cut is None and headers.get("connection", "").lower() != "close"

    def _reply(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        if target.partition("?")[0].lower() != _PATH:
            return Reply(404, b"Not found")
        account = self._sign_in.check(headers.get("authorization"))
        if isinstance(account, Challenge):
            return Reply(401, account.said, tuple(("WWW-Authenticate", offer) for offer in account.offers))
        if method != "POST":
            return Reply(200, b"You have created a service.", (("Content-Type", "text/html"),))
        return self._answer(account, body)

    def _headers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        while True:
            line = self._reader.readline(_LINE)
            if not line:
                raise BrokenRequestError
            text = line.decode("latin-1").strip()
            if not text:
                return found
            name, _colon, value = text.partition(":")
            found[name.strip().lower()] = value.strip()

    def _read(self, length: int) -> bytes:
        body = self._reader.read(length)
        if len(body) < length:
            raise BrokenRequestError
        return body

    def _chunks(self) -> bytes:
        pieces = []
        while size := int(self._reader.readline(_LINE).split(b";")[0], 16):
            pieces.append(self._read(size))
            self._reader.readline(_LINE)
        self._headers()  # trailers
        return b"".join(pieces)

    def _skip(self, length: int) -> None:
        while length > 0:
            piece = self._reader.read(min(length, _PIECE))
            if not piece:
                raise BrokenRequestError
            length -= len(piece)

    def _send(self, reply: Reply) -> None:
        try:
            reason = HTTPStatus(reply.status).phrase
        except ValueError:
            reason = "Unknown"
        lines = [f"HTTP/1.1 {reply.status} {reason}", f"Content-Length: {len(reply.body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers]
        if not any(name == "Content-Type" for name, _value in reply.headers):
            lines.append("Content-Type: text/xml; charset=utf-8")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        body = reply.body if reply.cut is None else reply.body[: reply.cut]
        self._socket.sendall(head + body)


def _too_large(answer: Oversize) -> Reply:
    if answer == "413":
        return Reply(413, b"Request Entity Too Large", (("Content-Type", "text/html"),))
    if answer == "405":  # gromox
        return Reply(405, b"Method Not Allowed", (("Content-Type", "text/html"),))
    text = b"<h3>HTTP Error 404.13 - Not Found</h3><h4>Request filtering denies a request that is too large.</h4>"
    return Reply(404, text, (("Content-Type", "text/html"),))
