"""A source and a destination in memory, with every fault that the ports may show; and a pass between them.

For what needs a thousand odd turns; the real servers stand in tests/system.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from core.batch.definition import Options
from core.event import Event
from core.mail.key import PairId
from core.mail.outcome import Counts
from core.ports.failure import Action, EndpointError, FolderChangedError, Side
from core.status import PassKind
from core.store.board import Board
from core.store.database import Database
from core.store.ledger import Ledger
from core.store.names import COUNTS
from core.sync.context import PassContext, PassResult, never, nothing
from core.sync.control import Budget
from core.sync.mailbox_pass import run_pass
from core.sync.narrate import Narrate
from tests.core.sync.new_server import Fault, MemoryDestination, failure
from tests.core.sync.old_server import START, Calls, MemorySource, OldServer

__all__ = ["Fault", "MemoryDestination", "OldServer", "World", "failure"]

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
    """Control and Budget of one pass; `stop_after` looks at `stopping` it says yes, or once `stopped` is set."""

    clock: HeldClock
    stop_after: int | None = None
    stopped: bool = False
    waited: list[float] = field(default_factory=list)
    held: int = 0

    def stopping(self) -> bool:
        if self.stop_after is not None:
            self.stop_after -= 1
            self.stopped = self.stopped or self.stop_after < 0
        return self.stopped

    def cut(self) -> bool:
        return False

    def wait(self, seconds: float) -> bool:
        self.waited.append(seconds)
        self.clock.at += timedelta(seconds=seconds)
        return self.stopping()

    def take(self, size: int, control: object) -> bool:
        self.held += size
        return True

    def also(self, size: int) -> None:
        self.held += size

    def give(self, size: int) -> None:
        self.held -= size
        assert self.held >= 0


class World:
    """Both servers, a store, and passes between them; each pass with a new Ledger, as a new process has."""

    def __init__(
        self,
        folder: Path,
        *,
        keyed: bool = True,
        condstore: bool = True,
        names_items: bool = True,
        at_once: int = 1,
        options: Options | None = None,
    ) -> None:
        self.clock = HeldClock()
        self.calls = Calls()
        self.old = OldServer(condstore=condstore)
        self.new = MemoryDestination(self.clock, self.calls, keyed=keyed, names_items=names_items, at_once=at_once)
        self.source_faults: list[Callable[[], None]] = []
        self.database = Database.open(folder)
        self.options = options or Options()
        self.events: list[Event] = []
        self.steering = Steering(self.clock)
        self.budget: Budget | None = None  # None: endless
        self.another: Callable[[int], bool] = lambda flying: flying < at_once
        self.idle: Callable[[], None] = nothing
        self.limited: Callable[[Side], bool] = never
        self.board = Board(self.database, "batch")
        self.epoch = 0

    def ledger(self) -> Ledger:
        return Ledger(self.database, PAIR, self.epoch)

    def context(self, kind: PassKind, *, retry_rejected: bool) -> PassContext:
        return PassContext(
            MemorySource(self.old, self.source_faults, self.calls),
            self.new,
            self.ledger(),
            self.options,
            kind,
            self.steering,
            self.budget or self.steering,
            Narrate(self.events.append, self.clock, "batch", "ann"),
            self.board.mailbox("ann"),
            self.clock,
            settle=10.0,
            state=self.database.folder,
            retry_rejected=retry_rejected,
            limited=self.limited,
            another=self.another,
            idle=self.idle,
        )

    def run(
        self, *, kind: PassKind = PassKind.INCREMENTAL, stop_after: int | None = None, retry_rejected: bool = False
    ) -> PassResult:
        """One pass; what it raises, it raises."""
        self.steering = Steering(self.clock, stop_after)
        context = self.context(kind, retry_rejected=retry_rejected)
        try:
            result = run_pass(context)
        finally:
            assert self.steering.held == 0, "memory was not given back"
        if result.finished:
            counts = context.ledger.total()
            assert counts.pending == 0
            assert self.ledger().total() == counts, "counted in memory what a new process does not find"
            assert self.shown() == counts, "the folders' counts do not add up to the mailbox's"
        return result

    def shown(self) -> Counts:
        """The sum of what the board shows folder by folder."""
        self.board.flush()
        columns = ", ".join(f"coalesce(sum({name}), 0)" for name in COUNTS)
        with self.database.reading() as connection:
            return Counts(*connection.exec_driver_sql(f"SELECT {columns} FROM board_folder").one())

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

    def each_ends_once(self, number: int) -> None:
        """Start anew whatever stops the mailbox, to the end: each of so many different messages is there once, or
        rejected."""
        while True:
            try:
                self.until_done()
            except EndpointError as error:
                if error.failure.action is not Action.STOP_MAILBOX:
                    raise
            else:
                break
        there, counts = [data for _, data in self.new.all()], self.ledger().total()
        assert len(there) == len(set(there)) == counts.copied
        assert counts.copied + counts.rejected == number

    def lost(self) -> None:
        """A link that breaks: for `calls.before` and `source_faults`."""
        raise EndpointError(failure(Action.RETRY))

    def gone(self) -> None:
        """A folder that cannot be opened."""
        raise FolderChangedError("gone")

    def stop(self) -> None:
        """Somebody stops the pass that runs now."""
        self.steering.stopped = True

    def fence(self) -> None:
        """Another process takes the pair over; the next pass is its."""
        self.database.writer.do(lambda connection: connection.exec_driver_sql("UPDATE pair SET epoch = epoch + 1"))
        self.epoch += 1

    def forget_ledger(self) -> None:
        self.database.writer.do(lambda connection: connection.exec_driver_sql("DELETE FROM pair"))

    def close(self) -> None:
        self.database.close()
