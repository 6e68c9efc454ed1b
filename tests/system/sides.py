"""Both kinds of destination alike: what is there, read past the program, and what its users do there."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tests.sandbox.mailbox import ItemView
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.fault_proxy import FaultProxy
from tests.servers.imap_server import ImapServer
from tests.servers.mail import Record, folders, quoted, sure
from tests.system.program import to_exchange, to_imap

_ROLES = {"inbox": "INBOX", "sentitems": "Sent", "drafts": "Drafts", "deleteditems": "Trash", "junkemail": "Junk"}
_FOLLOW_UP = "0x1090 Integer"


@dataclass(frozen=True, slots=True)
class Found:
    """One message at the destination. `folder` is written as in a batch file, default folders by their English names;
    `item` is what that server calls it.
    """

    folder: str
    data: bytes
    received: datetime
    seen: bool
    flagged: bool
    item: str


class Destination(Protocol):
    """One server to migrate to; `user` is the source's login."""

    @property
    def port(self) -> int:
        """Where it listens, on loopback."""
        ...

    def batch(self, source: Dovecot, *users: str, name: str = "wave") -> dict[str, Any]:
        """A batch file's tables that go here."""
        ...

    def read(self, user: str) -> list[Found]:
        """Every message of a mailbox."""
        ...

    def folders(self, user: str) -> set[str]:
        """Every folder of mail."""
        ...

    def read_by_user(self, user: str, found: Found) -> None:
        """The user reads a message."""
        ...

    def deleted_by_user(self, user: str, found: Found) -> None:
        """The user deletes a message for good."""
        ...

    def moved_by_user(self, user: str, found: Found, folder: str) -> None:
        """The user moves a message to a folder of his own, which is made."""
        ...

    def sent(self, user: str) -> int:
        """How many messages were ever sent to this mailbox, kept or not."""
        ...


class Exchange:
    """The practice Exchange; its mailboxes are German."""

    def __init__(self, server: PracticeExchange) -> None:
        self.server = server

    @property
    def port(self) -> int:
        return int(self.server.url.split(":")[2].split("/")[0])

    def batch(self, source: Dovecot, *users: str, name: str = "wave") -> dict[str, Any]:
        for user in users:
            self.server.add_mailbox(self._address(user), language="de")
        return to_exchange(source, self.server, *users, name=name)

    def read(self, user: str) -> list[Found]:
        mailbox = self.server.mailbox(self._address(user))
        names = {view.path: _ROLES.get(view.role or "", view.path) for view in mailbox.folders()}
        return [_of_item(item, names[item.folder]) for item in mailbox.items()]

    def folders(self, user: str) -> set[str]:
        views = self.server.mailbox(self._address(user)).folders()
        return {_ROLES.get(view.role or "", view.path) for view in views if view.folder_class == "IPF.Note"}

    def read_by_user(self, user: str, found: Found) -> None:
        self.server.mailbox(self._address(user)).mark_read(found.item)

    def deleted_by_user(self, user: str, found: Found) -> None:
        self.server.mailbox(self._address(user)).delete(found.item)

    def moved_by_user(self, user: str, found: Found, folder: str) -> None:
        mailbox = self.server.mailbox(self._address(user))
        mailbox.make_folder(folder)
        mailbox.move(found.item, folder)

    def sent(self, user: str) -> int:
        ours = [seen for seen in self.server.requests if seen.mailbox == self._address(user)]
        return sum(seen.items for seen in ours if seen.operation == "CreateItem")

    @staticmethod
    def _address(user: str) -> str:
        return f"{user}@new.example"


class Imap:
    """Another IMAP server."""

    def __init__(self, server: ImapServer) -> None:
        self.server = server

    @property
    def port(self) -> int:
        return self.server.port

    def batch(self, source: Dovecot, *users: str, name: str = "wave") -> dict[str, Any]:
        return to_imap(source, self.server, *users, name=name)

    def read(self, user: str) -> list[Found]:
        return [self._of_record(record) for record in self.server.read(self._login(user))]

    def folders(self, user: str) -> set[str]:
        return set(map(self._path, self.server.folders(self._login(user))))

    def read_by_user(self, user: str, found: Found) -> None:
        self._store(user, found, r"(\Seen)")

    def deleted_by_user(self, user: str, found: Found) -> None:
        self._store(user, found, r"(\Deleted)")

    def moved_by_user(self, user: str, found: Found, folder: str) -> None:
        name, uid = found.item.rsplit(":", 1)
        there = quoted(self.server.wire(folder))
        with self.server.client(self._login(user)) as client:
            sure(client.create(there))
            sure(client.select(quoted(name)))
            sure(client.uid("MOVE", uid, there))

    def sent(self, user: str) -> int:
        sent = 0
        with self.server.client(self._login(user)) as client:
            for name, flags in folders(client).items():
                if not flags & {"\\Noselect", "\\NonExistent"}:
                    (answer,) = sure(client.status(quoted(name), "(UIDNEXT)"))
                    sent += int(answer.rsplit(b" ", 1)[1].rstrip(b")")) - 1
        return sent

    def _store(self, user: str, found: Found, flags: str) -> None:
        name, uid = found.item.rsplit(":", 1)
        with self.server.client(self._login(user)) as client:
            sure(client.select(quoted(name)))
            sure(client.uid("STORE", uid, "+FLAGS", flags))
            sure(client.expunge())

    def _of_record(self, record: Record) -> Found:
        return Found(
            self._path(record.folder),
            record.data,
            record.received,
            "\\Seen" in record.flags,
            "\\Flagged" in record.flags,
            f"{record.folder}:{record.uid}",
        )

    def _path(self, name: str) -> str:
        return path_of(self.server, name)

    @staticmethod
    def _login(user: str) -> str:
        return f"{user}-new"


def through(proxy: FaultProxy, batch: dict[str, Any]) -> dict[str, Any]:
    """The same batch by way of a proxy before the destination."""
    end = batch["destination"]
    if end["kind"] == "ews":
        return batch | {"destination": end | {"url": f"http://127.0.0.1:{proxy.port}/EWS/Exchange.asmx"}}
    return batch | {"destination": end | {"port": proxy.port}}


def path_of(server: ImapServer, name: str) -> str:
    """A folder's name on the wire as a batch file has it (ASCII names)."""
    return name.removeprefix(server.prefix).replace(server.separator, "/")


def places(found: Iterable[Found]) -> Counter[tuple[str, bytes]]:
    """What is where, and how often."""
    return Counter((one.folder, one.data) for one in found)


def at_source(source: Dovecot, user: str) -> Counter[tuple[str, bytes]]:
    """The same of a source."""
    return Counter((path_of(source, record.folder), record.data) for record in source.read(user))


def _of_item(item: ItemView, folder: str) -> Found:
    return Found(folder, item.mime, item.received, item.is_read, item.properties.get(_FOLLOW_UP) == "2", item.id)
