"""The event log in the store: written in bulk, read by everyone."""

import sqlite3
import threading
from collections import Counter, deque
from collections.abc import Sequence
from sys import intern
from typing import TYPE_CHECKING, Any

from core.event import Event, EventKind, Level
from core.store.database import Database
from core.store.look import plain
from core.store.names import EXPENDABLE
from core.store.times import moment, seconds

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEEP = 100_000  # events of single messages and folders that are kept, a batch
_GATHER = 0.1  # seconds in which events are gathered before they are written

_INSERT = "INSERT INTO event (time, level, kind, text, batch, mailbox, folder, uid) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT id, time, level, kind, text, batch, mailbox, folder, uid FROM event"
_CONDITIONS = {
    "batch": "batch = :batch",
    "mailbox": "mailbox = :mailbox",
    "level": "level >= :level",
    "after": "id > :after",
    "before": "id < :before",
}
# The partial index by name: of two that would do, SQLite takes either.
_EXPENDABLE = f"event INDEXED BY event_expendable WHERE batch = :batch AND {EXPENDABLE}"
_OLDEST = f"SELECT id FROM {_EXPENDABLE} ORDER BY id DESC LIMIT 1 OFFSET :keep"  # noqa: S608 - constants
_FORGET = f"DELETE FROM {_EXPENDABLE} AND id <= :number"  # noqa: S608


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
        return self._found("ASC", limit, after=after, batch=batch, level=level, mailbox=mailbox)

    def last(
        self, batch: str | None, count: int, *, level: Level = Level.DEBUG, mailbox: str | None = None
    ) -> list[tuple[int, Event]]:
        """The newest `count` events, oldest first."""
        return self._found("DESC", count, batch=batch, level=level, mailbox=mailbox)[::-1]

    def before(
        self, number: int, batch: str | None, count: int, *, level: Level = Level.DEBUG, mailbox: str | None = None
    ) -> list[tuple[int, Event]]:
        """The `count` events before number `number`, oldest first: a page up."""
        return self._found("DESC", count, before=number, batch=batch, level=level, mailbox=mailbox)[::-1]

    def take(self) -> list[Event]:
        """What is to be written now; from then on it is the caller's."""
        # Before anything is taken: who appends from here on finds it False, or is taken along.
        self._scheduled = False
        return [self._gathered.popleft() for _ in range(len(self._gathered))]

    def write(self, connection: sqlite3.Connection, events: Sequence[Event]) -> None:
        """Write these events, and forget older ones where there are too many."""
        if not events:
            return
        connection.executemany(_INSERT, map(_row, events))
        for batch, number in Counter(event.batch for event in events).items():
            # The first time, nobody knows how many there are; then only now and again.
            first = batch not in self._untrimmed
            self._untrimmed[batch] += number
            if first or self._untrimmed[batch] > self._keep // 20:
                self._untrimmed[batch] = 0
                self._trim(connection, batch)

    def _trim(self, connection: sqlite3.Connection, batch: str) -> None:
        number = connection.execute(_OLDEST, {"batch": batch, "keep": self._keep}).fetchone()
        if number is not None:
            connection.execute(_FORGET, {"batch": batch, "number": number[0]})

    def _found(self, order: str, limit: int, **wanted: str | int | None) -> list[tuple[int, Event]]:
        """Those that meet the conditions of these names; None is no condition."""
        values = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join(_CONDITIONS[name] for name in values)
        query = f"{_SELECT} WHERE {where} ORDER BY id {order} LIMIT :limit"
        with self._database.look() as look:
            return [_event(row) for row in look.execute(query, {**values, "limit": limit})]


class _Insert:
    """A work of the writer. When its transaction failed it is run again, with what it took and what came since."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._taken: list[Event] = []

    def __call__(self, connection: "Connection") -> None:
        self._taken += self._log.take()
        self._log.write(plain(connection), self._taken)


def _row(event: Event) -> tuple[str | float | None, ...]:
    return (
        seconds(event.time),
        int(event.level),
        event.kind.value,
        event.text,
        event.batch,
        event.mailbox,
        event.folder,
        event.uid,
    )


def _event(row: Any) -> tuple[int, Event]:
    number, time, level, kind, said, *names, uid = row
    # Names come again and again: one object for all saves a third of the memory of a long log.
    batch, mailbox, folder = map(intern, names)
    return number, Event(moment(float(time)), Level(level), EventKind(kind), said, batch, mailbox, folder, uid)
