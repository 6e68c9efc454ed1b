"""A destination in memory, as Exchange or as an IMAP server, with every fault that its port may show."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.clock import Clock
from core.mail.body import Body
from core.mail.fingerprint import canonical, folded
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder, Doubt, Limits, Outgoing, Present, Shown, Written
from core.ports.failure import Action, Failure
from core.ports.guard import Guard
from tests.core.sync.old_server import Calls


@dataclass
class Stored:
    data: bytes
    flags: Flags
    received: datetime | None
    token: str | None
    at: datetime  # from when on it is seen


FORM = Failure(Action.REJECT, "FORM", "the form is wrong", form=True)

#: What happens to one `write`: may store some of it, must return the answers or raise.
Fault = Callable[["MemoryDestination", DestinationFolder, Sequence[Outgoing]], Sequence[Written]]


class MemoryDestination:
    """`Destination` in memory: `keyed` as Exchange, else as an IMAP server that finds by position and bytes.

    As there, a keyed folder's ref stays when it is renamed, and another's is its path. While something is being written
    nothing else may be asked of it.
    """

    def __init__(self, clock: Clock, calls: Calls, *, keyed: bool, names_items: bool = True, at_once: int = 1) -> None:
        self.clock = clock
        self.calls = calls
        self.keyed = keyed
        self.names_items = names_items  # False: as an IMAP server without UIDPLUS
        self.faults: list[Fault] = []
        self.refs = itertools.count(1)
        self.items = itertools.count(1)
        self.places: dict[str, DestinationFolder] = {}
        self.held: dict[str, dict[str, Stored]] = {}
        self.made: Counter[str] = Counter()  # how often a folder was made anew, as UIDVALIDITY tells
        self.writes = 0
        self.sent = 0
        self.seen: list[bytes] = []  # all that it was sent, in order
        self.refuses: Callable[[bytes], bool] = lambda _: False
        self.limits = Limits(4, 10_000, 5_000, keyed=keyed, folds_case=keyed, at_once=at_once)
        self.lock = threading.RLock()
        self.writing = self.most_writing = 0
        self._make(FolderPath.of("Posteingang"), Role.INBOX)

    def _make(self, path: FolderPath, role: Role | None = None) -> DestinationFolder:
        place = DestinationFolder(path, f"ref{next(self.refs)}" if self.keyed else str(path), role)
        self.places[place.ref] = place
        self.held[place.ref] = {}
        return place

    def guard(self, guard: Guard) -> None: ...

    def connect(self) -> None: ...

    def abort(self, *, finish: bool = False) -> None: ...

    def heard(self) -> Sequence[str]:
        return ()

    def close(self) -> None: ...

    def _quiet(self) -> None:
        assert not self.writing, "asked for something else while it writes"

    def folders(self) -> Sequence[DestinationFolder]:
        self._quiet()
        self.calls.note("places")
        return [replace(place, messages=len(self._seen(place))) for place in self.places.values()]

    def create_folder(self, path: FolderPath, role: Role | None, *, subscribed: bool = True) -> DestinationFolder:
        self.calls.note(f"create {path}")
        for place in self.places.values():
            if place.path == path or (role and place.role is role):
                return place
        return self._make(path, role)

    def rename_folder(self, folder: DestinationFolder, path: FolderPath) -> DestinationFolder:
        self.calls.note(f"rename {folder.path}")
        for ref, place in list(self.places.items()):
            if place.path.below(folder.path):
                became = place.path.moved(folder.path, path)
                held = self.held.pop(ref)
                del self.places[ref]
                new = ref if self.keyed else str(became)
                self.places[new] = replace(place, path=became, ref=new)
                self.held[new] = held
        return next(place for place in self.places.values() if place.path == path)

    def mark(self, folder: DestinationFolder) -> str:
        if self.keyed:
            return ""
        self._quiet()
        self.calls.note(f"mark {folder.path}")
        numbers = [int(item) for item in self.held[folder.ref]]
        return f"{self.made[folder.ref]}:{max(numbers, default=0) + 1}"

    def store(self, folder: DestinationFolder, message: Outgoing, *, late: float = 0) -> str:
        with self.lock:
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
        with self.lock:
            self.calls.note(f"write {folder.path}")
            self.writes += 1
            self.sent += len(batch)
            self.seen += [message.body.read() for message in batch]
            self.writing += 1
            self.most_writing = max(self.most_writing, self.writing)
            fault = self.faults.pop(0) if self.faults else MemoryDestination.take
        try:
            return fault(self, folder, batch)
        finally:
            with self.lock:
                self.writing -= 1

    def take(self, folder: DestinationFolder, batch: Sequence[Outgoing]) -> list[Written]:
        """Store what it does not refuse for its form."""
        answers = []
        for message in batch:
            if self.refuses(message.body.read()):
                answers.append(Written(message.token, failure=FORM))
            else:
                item = self.store(folder, message)
                answers.append(Written(message.token, item if self.names_items else None))
        return answers

    def _seen(self, folder: DestinationFolder) -> dict[str, Stored]:
        return {item: mail for item, mail in self.held[folder.ref].items() if mail.at <= self.clock.now()}

    def look_up(self, folder: DestinationFolder, doubts: Sequence[Doubt], claimed: frozenset[str]) -> dict[str, str]:
        self._quiet()
        self.calls.note(f"look_up {folder.path}")
        found: dict[str, str] = {}
        taken: set[str] = set(claimed)
        marks = [(doubt, *doubt.mark.partition(":")[::2]) for doubt in doubts]
        for doubt, made, mark in sorted(marks, key=lambda one: -int(one[2] or 0)):
            if not self.keyed and int(made) != self.made[folder.ref]:
                continue
            for item, mail in self._seen(folder).items():
                if self.keyed:
                    same = mail.token == doubt.token and item not in taken
                else:
                    same = (
                        int(item) >= int(mark)
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
        self._quiet()
        self.calls.note(f"present {folder.path}")
        for item, mail in self._seen(folder).items():
            if not self.keyed:
                yield Present(item, canonical=canonical(mail.data))
            elif mail.token:
                yield Present(item, token=mail.token)

    def shown(self, folder: DestinationFolder, items: Sequence[str]) -> dict[str, Shown]:
        self._quiet()
        self.calls.note(f"shown {folder.path}")
        here = self._seen(folder)
        return {item: Shown(here[item].flags) for item in items if item in here}

    def change_flags(self, folder: DestinationFolder, item: str, add: Flags, remove: Flags) -> tuple[str, ...]:
        self._quiet()
        self.calls.note(f"change_flags {folder.path}")
        mail = self.held[folder.ref][item]
        mail.flags = Flags.of((set(mail.flags) | set(add)) - set(remove))
        return ()

    def move(
        self, item: str, folder: DestinationFolder, to: DestinationFolder, *, copy: str | None = None
    ) -> str | None:
        self._quiet()
        self.calls.note(f"move {folder.path}")
        mail = self.held[folder.ref].get(item)
        if mail is None:
            return copy
        if copy is None:
            copy = str(next(self.items))
            self.held[to.ref][copy] = mail
            self.calls.within(f"copied {folder.path}")
        del self.held[folder.ref][item]
        self.calls.within(f"moved {folder.path}")
        return copy

    # --- for tests ---------------------------------------------------------------------------------------------

    def place(self, path: str) -> DestinationFolder:
        """The folder at a path."""
        return next(place for place in self.places.values() if str(place.path) == path)

    def put(self, path: str, data: bytes, received: datetime) -> None:
        """A message that somebody else brought there."""
        here = self.held[self.place(path).ref]
        here[str(next(self.items))] = Stored(data, Flags(), received, None, self.clock.now())

    def make_anew(self, path: str) -> None:
        """A user deletes a folder and makes it again."""
        ref = self.place(path).ref
        self.made[ref] += 1
        self.held[ref].clear()

    def remove_folder(self, path: str) -> None:
        """A user deletes a folder with all it holds."""
        ref = self.place(path).ref
        del self.places[ref], self.held[ref]

    def all(self) -> list[tuple[str, bytes]]:
        """Every message there, with its folder's path."""
        return sorted(
            (str(self.places[ref].path), mail.data) for ref, held in self.held.items() for mail in held.values()
        )

    def at(self, path: str) -> dict[bytes, Stored]:
        """One folder's messages by their bytes."""
        return {mail.data: mail for mail in self.held[self.place(path).ref].values()}


def failure(action: Action, *, in_doubt: bool = False, seconds: float | None = None, alone: bool = False) -> Failure:
    return Failure(action, "Code", "a cause", in_doubt=in_doubt, seconds=seconds, alone=alone)
