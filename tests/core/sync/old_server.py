"""A source in memory: what its users do, and a `Source` that looks at it."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from core.mail.body import Body
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.failure import FolderChangedError
from core.ports.source import Fetched, OpenFolder, SourceFolder, SourceMessage

START = datetime(2026, 1, 1, tzinfo=UTC)


class Calls:
    """What was asked of both servers, in order, as ``examine INBOX``; `before` is what happens just before one."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.before: dict[str, list[Callable[[], object]]] = defaultdict(list)
        self._after: tuple[int, Callable[[], object]] | None = None

    def after(self, count: int, turn: Callable[[], object]) -> None:
        """Something that happens when the call of this number is made."""
        self._after = count, turn

    def note(self, call: str) -> None:
        self.made.append(call)
        if self._after is not None and len(self.made) == self._after[0]:
            self._after[1]()
        self.within(call)

    def within(self, call: str) -> None:
        """A call has come so far, and may break off there."""
        turns = self.before.get(call)
        if turns:
            turns.pop(0)()


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
    selectable: bool = True
    listed: bool = True  # False: the server forgets to list it


class OldServer:
    """The source's server: what the users there do."""

    def __init__(self, *, condstore: bool = True) -> None:
        self.condstore = condstore
        self.says_uidnext = True
        self.sizes: int | None = None  # of every message, as the server says; None: the truth
        self.modseq = 1
        self.validity = itertools.count(100)
        self.folders: dict[FolderPath, Folder] = {}
        self.add("INBOX", Role.INBOX)

    def add(self, path: str, role: Role | None = None, *, uidvalidity: int | None = None) -> None:
        self.folders[FolderPath.parse(path)] = Folder(uidvalidity or next(self.validity), role)

    def remove(self, path: str) -> Folder:
        return self.folders.pop(FolderPath.parse(path))

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

    def swap(self, one: str, other: str) -> None:
        first, second = FolderPath.parse(one), FolderPath.parse(other)
        self.folders[first], self.folders[second] = self.folders[second], self.folders[first]

    def rename_inbox(self, to: str) -> None:
        """RFC 3501, 6.3.5: its messages go to the new folder, and INBOX stays, empty."""
        self.folders[FolderPath.parse(to)] = replace(self.remove("INBOX"), role=None)
        self.add("INBOX", Role.INBOX)

    def renumber(self, path: str) -> None:
        """A new UIDVALIDITY, every message with a new UID."""
        folder = self.folder(path)
        mails = list(folder.mails.values())
        folder.uidvalidity = next(self.validity)
        folder.uidnext = len(mails) + 1
        folder.mails = dict(enumerate(mails, 1))


class MemorySource:
    """`Source` over an OldServer. `faults`: called before each fetch."""

    def __init__(self, server: OldServer, faults: list[Callable[[], None]], calls: Calls) -> None:
        self.server = server
        self.faults = faults
        self.calls = calls

    def connect(self) -> None: ...

    def abort(self) -> None: ...

    def heard(self) -> Sequence[str]:
        return ()

    def close(self) -> None: ...

    def folders(self) -> Sequence[SourceFolder]:
        self.calls.note("folders")
        return [
            SourceFolder(path, str(path).encode(), folder.role, selectable=folder.selectable)
            for path, folder in sorted(self.server.folders.items())
            if folder.listed
        ]

    def examine(self, folder: SourceFolder) -> OpenFolder:
        self.calls.note(f"examine {folder.path}")
        here = self.server.folders.get(folder.path)
        if here is None or not here.selectable:
            raise FolderChangedError(str(folder.path))
        modseq = self.server.modseq if self.server.condstore else None
        uidnext = here.uidnext if self.server.says_uidnext else None
        return OpenFolder(folder, here.uidvalidity, uidnext, len(here.mails), modseq)

    def _at(self, opened: OpenFolder, call: str) -> Folder:
        self.calls.note(f"{call} {opened.folder.path}")
        here = self.server.folders.get(opened.folder.path)
        if here is None or here.uidvalidity != opened.uidvalidity:
            raise FolderChangedError(str(opened.folder.path))
        return here

    def uids(self, folder: OpenFolder) -> Sequence[int]:
        return sorted(self._at(folder, "uids").mails)

    def messages(self, folder: OpenFolder, uids: Sequence[int]) -> Iterator[SourceMessage]:
        here = self._at(folder, "messages")
        for uid in uids:
            if uid in here.mails:
                mail = here.mails[uid]
                size = len(mail.data) if self.server.sizes is None else self.server.sizes
                yield SourceMessage(uid, size, mail.received, mail.flags)

    def flags(self, folder: OpenFolder, changed_since: int | None) -> Iterator[tuple[int, Flags]]:
        for uid, mail in list(self._at(folder, "flags").mails.items()):
            if changed_since is None or mail.modseq > changed_since:
                yield uid, mail.flags

    def fetch(self, folder: OpenFolder, messages: Iterable[SourceMessage]) -> Iterator[Fetched]:
        if self.faults:
            self.faults.pop(0)()
        here = self._at(folder, "fetch")
        for message in messages:
            mail = here.mails.get(message.uid)
            yield Fetched(message.uid, Body.of(mail.data) if mail else None)
