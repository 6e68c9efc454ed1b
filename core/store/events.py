"""The event log in the store: written in bulk, read by everyone."""

import threading
from collections import Counter, deque
from collections.abc import Sequence
from sys import intern
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, text

from core.event import Event, EventKind, Level
from core.store import schema
from core.store.database import Database
from core.store.many import Many
from core.store.times import moment, seconds

KEEP = 100_000  # events of single messages and folders that are kept, a batch
_GATHER = 0.1  # seconds in which events are gathered before they are written

_EVENT = schema.event
_INSERT = Many(insert(_EVENT))
# The partial index by name: of two that would do, SQLite takes either.
_EXPENDABLE = f"event INDEXED BY event_expendable WHERE batch = :batch AND {schema.EXPENDABLE}"
_OLDEST = text(f"SELECT id FROM {_EXPENDABLE} ORDER BY id DESC LIMIT 1 OFFSET :keep")  # noqa: S608 - constants
_FORGET = text(f"DELETE FROM {_EXPENDABLE} AND id <= :number")  # noqa: S608
_COLUMNS = (
    _EVENT.c.id,
    _EVENT.c.time,
    _EVENT.c.level,
    _EVENT.c.kind,
    _EVENT.c.text,
    _EVENT.c.batch,
    _EVENT.c.mailbox,
    _EVENT.c.folder,
    _EVENT.c.uid,
)


class EventLog:
    """All events of the store. `append` is a `core.event.Tell`: it costs microseconds and waits for nothing.

    Events keep the order in which they were appended; what was appended is written when the database closes, at the
    latest. Beyond `keep` a batch, older debug and info events are forgotten; warnings, errors and whatever is said of
    a batch or a mailbox as a whole stay.
    """

    def __init__(self, database: Database, *, keep: int = KEEP) -> None:
        self._database = database
        self._keep = keep
        self._lock = threading.Lock()
        self._gathered: deque[Event] = deque()
        self._scheduled = False
        self._untrimmed: Counter[str] = Counter()

    def append(self, event: Event) -> None:
        """Take an event; it is written within a moment."""
        self._gathered.append(event)
        if self._scheduled:
            return
        with self._lock:
            first, self._scheduled = not self._scheduled, True
        if first:
            self._database.writer.soon(_Insert(self), _GATHER)

    def flush(self) -> None:
        """Return when all events appended so far are on the disk."""
        self._database.writer.flush()

    def read(
        self,
        batch: str | None,
        *,
        after: int = 0,
        limit: int = 1000,
        level: Level = Level.DEBUG,
        mailbox: str | None = None,
    ) -> list[tuple[int, Event]]:
        """The events that follow number `after`, oldest first, with their numbers; None means all batches."""
        wanted = _wanted(batch, level, mailbox)
        query = select(*_COLUMNS).where(*wanted, _EVENT.c.id > after).order_by(_EVENT.c.id).limit(limit)
        with self._database.reading() as connection:
            return [_event(row) for row in connection.execute(query)]

    def last(
        self, batch: str | None, count: int, *, level: Level = Level.DEBUG, mailbox: str | None = None
    ) -> list[tuple[int, Event]]:
        """The newest `count` events, oldest first."""
        return self._newest(count, _wanted(batch, level, mailbox))

    def before(
        self, number: int, batch: str | None, count: int, *, level: Level = Level.DEBUG, mailbox: str | None = None
    ) -> list[tuple[int, Event]]:
        """The `count` events before number `number`, oldest first: a page up."""
        return self._newest(count, [*_wanted(batch, level, mailbox), _EVENT.c.id < number])

    def take(self) -> list[Event]:
        """What is to be written now; from then on it is the caller's."""
        # Before anything is taken: who appends from here on finds it False, or is taken along.
        self._scheduled = False
        return [self._gathered.popleft() for _ in range(len(self._gathered))]

    def write(self, connection: Connection, events: Sequence[Event]) -> None:
        """Write these events, and forget older ones where there are too many."""
        if not events:
            return
        _INSERT(connection, [_row(event) for event in events])
        for batch, number in Counter(event.batch for event in events).items():
            # The first time, nobody knows how many there are; then only now and again.
            first = batch not in self._untrimmed
            self._untrimmed[batch] += number
            if first or self._untrimmed[batch] > self._keep // 20:
                self._untrimmed[batch] = 0
                self._trim(connection, batch)

    def _trim(self, connection: Connection, batch: str) -> None:
        number = connection.execute(_OLDEST, {"batch": batch, "keep": self._keep}).scalar_one_or_none()
        if number is not None:
            connection.execute(_FORGET, {"batch": batch, "number": number})

    def _newest(self, count: int, wanted: list[ColumnElement[bool]]) -> list[tuple[int, Event]]:
        query = select(*_COLUMNS).where(*wanted).order_by(_EVENT.c.id.desc()).limit(count)
        with self._database.reading() as connection:
            return [_event(row) for row in connection.execute(query)][::-1]


class _Insert:
    """A work of the writer. When its transaction failed it is run again, with what it took and what came since."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._taken: list[Event] = []

    def __call__(self, connection: Connection) -> None:
        self._taken += self._log.take()
        self._log.write(connection, self._taken)


def _wanted(batch: str | None, level: Level, mailbox: str | None) -> list[ColumnElement[bool]]:
    wanted = []
    if batch is not None:
        wanted.append(_EVENT.c.batch == batch)
    if level > Level.DEBUG:
        wanted.append(_EVENT.c.level >= int(level))
    if mailbox is not None:
        wanted.append(_EVENT.c.mailbox == mailbox)
    return wanted


def _row(event: Event) -> dict[str, Any]:
    return {
        "time": seconds(event.time),
        "level": int(event.level),
        "batch": event.batch,
        "mailbox": event.mailbox,
        "folder": event.folder,
        "uid": event.uid,
        "kind": event.kind.value,
        "text": event.text,
    }


def _event(row: Any) -> tuple[int, Event]:
    number, time, level, kind, said, *names, uid = row
    # Names come again and again: one object for all saves a third of the memory of a long log.
    batch, mailbox, folder = map(intern, names)
    return number, Event(moment(float(time)), Level(level), EventKind(kind), said, batch, mailbox, folder, uid)
