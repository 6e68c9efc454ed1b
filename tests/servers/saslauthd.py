"""A stand-in for saslauthd, which Cyrus asks whether a password is right: over a Unix socket, in a thread.

The request is four strings (user, password, service, realm), the answer one, each with its length before it in two
bytes (Cyrus SASL, saslauthd/LOOP).
"""

import socketserver
import struct
from collections.abc import Callable
from pathlib import Path
from threading import Thread


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    right: Callable[[str, str], bool]


class _Question(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        user, password, _service, _realm = (self._string() for _ in range(4))
        answer = b"OK" if self.server.right(user, password) else b"NO"
        self.wfile.write(struct.pack("!H", len(answer)) + answer)

    def _string(self) -> str:
        (size,) = struct.unpack("!H", self.rfile.read(2))
        return self.rfile.read(size).decode()


class Saslauthd:
    """Answers at `path` from `start` to `stop`; `right` says whether a user's password is the right one."""

    def __init__(self, path: Path, right: Callable[[str, str], bool]) -> None:
        self._path = path
        self._server = _Server(str(path), _Question)
        self._server.right = right
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="saslauthd", daemon=True)

    def start(self) -> None:
        """Begin to answer, whoever asks."""
        self._path.chmod(0o666)
        self._thread.start()

    def stop(self) -> None:
        """End and wait for the end."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._path.unlink()
