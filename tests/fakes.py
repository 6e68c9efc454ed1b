"""Two ends in memory, for what does not need a server: the engine's tests, and a pass in a thread of the test.

They implement the ports honestly: a destination stores what it is given and answers for each message, a source is never
changed by reading it. A test may make any call fail by `World.trouble`.
"""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from core.batch.definition import Batch, Mailbox
from core.mail.body import Body
from core.mail.fingerprint import canonical
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder, Doubt, Limits, Outgoing, Present, Shown, Written
from core.ports.failure import EndpointError, Failure, FolderChangedError, Side
from core.ports.guard import Guard
from core.ports.source import Fetched, OpenFolder, SourceFolder, SourceMessage

RECEIVED = datetime(2024, 3, 5, 6, 7, 8, tzinfo=UTC)
#: Asked before each call: who calls what. A failure is raised; it may also wait, to hold a pass in flight.
Trouble = Callable[[Side, str, str], Failure | None]


@dataclass
class Message:
    """A message at either end; `token` where it was stored by us."""

    data: bytes
    flags: Flags = field(default_factory=Flags)
    received: datetime | None = RECEIVED
    token: str | None = None


@dataclass
class Folder:
    """A folder at either end, its messages by UID (item)."""

    path: FolderPath
    uidvalidity: int = 1
    uidnext: int = 1
    messages: dict[int, Message] = field(default_factory=dict)

    def add(self, message: Message) -> int:
        """Store a message; returns its UID."""
        uid = self.uidnext
        self.uidnext += 1
        self.messages[uid] = message
        return uid


class Account:
    """One mailbox at one end."""

    def __init__(self) -> None:
        self.folders: dict[str, Folder] = {}
        self.folder("INBOX")

    def folder(self, path: str) -> Folder:
        """The folder at `path`, made when it is not there."""
        return self.folders.setdefault(path, Folder(FolderPath.parse(path)))

    def count(self) -> int:
        """Messages in all folders."""
        return sum(len(folder.messages) for folder in self.folders.values())


class World:
    """All accounts of both ends, and what is open."""

    def __init__(self) -> None:
        self.sources: dict[str, Account] = {}
        self.destinations: dict[str, Account] = {}
        self.trouble: Trouble = lambda side, who, call: None
        self.open: Counter[Side] = Counter()
        self.most: Counter[Side] = Counter()
        self.calls: Counter[tuple[Side, str, str]] = Counter()
        self.aborted: list[tuple[Side, str, bool]] = []  # whether what changes something may finish
        self.alert = ""  # what both servers want people to read
        self.lock = threading.Lock()

    def source(self, login: str, messages: int = 0, folder: str = "INBOX") -> Account:
        """The source account, with so many new messages in a folder."""
        account = self.sources.setdefault(login, Account())
        inbox = account.folder(folder)
        for _ in range(messages):
            number = inbox.uidnext
            text = (
                f"From: a@b.example\r\nMessage-ID: <{login}.{folder}.{number}@b>\r\nSubject: {number}\r\n\r\nText\r\n"
            )
            inbox.add(Message(text.encode()))
        return account

    def destination(self, address: str) -> Account:
        """The destination account."""
        return self.destinations.setdefault(address, Account())

    def open_source(self, batch: Batch, mailbox: Mailbox) -> "MemorySource":
        """As `core.endpoints.factory.open_source`."""
        return MemorySource(self, mailbox.source)

    def open_destination(self, batch: Batch, mailbox: Mailbox) -> "MemoryDestination":
        """As `core.endpoints.factory.open_destination`."""
        return MemoryDestination(self, mailbox.destination)

    def called(self, side: Side, who: str, call: str) -> None:
        """Count a call, and let it fail when the test wants that."""
        with self.lock:
            self.calls[side, who, call] += 1
        failure = self.trouble(side, who, call)
        if failure is not None:
            raise EndpointError(replace(failure, side=side))


class _End:
    def __init__(self, world: World, side: Side, who: str) -> None:
        self.world = world
        self.side = side
        self.who = who
        self._open = False

    def _call(self, name: str) -> None:
        self.world.called(self.side, self.who, name)
        with self.world.lock:
            if not self._open:
                self._open = True
                self.world.open[self.side] += 1
                self.world.most[self.side] = max(self.world.most[self.side], self.world.open[self.side])

    def connect(self) -> None:
        self._call("connect")

    def abort(self, *, finish: bool = False) -> None:
        with self.world.lock:
            self.world.aborted.append((self.side, self.who, finish))

    def heard(self) -> Sequence[str]:
        return [self.world.alert] if self.world.alert else []

    def close(self) -> None:
        with self.world.lock:
            if self._open:
                self._open = False
                self.world.open[self.side] -= 1


