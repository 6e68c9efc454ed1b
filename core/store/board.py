"""The board: what is, of one batch. Rows are rewritten; `rev` tells a reader what changed since it last looked."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypedDict, Unpack

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.dialects.sqlite import insert

from core.mail.folder import FolderPath
from core.mail.outcome import Counts
from core.printable import printable
from core.status import BatchStatus, Condition, MailboxStatus, PassKind
from core.store import schema
from core.store.database import Database
from core.store.names import COUNTS
from core.store.revision import next_revision
from core.store.times import seconds

_PACE = 0.25  # seconds between two writes of one row that brings no news of its status
_NEWS = frozenset({"status", "condition"})


class BatchChanges(TypedDict, total=False):
    """What `Board.batch` may change."""

    status: BatchStatus
    condition: Condition | None
    until: datetime | None
    why: str
    next_pass: datetime | None
    warning: str


class MailboxChanges(TypedDict, total=False):
    """What `MailboxBoard.set` may change. `rate` is in bytes a second, `eta` in seconds."""

    status: MailboxStatus
    condition: Condition | None
    until: datetime | None
    why: str
    error: str | None
    activity: str
    slow: str
    progressed: datetime | None
    rate: float | None
    eta: float | None
    pass_kind: PassKind | None
    pass_started: datetime | None
    pass_new: int
    pass_flags_changed: int
    synced: datetime | None


_NEW_FOLDER = insert(schema.board_folder)
_FOLDER = _NEW_FOLDER.on_conflict_do_update(
    index_elements=["batch", "source", "path"],
    set_={name: _NEW_FOLDER.excluded[name] for name in ("destination_path", "note", *COUNTS, "rev")},
)


class _Row(NamedTuple):
    """Which row is meant: the batch's, a mailbox's (`source`), or a folder's (`source` and `path`)."""

    source: str | None = None
    path: str | None = None


_Changes = dict[_Row, dict[str, Any]]


class Board:
    """Where the process that runs a batch shows how it stands.

    Nothing here waits for the disk. The latest value wins; a row is written at most four times a second, but a new
    status or condition at once. Whatever was said is written when the database closes. Usable from any thread. With
    `run`, the holder of the batch's lease, only as long as that run holds it: who was taken over shows nothing more.
    """

    def __init__(self, database: Database, batch: str, run: str | None = None) -> None:
        self.name = batch
        self._run = run
        self._writer = database.writer
        self._lock = threading.Lock()
        self._changed: _Changes = {}
        self._urgent: set[_Row] = set()
        self._news: dict[_Row, dict[str, Any]] = {}  # the status and condition last said
        self._ticking = False
        self._written = -math.inf  # on the monotonic clock

    def batch(self, **changes: Unpack[BatchChanges]) -> None:
        """Show how the batch stands; what is not named stays."""
        self._change(_Row(), dict(changes))

    def mailbox(self, source: str) -> "MailboxBoard":
        """The part of one mailbox, by its source login."""
        return MailboxBoard(source, self._change)

    def flush(self) -> None:
        """Return when everything shown so far is on the disk."""
        self._writer.flush()

    def _change(self, row: _Row, changes: dict[str, Any]) -> None:
        changes = {name: _column(value) for name, value in changes.items()}
        news = {name: value for name, value in changes.items() if name in _NEWS}
        with self._lock:
            self._changed.setdefault(row, {}).update(changes)
            said = self._news.setdefault(row, {})
            if any(said.get(name, ...) != value for name, value in news.items()):
                said.update(news)
                self._urgent.add(row)
                if len(self._urgent) == 1:
                    self._writer.soon(_Write(self, urgent=True))
            elif not self._ticking:
                self._ticking = True
                self._writer.soon(_Write(self), self._written + _PACE - time.monotonic())

    def take(self, *, urgent: bool) -> _Changes:
        """What is to be written now; from then on it is the caller's."""
        with self._lock:
            if urgent:
                taken = {row: self._changed.pop(row) for row in self._urgent if row in self._changed}
            else:
                taken, self._changed = self._changed, {}
                self._ticking = False
                self._written = time.monotonic()
            self._urgent.clear()
            return taken

    def write(self, connection: Connection, changes: _Changes) -> None:
        """Write these rows under one new revision."""
        if not changes or not self._ours(connection):
            return
        rev = next_revision(connection)
        folders: list[dict[str, Any]] = []
        mailboxes: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)  # by the columns they change
        for (source, path), values in changes.items():
            if source is None:
                connection.execute(
                    update(schema.batch).where(schema.batch.c.name == self.name).values(**values, rev=rev)
                )
            elif path is None:
                mailboxes[tuple(sorted(values))].append({"which": source, "rev": rev, **values})
            else:
                folders.append({"batch": self.name, "source": source, "path": path, "rev": rev, **values})
        which = (schema.mailbox.c.batch == self.name) & (schema.mailbox.c.source == bindparam("which"))
        for alike in mailboxes.values():
            connection.execute(update(schema.mailbox).where(which), alike)
        if folders:
            connection.execute(_FOLDER, folders)

    def _ours(self, connection: Connection) -> bool:
        if self._run is None:
            return True
        held_by = select(schema.lease.c.run).where(schema.lease.c.name == f"batch:{self.name}")
        return connection.execute(held_by).scalar() == self._run


class MailboxBoard:
    """Where one mailbox of a batch is shown."""

    __slots__ = ("_change", "source")

    def __init__(self, source: str, change: Callable[[_Row, dict[str, Any]], None]) -> None:
        self.source = source
        self._change = change

    def set(self, **changes: Unpack[MailboxChanges]) -> None:
        """Show these; what is not named stays."""
        self._change(_Row(self.source), dict(changes))

    def counts(self, counts: Counts) -> None:
        """Show the mailbox's counts."""
        self._change(_Row(self.source), _counted(counts))

    def folder(self, path: FolderPath, destination_path: str, counts: Counts, note: str = "") -> None:
        """Show one folder. `note` says why it is skipped, or how it was renamed."""
        values = {"destination_path": printable(destination_path), "note": note, **_counted(counts)}
        self._change(_Row(self.source, _storable(str(path))), values)


class _Write:
    """A work of the writer. When its transaction failed it is run again, with what it took and what came since."""

    def __init__(self, board: Board, *, urgent: bool = False) -> None:
        self._board = board
        self._urgent = urgent
        self._taken: _Changes = {}

    def __call__(self, connection: Connection) -> None:
        for row, values in self._board.take(urgent=self._urgent).items():
            self._taken.setdefault(row, {}).update(values)
        self._board.write(connection, self._taken)


def _column(value: Any) -> Any:
    """A value as its column takes it; text is made printable."""
    if isinstance(value, datetime):
        return seconds(value)
    if type(value) is str:  # not an enumeration's
        return printable(value)
    return value


def _storable(path: str) -> str:
    """SQLite takes no half of a surrogate pair; such a name stays one of its own."""
    return path.encode(errors="backslashreplace").decode()


def _counted(counts: Counts) -> dict[str, Any]:
    return {name: getattr(counts, name) for name in COUNTS}
