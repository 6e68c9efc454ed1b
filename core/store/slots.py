"""Connections to an endpoint, counted over all processes of the state folder."""

import threading
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from core.clock import Clock, SystemClock
from core.store import schema
from core.store.database import Database
from core.store.holder import holders
from core.store.lease import Runner
from core.store.look import plain
from core.store.times import seconds

_FRESH = 3.0  # seconds for which a refused process counts as waiting unless it asks again
_MARKED = 1.0  # seconds between two marks that it still waits

_SLOT = schema.slot


@dataclass(slots=True)
class _Held:
    """What this process has of one endpoint: for each connection the limit it was asked with."""

    limits: list[int] = field(default_factory=list)
    wanted: int | None = None  # the limit of one more that it waits for
    since: float | None = None  # waiting since
    asked: float | None = None  # when that was last written


class Slots:
    """This process's connections. One for a process: the numbers it writes are all that the process uses.

    The lowest limit of all batches that hold a connection, or wait for one, counts for everyone. When connections are
    scarce, the process that has the fewest gets the next, and of equals the one that waits longest.
    """

    def __init__(self, database: Database, runner: Runner, clock: Clock | None = None) -> None:
        self._database = database
        self._runner = runner
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def acquire(self, endpoint: str, limit: int, *, now: int | None = None, waits: bool = True) -> bool:
        """Take one connection to `endpoint` (host:port) when there is one free; ask again later when not.

        `limit` is the batch's max_connections; it counts for everyone as long as the connection is held. `now`, when
        given, is a lower number that this process keeps to for the moment. Who does not wait when refused (`waits`)
        holds up no other process.
        """
        with self._lock:
            held = self._held.setdefault(endpoint, _Held())
            if now is not None and len(held.limits) >= now:
                return False
            granted = self._database.writer.do(
                lambda connection: self._ask(connection, endpoint, held, limit, waits=waits)
            )
            if granted:
                held.limits.append(limit)
                held.wanted = held.since = held.asked = None
            return granted

    def release(self, endpoint: str, limit: int | None = None) -> None:
        """Give back one connection, asked for with `limit` (the one held longest when not given).

        Does nothing when this process holds none of that kind. Where the store cannot be written now, others hear of it
        when it can be.
        """
        with self._lock:
            held = self._held.get(endpoint)
            if held is None or not held.limits or (limit is not None and limit not in held.limits):
                return
            held.limits.remove(held.limits[0] if limit is None else limit)
            self._database.writer.surely(lambda connection: self._write(connection, endpoint, held))

    def allow(self, endpoint: str, before: int, limit: int) -> None:
        """One connection that was asked for with the limit `before` counts with `limit` from now on."""
        with self._lock:
            held = self._held.get(endpoint)
            if held is None or before not in held.limits:
                return
            left = replace(held, limits=list(held.limits))
            left.limits[left.limits.index(before)] = limit
            self._database.writer.do(lambda connection: self._write(connection, endpoint, left))
            held.limits = left.limits

    def wanted(self, endpoint: str) -> bool:
        """Whether another process waits for a connection to `endpoint`."""
        fresh = seconds(self._clock.now()) - _FRESH
        query = select(_SLOT.c.run).where(
            _SLOT.c.endpoint == endpoint, _SLOT.c.run != self._runner.run, _SLOT.c.asked > fresh
        )
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def _ask(self, connection: Connection, endpoint: str, held: _Held, limit: int, *, waits: bool) -> bool:
        now = seconds(self._clock.now())
        self._runner.introduce(connection)
        self._reap(connection)
        rows = connection.execute(select(_SLOT).where(_SLOT.c.endpoint == endpoint, _SLOT.c.run != self._runner.run))
        others = rows.all()
        waiting = [row for row in others if row.asked is not None and row.asked > now - _FRESH]
        limits = [row.allowed for row in others if row.used] + [row.wanted for row in waiting]
        allowed = min([limit, *held.limits, *limits])
        free = allowed - len(held.limits) - sum(row.used for row in others)
        mine = (len(held.limits), now if held.since is None else held.since)
        ahead = sum((row.used, row.waiting) < mine for row in waiting)
        if free > ahead:
            self._write(connection, endpoint, _Held([*held.limits, limit]))
            return True
        if waits and (held.asked is None or held.asked < now - _MARKED):
            waits_on = held.asked is not None and held.asked > now - _FRESH
            held.wanted, held.since, held.asked = limit, held.since if waits_on else now, now
            self._write(connection, endpoint, held)
        return False

    def _write(self, connection: Connection, endpoint: str, held: _Held) -> None:
        """Make the row say what this process has, and since when it waits for more."""
        if not held.limits and held.since is None:
            mine = (_SLOT.c.endpoint == endpoint) & (_SLOT.c.run == self._runner.run)
            connection.execute(delete(_SLOT).where(mine))
            return
        values = {
            "used": len(held.limits),
            "allowed": min(held.limits, default=0),
            "wanted": held.wanted,
            "waiting": held.since,
            "asked": held.asked,
        }
        connection.execute(
            insert(_SLOT)
            .values(endpoint=endpoint, run=self._runner.run, **values)
            .on_conflict_do_update(index_elements=["endpoint", "run"], set_=values)
        )

    def _reap(self, connection: Connection) -> None:
        """Forget the connections of processes that are dead."""
        runs = set(connection.execute(select(_SLOT.c.run).where(_SLOT.c.run != self._runner.run)).scalars())
        if not runs:
            return
        processes = holders(plain(connection), "run", self._clock.now())
        for run in runs - {run for run, process in processes.items() if process.alive}:
            connection.execute(delete(_SLOT).where(_SLOT.c.run == run))
            connection.execute(delete(schema.lease).where(schema.lease.c.name == f"run:{run}"))
