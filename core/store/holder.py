"""Who holds a lease, and whether that process still lives."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.clock import SystemClock
from core.store.database import Database
from core.store.process import Process, Standing
from core.store.times import moment, rfc3339

_SILENCE = 60.0  # seconds without a heartbeat after which a process of another host counts as dead
_LEASES = "SELECT host, boot, pid, started, since, heartbeat, run, name FROM lease"


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lease, or held it when it died (`alive` is False)."""

    host: str
    pid: int
    since: datetime
    heartbeat: datetime
    alive: bool
    frozen: bool = False  # it lives, but was stopped by a signal
    run: str = ""

    def __str__(self) -> str:
        return f"{self.host}, process {self.pid}, since {rfc3339(self.since)}"


def holder(database: Database, name: str) -> Holder | None:
    """Who holds a lease, or did when it died; None when nobody does."""
    with database.look() as look:
        return holder_of(look, name)


def holder_of(look: sqlite3.Connection, name: str, now: datetime | None = None) -> Holder | None:
    """The same, within a look at the store."""
    row = look.execute(f"{_LEASES} WHERE name = ?", (name,)).fetchone()
    return None if row is None else _holder(row, now or SystemClock().now())


def holders(look: sqlite3.Connection, kind: str, now: datetime | None = None) -> dict[str, Holder]:
    """The holders of all leases of a kind, such as ``batch``, by what stands behind the colon."""
    now = now or SystemClock().now()
    rows = look.execute(f"{_LEASES} WHERE name > ? AND name < ?", (f"{kind}:", f"{kind};"))
    return {row[-1].removeprefix(f"{kind}:"): _holder(row, now) for row in rows}


def taken_over(what: str, by: Holder | None) -> str:
    """What to say of a lease that is no longer ours."""
    who = "another process, which has given it back since," if by is None else str(by)
    return f"while this process stood still, {who} took over {what}; nothing more is written or sent from here"


def _holder(row: Sequence[Any], now: datetime) -> Holder:
    host, boot, pid, started, since, beat, run, _ = row
    heartbeat = moment(float(beat))
    standing = Process(host, boot, pid, started).standing()
    alive = standing in {Standing.RUNS, Standing.FROZEN} or (
        standing is Standing.ELSEWHERE and (now - heartbeat).total_seconds() <= _SILENCE
    )
    return Holder(host, pid, moment(float(since)), heartbeat, alive, standing is Standing.FROZEN, run)
