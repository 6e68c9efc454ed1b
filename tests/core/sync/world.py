"""A source and a destination in memory, with every fault that the ports may show; and a pass between them.

For what needs a thousand odd turns; the real servers stand in tests/system.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.batch.definition import Options
from core.event import Event
from core.mail.body import Body
from core.mail.fingerprint import canonical, folded
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.mail.key import PairId
from core.ports.destination import DestinationFolder, Doubt, Limits, Outgoing, Present, Shown, Written
from core.ports.failure import Action, EndpointError, Failure, FolderChangedError
from core.ports.source import Fetched, OpenFolder, SourceFolder, SourceMessage
from core.status import PassKind
from core.store.board import Board
from core.store.database import Database
from core.store.ledger import Ledger
from core.sync.context import PassContext, PassResult
from core.sync.mailbox_pass import run_pass
from core.sync.narrate import Narrate

START = datetime(2026, 1, 1, tzinfo=UTC)
PAIR = PairId("old.example", "ann", "new.example", "ann@new.example")


class HeldClock:
    """Time that moves only when somebody waits."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()


@dataclass
class Steering:
    """Control and Budget of one pass; `stop_after` looks at `stopping` it says yes."""

    clock: HeldClock
    stop_after: int | None = None
    waited: list[float] = field(default_factory=list)
    held: int = 0

    def stopping(self) -> bool:
        if self.stop_after is None:
            return False
        self.stop_after -= 1
        return self.stop_after < 0

    def cut(self) -> bool:
        return False

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self.clock.at += timedelta(seconds=seconds)
        return self.stopping()

    def take(self, size: int, control: object) -> bool:
        self.held += size
        return True

    def give(self, size: int) -> None:
        self.held -= size
        assert self.held >= 0


@dataclass
class Mail:
    data: bytes
    flags: Flags
    received: datetime
    modseq: int


@dataclass
class Folder:
    uidvalidity: int
    role: Role | None = None
    uidnext: int = 1
    mails: dict[int, Mail] = field(default_factory=dict)


class OldServer:
    """The source's server: what the users there do."""

    def __init__(self, *, condstore: bool = True) -> None:
        self.condstore = condstore
        self.modseq = 1
        self.validity = itertools.count(100)
        self.folders: dict[FolderPath, Folder] = {}
        self.add("INBOX", Role.INBOX)

    def add(self, path: str, role: Role | None = None) -> None:
        self.folders[FolderPath.parse(path)] = Folder(next(self.validity), role)

    def folder(self, path: str) -> Folder:
        return self.folders[FolderPath.parse(path)]

    def deliver(self, path: str, data: bytes, flags: Iterable[str] = (), days: int = 0) -> int:
        folder = self.folder(path)
        uid = folder.uidnext
        folder.uidnext += 1
        self.modseq += 1
        folder.mails[uid] = Mail(data, Flags.of(flags), START - timedelta(days=days), self.modseq)
        return uid

    def flag(self, path: str, uid: int, flags: Iterable[str]) -> None:
        self.modseq += 1
        mail = self.folder(path).mails[uid]
        self.folder(path).mails[uid] = replace(mail, flags=Flags.of(flags), modseq=self.modseq)

    def delete(self, path: str, uid: int) -> Mail:
        self.modseq += 1
        return self.folder(path).mails.pop(uid)

    def move(self, path: str, uid: int, to: str) -> int:
        mail = self.delete(path, uid)
        new = self.deliver(to, mail.data, mail.flags)
        self.folder(to).mails[new].received = mail.received
        return new

    def rename(self, path: str, to: str) -> None:
        old, new = FolderPath.parse(path), FolderPath.parse(to)
        self.folders = {
            (known.moved(old, new) if known.below(old) else known): folder for known, folder in self.folders.items()
        }

    def renumber(self, path: str) -> None:
        """A new UIDVALIDITY, every message with a new UID."""
        folder = self.folder(path)
        mails = list(folder.mails.values())
        folder.uidvalidity = next(self.validity)
        folder.uidnext = len(mails) + 1
        folder.mails = dict(enumerate(mails, 1))


