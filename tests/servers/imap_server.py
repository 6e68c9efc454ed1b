"""What the real IMAP servers of the tests have in common: a folder of its own, a loopback port, independent readers."""

import imaplib
import os
import shutil
import socket
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.servers import mail
from tests.servers.mail import Record
from tests.servers.process import Process, start

#: Where `make servers` unpacks what cannot be installed beside Dovecot.
UNPACKED = Path(os.environ.get("MAILCUTOVER_TEST_SERVERS") or "/var/cache/mailcutover-tests")

_OURS = "mailcutover-"
#: Bytes that the servers of a whole test run never need.
_ROOM = 2 << 30


def unpacked(name: str, program: str, *, root: bool = True) -> str | None:
    """Why an unpacked server cannot be started here, by `root` where it is; None when it can."""
    if not (UNPACKED / name / program).exists():
        return f"there is no {program} in {UNPACKED / name} (make servers)"
    if root and os.geteuid() != 0:
        return f"{name} is started as root only; these tests run as another user"
    if shutil.which("setpriv") is None:
        return "setpriv is not installed (make servers)"
    return None


def libraries(root: Path) -> dict[str, str]:
    """An environment in which programs unpacked at `root` find their own libraries."""
    folders = [*root.glob("usr/lib/*-linux-gnu"), root / "usr/lib"]
    return {"LD_LIBRARY_PATH": ":".join(map(str, folders))}


def _place() -> Path:
    """Where servers have their folders: in memory, where there is room, as a mailbox is many small files.

    What test runs that were killed have left there goes.
    """
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < _ROOM:
        return Path(tempfile.gettempdir())
    for left in memory.glob(f"{_OURS}*-*-*"):
        if not Path("/proc", left.name.split("-")[-2]).exists():
            shutil.rmtree(left, ignore_errors=True)  # another run may be at it, too
    return memory


class ImapServer(ABC):
    """One server. Every user name is known, all with one password. Touches no system service.

    `separator` and `prefix` are those of the personal namespace.
    """

    host = "127.0.0.1"
    password = "secret"

    def __init__(self, separator: str, prefix: str) -> None:
        self.separator = separator
        self.prefix = prefix
        self.port = 0
        self._folder: Path | None = None
        self._process: Process | None = None

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._process is not None

    @property
    def folder(self) -> Path:
        """Everything it has; there from the first start on."""
        assert self._folder is not None
        return self._folder

    @property
    def log(self) -> str:
        """What it logged so far."""
        return (self.folder / "log").read_text(errors="replace")

    def start(self) -> None:
        """Write the configuration and start; again after `stop`: on the same ports, with the mail that was there."""
        if self._folder is None:
            # Not below pytest's own folder: the mail user could not reach it there.
            place = _place()
            kind = type(self).__name__.lower()
            self._folder = Path(tempfile.mkdtemp(prefix=f"{_OURS}{kind}-{os.getpid()}-", dir=place))
            self._folder.chmod(0o755)
            self._prepare()
        self._process, self.port = start(self._configure, self._folder / "log", b"* OK", self._environment())

    def ask_to_stop(self) -> None:
        """Begin to end, which may take a second; `stop` or `remove` waits for it."""
        if self._process is not None:
            self._process.ask_to_stop()

    def stop(self) -> None:
        """End the server, keep its mail."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def remove(self) -> None:
        """End the server and delete all it had."""
        self.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder)
            self._folder = None

    def client(self, user: str, password: str | None = None) -> imaplib.IMAP4:
        """A plain imaplib connection, signed in; use it in a `with` block."""
        client = imaplib.IMAP4(self.host, self.port, timeout=30)
        # imaplib sends a message and its line end apart; without this the second waits 40 ms for the first.
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            client.login(user, self.password if password is None else password)
        except imaplib.IMAP4.error:
            client.shutdown()
            raise
        return client

    def wire(self, *names: str) -> str:
        """A folder of this server's personal namespace as it stands on the wire (ASCII names)."""
        return "INBOX" if names == ("INBOX",) else self.prefix + self.separator.join(names)

    def load(self, user: str, records: Iterable[Record]) -> None:
        """Append these to a mailbox."""
        with self.client(user) as client:
            mail.load(client, records)

    def read(self, user: str) -> list[Record]:
        """Every message of a mailbox, by folder name and UID."""
        with self.client(user) as client:
            return mail.read(client)

    def folders(self, user: str) -> dict[str, frozenset[str]]:
        """Every folder of a mailbox with its LIST attributes."""
        with self.client(user) as client:
            return mail.folders(client)

    @abstractmethod
    def _prepare(self) -> None:
        """Fill the new folder."""

    @abstractmethod
    def _configure(self) -> tuple[list[str], int]:
        """The command that starts it, and its port: the one it has, else a free one."""

    def _environment(self) -> Mapping[str, str] | None:
        """What the command needs in its environment."""
        return None