class MemorySource(_End):
    """A `core.ports.source.Source`."""

    def __init__(self, world: World, login: str) -> None:
        super().__init__(world, Side.SOURCE, login)
        self._account = world.source(login)

    def folders(self) -> Sequence[SourceFolder]:
        self._call("folders")
        folders = sorted(self._account.folders.values(), key=lambda folder: folder.path)
        return [
            SourceFolder(f.path, str(f.path).encode(), Role.INBOX if f.path.name == "INBOX" else None) for f in folders
        ]

    def examine(self, folder: SourceFolder) -> OpenFolder:
        self._call("examine")
        found = self._account.folders.get(str(folder.path))
        if found is None:
            raise FolderChangedError(f"{folder.path} is gone")
        return OpenFolder(folder, found.uidvalidity, found.uidnext, len(found.messages), None)

    def uids(self, folder: OpenFolder) -> Sequence[int]:
        self._call("uids")
        return sorted(self._at(folder).messages)

    def messages(self, folder: OpenFolder, uids: Sequence[int]) -> Iterator[SourceMessage]:
        self._call("messages")
        at = self._at(folder)
        for uid in uids:
            if uid in at.messages:
                message = at.messages[uid]
                yield SourceMessage(uid, len(message.data), message.received, message.flags)

    def flags(self, folder: OpenFolder, changed_since: int | None) -> Iterator[tuple[int, Flags]]:
        self._call("flags")
        for uid, message in self._at(folder).messages.items():
            yield uid, message.flags

    def fetch(self, folder: OpenFolder, messages: Iterable[SourceMessage]) -> Iterator[Fetched]:
        at = self._at(folder)
        for message in messages:
            self._call("fetch")
            found = at.messages.get(message.uid)
            yield Fetched(message.uid, None if found is None else Body.of(found.data))

    def _at(self, folder: OpenFolder) -> Folder:
        found = self._account.folders.get(str(folder.folder.path))
        if found is None or found.uidvalidity != folder.uidvalidity:
            raise FolderChangedError(f"{folder.folder.path} is another folder now")
        return found


class MemoryDestination(_End):
    """A `core.ports.destination.Destination` that keeps the token of each message, as Exchange does."""

    limits = Limits(batch_messages=10, batch_bytes=1 << 20, keyed=True, folds_case=True)

    def __init__(self, world: World, address: str) -> None:
        super().__init__(world, Side.DESTINATION, address)
        self._account = world.destination(address)

    def guard(self, guard: Guard) -> None:
        """It sends nothing over a link."""

    def folders(self) -> Sequence[DestinationFolder]:
        self._call("folders")
        return [self._shown(folder) for folder in self._account.folders.values()]

    def create_folder(self, path: FolderPath, role: Role | None, *, subscribed: bool = True) -> DestinationFolder:
        self._call("create_folder")
        return self._shown(self._account.folder("INBOX" if role is Role.INBOX else str(path)))

    def rename_folder(self, folder: DestinationFolder, path: FolderPath) -> DestinationFolder:
        self._call("rename_folder")
        moved = self._account.folders.pop(folder.ref)
        moved.path = path
        self._account.folders[str(path)] = moved
        return self._shown(moved)

    def mark(self, folder: DestinationFolder) -> str:
        return ""

    def write(self, folder: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        self._call("write")
        at = self._account.folders[folder.ref]
        answers = []
        for message in batch:
            stored = Message(message.body.read(), message.flags, message.received, message.token)
            answers.append(Written(message.token, f"{folder.ref}:{at.add(stored)}"))
        return answers

    def look_up(self, folder: DestinationFolder, doubts: Sequence[Doubt], claimed: frozenset[str]) -> dict[str, str]:
        self._call("look_up")
        at = self._account.folders[folder.ref]
        here = {message.token: f"{folder.ref}:{uid}" for uid, message in at.messages.items()}
        return {doubt.token: here[doubt.token] for doubt in doubts if doubt.token in here}

    def present(self, folder: DestinationFolder) -> Iterator[Present]:
        self._call("present")
        for uid, message in self._account.folders[folder.ref].messages.items():
            fingerprint = None if message.token else canonical(message.data)
            yield Present(f"{folder.ref}:{uid}", message.token, fingerprint)

    def shown(self, folder: DestinationFolder, items: Sequence[str]) -> dict[str, Shown]:
        self._call("shown")
        found = ((item, self._message(item)) for item in items)
        return {item: Shown(message.flags) for item, message in found if message is not None}

    def change_flags(self, folder: DestinationFolder, item: str, add: Flags, remove: Flags) -> tuple[str, ...]:
        self._call("change_flags")
        message = self._message(item)
        assert message is not None
        message.flags = Flags.of(itertools.chain((flag for flag in message.flags if flag not in remove), add))
        return ()

    def move(
        self, item: str, folder: DestinationFolder, to: DestinationFolder, *, copy: str | None = None
    ) -> str | None:
        self._call("move")
        message = self._message(item)
        if message is None or copy is not None:
            return copy
        del self._account.folders[folder.ref].messages[int(item.rpartition(":")[2])]
        return f"{to.ref}:{self._account.folders[to.ref].add(message)}"

    def _message(self, item: str) -> Message | None:
        ref, _, uid = item.rpartition(":")
        return self._account.folders[ref].messages.get(int(uid))

    @staticmethod
    def _shown(folder: Folder) -> DestinationFolder:
        role = Role.INBOX if folder.path == FolderPath.of("INBOX") else None
        return DestinationFolder(folder.path, str(folder.path), role, len(folder.messages))