class MemorySource:
    """`Source` over an OldServer. `faults`: called before each fetch."""

    def __init__(self, server: OldServer, faults: list[Callable[[], None]] | None = None) -> None:
        self.server = server
        self.faults = faults or []
        self.fetched = 0

    def connect(self) -> None: ...

    def close(self) -> None: ...

    def folders(self) -> Sequence[SourceFolder]:
        return [
            SourceFolder(path, str(path).encode(), folder.role) for path, folder in sorted(self.server.folders.items())
        ]

    def examine(self, folder: SourceFolder) -> OpenFolder:
        if folder.path not in self.server.folders:
            raise FolderChangedError(str(folder.path))
        here = self.server.folders[folder.path]
        modseq = self.server.modseq if self.server.condstore else None
        return OpenFolder(folder, here.uidvalidity, here.uidnext, len(here.mails), modseq)

    def _at(self, opened: OpenFolder) -> Folder:
        here = self.server.folders.get(opened.folder.path)
        if here is None or here.uidvalidity != opened.uidvalidity:
            raise FolderChangedError(str(opened.folder.path))
        return here

    def uids(self, folder: OpenFolder) -> Sequence[int]:
        return sorted(self._at(folder).mails)

    def messages(self, folder: OpenFolder, uids: Sequence[int]) -> Iterator[SourceMessage]:
        here = self._at(folder)
        for uid in uids:
            if uid in here.mails:
                mail = here.mails[uid]
                yield SourceMessage(uid, len(mail.data), mail.received, mail.flags)

    def flags(self, folder: OpenFolder, changed_since: int | None) -> Iterator[tuple[int, Flags]]:
        for uid, mail in self._at(folder).mails.items():
            if changed_since is None or mail.modseq > changed_since:
                yield uid, mail.flags

    def fetch(self, folder: OpenFolder, messages: Iterable[SourceMessage]) -> Iterator[Fetched]:
        if self.faults:
            self.faults.pop(0)()
        here = self._at(folder)
        for message in messages:
            self.fetched += 1
            mail = here.mails.get(message.uid)
            yield Fetched(message.uid, Body.of(mail.data) if mail else None)


@dataclass
class Stored:
    data: bytes
    flags: Flags
    received: datetime | None
    token: str | None
    at: datetime  # from when on it is seen


#: What happens to one `write`: may store some of it, must return the answers or raise.
Fault = Callable[["MemoryDestination", DestinationFolder, Sequence[Outgoing]], Sequence[Written]]


