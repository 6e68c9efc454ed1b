"""pymap: an IMAP server of another make, from PyPI; one user, mail in memory, no CONDSTORE, no SPECIAL-USE."""

import imaplib
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.servers import mail
from tests.servers.mail import Record
from tests.servers.process import Process, free_port, start


class Pymap:
    """One server with one user, who has an empty INBOX."""

    host = "127.0.0.1"
    user = "demouser"
    password = "demopass"

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: Process | None = None
        self.port = 0

    def start(self) -> None:
        """Start it on a free port."""
        self._process, self.port = start(self._command, self._log, b"* OK")

    def stop(self) -> None:
        """End it; its mail goes with it."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def client(self) -> imaplib.IMAP4:
        """A plain imaplib connection, signed in."""
        client = imaplib.IMAP4(self.host, self.port, timeout=30)
        # imaplib sends a message and its line end apart; without this the second waits 40 ms for the first.
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.login(self.user, self.password)
        return client

    def load(self, records: Iterable[Record]) -> None:
        """Append these."""
        with self.client() as client:
            mail.load(client, records)

    def read(self) -> list[Record]:
        """Every message."""
        with self.client() as client:
            return mail.read(client)

    @staticmethod
    def _command() -> tuple[list[str], int]:
        port = free_port()
        program = str(Path(sys.executable).with_name("pymap"))
        return [program, "--no-tls", "--host", "127.0.0.1", "--port", str(port), "dict"], port
