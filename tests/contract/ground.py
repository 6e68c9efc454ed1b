"""What a contract test stands on: one fresh mailbox, the port under test, and eyes and hands that are not its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.imap.connection import Address, Connection, SignIn
from core.imap.destination import ImapDestination
from core.imap.utf7 import decode
from core.mail.fingerprint import canonical
from core.mail.folder import Role
from core.ports.destination import Destination
from core.ports.failure import Side
from core.secret import Secret
from tests.servers import mail
from tests.servers.imap_server import ImapServer
from tests.servers.mail import Record, quoted, sure

USUAL_ROLES = frozenset({Role.INBOX, Role.SENT, Role.DRAFTS, Role.TRASH})


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as somebody else finds it; `path` holds the names from the top, without a prefix."""

    path: tuple[str, ...]
    flags: frozenset[str]
    received: datetime
    canonical: bytes


class Ground(Protocol):
    """A mailbox at a destination. Paths are names from the top; folders given here exist already.

    `roles` are the default folders that a new mailbox has. `renames`: messages stay the same when their folder is
    renamed; without it, a destination leaves folders where they are.
    """

    roles: frozenset[Role]
    renames: bool

    def destination(self) -> Destination:
        """A new object for this mailbox; closed at the end of the test."""
        ...

    def stored(self) -> list[Stored]:
        """Every message, in the order of path and arrival; read without the port."""
        ...

    def deliver(self, path: tuple[str, ...], data: bytes, received: datetime) -> None:
        """A message comes from elsewhere."""
        ...

    def delete(self, path: tuple[str, ...]) -> None:
        """The user deletes all messages of a folder for good."""
        ...


class ImapGround:
    """A mailbox on a real IMAP server."""

    def __init__(
        self,
        server: ImapServer,
        user: str,
        closing: Callable[[Destination], None],
        *,
        roles: frozenset[Role] = USUAL_ROLES,
        renames: bool = True,
    ) -> None:
        self.roles = roles
        self.renames = renames
        self._server = server
        self._user = user
        self._closing = closing

    def destination(self) -> Destination:
        """Signed in as the user himself."""
        sign_in = SignIn(self._user, lambda: Secret(self._server.password))
        address = Address(self._server.host, self._server.port, "none")
        made = ImapDestination(Connection(address, sign_in, Side.DESTINATION))
        self._closing(made)
        return made

    def stored(self) -> list[Stored]:
        """By plain imaplib."""
        found = [
            Stored(self._path(record.folder), record.flags, record.received, canonical(record.data))
            for record in self._server.read(self._user)
        ]
        return sorted(found, key=lambda stored: stored.path)

    def deliver(self, path: tuple[str, ...], data: bytes, received: datetime) -> None:
        """By plain imaplib."""
        with self._server.client(self._user) as client:
            sure(mail.append(client, Record(data, self._server.wire(*path), received=received)))

    def delete(self, path: tuple[str, ...]) -> None:
        """By plain imaplib."""
        with self._server.client(self._user) as client:
            sure(client.select(quoted(self._server.wire(*path))))
            sure(client.store("1:*", "+FLAGS.SILENT", "\\Deleted"))
            sure(client.expunge())

    def _path(self, wire: str) -> tuple[str, ...]:
        name = wire if wire == "INBOX" else wire.removeprefix(self._server.prefix)
        return tuple(decode(level.encode("latin-1")) for level in name.split(self._server.separator))