class MemoryDestination:
    """`Destination` in memory: `keyed` as Exchange, else as an IMAP server that finds by position and bytes."""

    def __init__(self, clock: HeldClock, *, keyed: bool, names_items: bool = True) -> None:
        self.clock = clock
        self.keyed = keyed
        self.names_items = names_items  # False: as an IMAP server without UIDPLUS
        self.faults: list[Fault] = []
        self.refs = itertools.count(1)
        self.items = itertools.count(1)
        self.places: dict[str, DestinationFolder] = {}
        self.held: dict[str, dict[str, Stored]] = {}
        self.writes = 0
        self.sent = 0
        self.limits = Limits(4, 10_000, 5_000, keyed=keyed, folds_case=keyed)
        self._make(FolderPath.of("Posteingang"), Role.INBOX)

    def _make(self, path: FolderPath, role: Role | None = None) -> DestinationFolder:
        place = DestinationFolder(path, f"ref{next(self.refs)}", role)
        self.places[place.ref] = place
        self.held[place.ref] = {}
        return place

    def connect(self) -> None: ...

    def close(self) -> None: ...

    def folders(self) -> Sequence[DestinationFolder]:
        return [replace(place, messages=len(self.held[ref])) for ref, place in self.places.items()]

    def create_folder(self, path: FolderPath, role: Role | None, *, subscribed: bool = True) -> DestinationFolder:
        for place in self.folders():
            if place.path == path or (role and place.role is role):
                return place
        return self._make(path, role)

    def rename_folder(self, folder: DestinationFolder, path: FolderPath) -> DestinationFolder:
        for ref, place in self.places.items():
            if place.path.below(folder.path):
                self.places[ref] = replace(place, path=place.path.moved(folder.path, path))
        return self.places[folder.ref]

    def mark(self, folder: DestinationFolder) -> str:
        numbers = [int(item) for item in self.held[folder.ref]]
        return "" if self.keyed else str(max(numbers, default=0) + 1)

    def store(self, folder: DestinationFolder, message: Outgoing, *, late: float = 0) -> str:
        item = str(next(self.items))
        self.held[folder.ref][item] = Stored(
            message.body.read(),
            message.flags,
            message.received,
            message.token if self.keyed else None,
            self.clock.now() + timedelta(seconds=late),
        )
        return item

    def write(self, folder: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        self.writes += 1
        self.sent += len(batch)
        if self.faults:
            return self.faults.pop(0)(self, folder, batch)
        return [
            Written(message.token, item if self.names_items else None)
            for message in batch
            for item in [self.store(folder, message)]
        ]

    def _seen(self, folder: DestinationFolder) -> dict[str, Stored]:
        return {item: mail for item, mail in self.held[folder.ref].items() if mail.at <= self.clock.now()}

    def look_up(self, folder: DestinationFolder, doubts: Sequence[Doubt], claimed: frozenset[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        taken: set[str] = set(claimed)
        for doubt in doubts:
            for item, mail in self._seen(folder).items():
                if self.keyed:
                    same = mail.token == doubt.token
                else:
                    same = (
                        int(item) >= int(doubt.mark)
                        and item not in taken
                        and mail.received == doubt.received
                        and folded(Body.of(mail.data)) == doubt.folded
                    )
                if same:
                    found[doubt.token] = item
                    taken.add(item)
                    break
        return found

    def present(self, folder: DestinationFolder) -> Iterator[Present]:
        for item, mail in self._seen(folder).items():
            if not self.keyed:
                yield Present(item, canonical=canonical(mail.data))
            elif mail.token:
                yield Present(item, token=mail.token)

    def shown(self, folder: DestinationFolder, items: Sequence[str]) -> dict[str, Shown]:
        here = self._seen(folder)
        return {item: Shown(here[item].flags) for item in items if item in here}

    def change_flags(self, folder: DestinationFolder, item: str, add: Flags, remove: Flags) -> tuple[str, ...]:
        mail = self.held[folder.ref][item]
        mail.flags = Flags.of((set(mail.flags) | set(add)) - set(remove))
        return ()

    def move(self, item: str, folder: DestinationFolder, to: DestinationFolder) -> str | None:
        mail = self.held[folder.ref].pop(item, None)
        if mail is None:
            return None
        new = item if self.keyed else str(next(self.items))
        self.held[to.ref][new] = mail
        return new

    # --- for tests ---------------------------------------------------------------------------------------------

    def all(self) -> list[tuple[str, bytes]]:
        """Every message there, with its folder's path."""
        return sorted(
            (str(self.places[ref].path), mail.data) for ref, held in self.held.items() for mail in held.values()
        )

    def at(self, path: str) -> dict[bytes, Stored]:
        """One folder's messages by their bytes."""
        ref = next(ref for ref, place in self.places.items() if str(place.path) == path)
        return {mail.data: mail for mail in self.held[ref].values()}


def failure(action: Action, *, in_doubt: bool = False, seconds: float | None = None) -> Failure:
    return Failure(action, "Code", "a cause", in_doubt=in_doubt, seconds=seconds)


class World:
    """Both servers, a store, and passes between them; each pass with a new Ledger, as a new process has."""

    def __init__(
        self,
        folder: Path,
        *,
        keyed: bool = True,
        condstore: bool = True,
        names_items: bool = True,
        options: Options | None = None,
    ) -> None:
        self.clock = HeldClock()
        self.old = OldServer(condstore=condstore)
        self.new = MemoryDestination(self.clock, keyed=keyed, names_items=names_items)
        self.source_faults: list[Callable[[], None]] = []
        self.database = Database.open(folder)
        self.options = options or Options()
        self.events: list[Event] = []
        self.steering = Steering(self.clock)
        self.board = Board(self.database, "batch")

    def ledger(self) -> Ledger:
        return Ledger(self.database, PAIR, epoch=0)

    def run(
        self, *, kind: PassKind = PassKind.INCREMENTAL, stop_after: int | None = None, retry_rejected: bool = False
    ) -> PassResult:
        """One pass; what it raises, it raises."""
        self.steering = Steering(self.clock, stop_after)
        source = MemorySource(self.old, self.source_faults)
        context = PassContext(
            source,
            self.new,
            self.ledger(),
            self.options,
            kind,
            self.steering,
            self.steering,
            Narrate(self.events.append, self.clock, "batch", "ann"),
            self.board.mailbox("ann"),
            self.clock,
            settle=10.0,
            retry_rejected=retry_rejected,
        )
        try:
            result = run_pass(context)
        finally:
            assert self.steering.held == 0, "memory was not given back"
        if result.finished:
            counts = context.ledger.total()
            assert counts.pending == 0
            assert self.ledger().total() == counts, "counted in memory what a new process does not find"
        return result

    def until_done(self) -> PassResult:
        """Passes as an engine does them: whatever ends one, the next goes on."""
        for _ in range(20):
            try:
                return self.run()
            except EndpointError as error:
                if error.failure.action not in {Action.RETRY, Action.WAIT}:
                    raise
                self.clock.at += timedelta(seconds=1)
        raise AssertionError("no pass ended in twenty")

    def close(self) -> None:
        self.database.close()
