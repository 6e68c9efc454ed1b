"""Who runs a batch, who moves a pair: one process at a time, and a dead one's lease is free.

A lease is held as long as its process lives. On this host that is looked up, so that a crash blocks nothing and a
process that merely stands still is never taken over. Of another host only the heartbeat is known.
"""

import secrets
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from core.clock import Clock, SystemClock
from core.errors import FencedError, HeldError
from core.mail.key import PairId
from core.store import schema
from core.store.database import Database
from core.store.holder import holder_of, taken_over
from core.store.look import plain
from core.store.process import this_process
from core.store.times import rfc3339, seconds

_BEAT = 5.0  # seconds between heartbeats

_LEASE = schema.lease


@dataclass(frozen=True, slots=True, eq=False)
class Lease:
    """A lease that this process holds, until `release`."""

    name: str
    since: float
    _runner: "Runner"

    def check(self) -> None:
        """See that it is ours still. Raises FencedError, saying who has taken it over."""
        self._runner.check(self)

    def release(self) -> None:
        """Give it back; once more does nothing. Where the store cannot be written now, it is done when it can be."""
        self._runner.give_back(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.release()


@dataclass(frozen=True, slots=True, eq=False)
class PairLease(Lease):
    """The lease of a pair. `epoch` is what every write to its ledger is checked against."""

    epoch: int


class Runner:
    """This process, as the holder of leases. One thread tells every few seconds that it lives."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self.run = secrets.token_hex(8)
        self._database = database
        self._clock = clock or SystemClock()
        self._process = this_process()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def take(self, name: str) -> Lease:
        """Take the lease `name`, such as ``batch:sales-wave-1``. Raises HeldError, saying who holds it."""
        lease = Lease(name, seconds(self._clock.now()), self)
        self._beat()
        self._database.writer.do(
            lambda connection: self._claim(connection, lease, f"{name.replace(':', ' ', 1)} is run")
        )
        return lease

    def take_pair(self, pair: int) -> PairLease:
        """Take the lease of a pair, by its number; whoever held it before can write to its ledger no more."""
        name, since = f"pair:{pair}", seconds(self._clock.now())

        def claim(connection: Connection) -> PairLease:
            row = connection.execute(select(schema.pair).where(schema.pair.c.id == pair)).one()
            lease = PairLease(name, since, self, row.epoch + 1)
            names = PairId(row.source_identity, row.source_login, row.destination_identity, row.destination_address)
            self._claim(connection, lease, f"mailbox {names} is moved")
            connection.execute(update(schema.pair).where(schema.pair.c.id == pair).values(epoch=lease.epoch))
            return lease

        self._beat()
        return self._database.writer.do(claim)

    def introduce(self, connection: Connection) -> None:
        """Make this process known by the lease ``run:ID``, for what is not a lease but ends with the process."""
        now = seconds(self._clock.now())
        values = self._row(f"run:{self.run}", now)
        connection.execute(upsert(_LEASE).values(**values).on_conflict_do_nothing())
        self._beat()

    def check(self, lease: Lease) -> None:
        """As `Lease.check`."""
        with self._database.look() as look:
            found = holder_of(look, lease.name, self._clock.now())
        if found is None or found.run != self.run:
            raise FencedError(taken_over(f"{lease.name.replace(':', ' ', 1)}", found))

    def give_back(self, lease: Lease) -> None:
        """As `Lease.release`."""
        mine = (_LEASE.c.name == lease.name) & (_LEASE.c.run == self.run) & (_LEASE.c.since == lease.since)
        self._database.writer.surely(lambda connection: connection.execute(delete(_LEASE).where(mine)))

    def close(self) -> None:
        """Give back everything."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
            self._database.writer.do(self._leave)

    def _claim(self, connection: Connection, lease: Lease, said: str) -> None:
        holder = holder_of(plain(connection), lease.name, self._clock.now())
        if holder is not None:
            if holder.run == self.run:
                raise HeldError(f"{said} by this process, since {rfc3339(holder.since)}")
            if holder.alive:
                cure = f"; it was stopped by a signal: 'kill -CONT {holder.pid}' lets it go on" if holder.frozen else ""
                raise HeldError(f"{said} by {holder}{cure}")
            connection.execute(delete(_LEASE).where(_LEASE.c.name == lease.name))
        connection.execute(insert(_LEASE).values(**self._row(lease.name, lease.since)))

    def _row(self, name: str, now: float) -> dict[str, Any]:
        process = self._process
        return {
            "name": name,
            "run": self.run,
            "host": process.host,
            "boot": process.boot,
            "pid": process.pid,
            "started": process.started,
            "since": now,
            "heartbeat": now,
        }

    def _beat(self) -> None:
        """See that the heartbeat runs."""
        with self._lock:
            if self._closed.is_set():
                raise RuntimeError("this runner is closed")
            if self._thread is None:
                # A daemon, as the writer: a process whose main thread died must not look alive for ever.
                self._thread = threading.Thread(target=self._beats, name="store-heartbeat", daemon=True)
                self._thread.start()

    def _beats(self) -> None:
        while not self._closed.wait(_BEAT):
            self._database.writer.soon(self._tell)

    def _tell(self, connection: Connection) -> None:
        now = seconds(self._clock.now())
        connection.execute(update(_LEASE).where(_LEASE.c.run == self.run).values(heartbeat=now))

    def _leave(self, connection: Connection) -> None:
        connection.execute(delete(schema.slot).where(schema.slot.c.run == self.run))
        connection.execute(delete(_LEASE).where(_LEASE.c.run == self.run))
