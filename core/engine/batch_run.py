"""One batch, running in this process."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from core.batch.dials import Dial
from core.batch.readiness import prompts
from core.engine.context import RunContext
from core.engine.detached import Order
from core.engine.mailbox import MailboxRun
from core.engine.roster import OFF_HOURS, Roster
from core.engine.standing import UNFINISHED, Mark, Stage, count, exit_code, over, resting, standing
from core.engine.steering import POLL, Steering
from core.engine.workers import Workers
from core.errors import EXIT_FAULT, EXIT_STOPPED, MailcutoverError
from core.event import EventKind
from core.status import BatchStatus, Condition, Wish
from core.store.dials import Dials
from core.store.lease import Lease
from core.store.wanted import Wanted
from core.sync.narrate import Narrate


class BatchRun:
    """A batch that this process moves in threads of its own, until it is done or told to stop.

    One thread steers: it polls what is wanted, and ends the run. The others are the workers. `exit_code` is None until
    it has ended, then one of the contract's: 0, 1, 3, or 70 with `faults`.
    """

    def __init__(
        self,
        run: RunContext,
        lease: Lease,
        mailboxes: Sequence[MailboxRun],
        others: Sequence[Mark],
        ended: Callable[["BatchRun"], None],
    ) -> None:
        self.name = run.batch.name
        self.exit_code: int | None = None
        self._run = run
        self._lease = lease
        self._on_end = ended
        self._faults: list[BaseException] = []
        self._steering = Steering(run.patience.grace)
        self._wanted = Wanted(run.database)
        self._dials = Dials(run.database)
        self._roster = Roster(run, mailboxes, others, self._steering, self._changed)
        self._workers = Workers(f"move {self.name}", self._roster.timetable, self._work)
        self._narrate = Narrate(run.tell, run.clock, self.name, "")
        self._wish = Wish.RUN
        self._shown: object = None
        self._told = False
        self._nudge = threading.Event()
        self._over = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._main, name=f"steer {self.name}")

    # --- for who started it ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start its threads; returns at once."""
        self._thread.start()

    def stop(self, *, now: bool = False) -> None:
        """Begin nothing new; end when what is in flight has finished, or, with `now`, without waiting for that."""
        self._steering.tell(Wish.STOP_NOW if now else Wish.STOP)
        self._told = True
        self._nudge.set()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until it has ended, at most `timeout` seconds; True when it has."""
        return self._ended.wait(timeout)

    @property
    def order(self) -> Order:
        """What this run was told, so that another process can go on with it."""
        run = self._run
        mailboxes = [mailbox.mailbox for mailbox in self._roster.mailboxes]
        return Order(
            self.name,
            run.batch.file,
            [mailbox.source for mailbox in mailboxes],
            prompts(run.batch, mailboxes),
            run.watch,
            run.retry_rejected,
        )

    @property
    def in_flight(self) -> int:
        """How many mailboxes are being worked on just now."""
        return self._roster.count(Stage.RUNNING)

    @property
    def cut_off(self) -> bool:
        """Whether it was told not even to wait for what is in flight."""
        return self._steering.batch() is Wish.STOP_NOW

    @property
    def paused(self) -> Sequence[str]:
        """Source logins of the mailboxes that are paused or stopped."""
        return self._roster.parked()

    @property
    def faults(self) -> Sequence[BaseException]:
        """Faults of our own, those of a mailbox already told as events; and a store that failed us."""
        return [*self._faults, *self._roster.faults]

    # --- its threads -------------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            self._run.doors.load(self._run.batch)
            self._begin()
            while not self._over.is_set():
                self._steer()
                self._nudge.wait(POLL)
                self._nudge.clear()
        except BaseException as fault:  # noqa: BLE001  kept for who joins; the batch ends in order
            self._faults.append(fault)
        try:
            self._end()
        except BaseException as fault:  # noqa: BLE001
            self._faults.append(fault)
        self.exit_code = max(map(_code, self.faults), default=self._ended_with())
        self._on_end(self)
        self._ended.set()

    def _begin(self) -> None:
        number = len(self._roster.mailboxes)
        self._narrate.info(EventKind.BATCH_STARTED, f"{number} mailbox{'es' if number != 1 else ''}")
        for warning in self._run.batch.warnings():
            self._narrate.warning(EventKind.BATCH_WARNING, warning)
        self._run.board.batch(warning="; ".join(self._run.batch.warnings()))
        self._steering.read(self._wanted.read(self.name))
        self._roster.begin()
        self._roster.close(self._run.live.closed_until())
        self._turn()
        self._allow()

    def _steer(self) -> None:
        self._lease.check()
        wishes = self._wanted.read(self.name)
        if self._turn():
            self._allow()
        self._roster.close(self._run.live.closed_until())
        for source, demand in wishes.demands:
            self._wanted.took(self.name, demand, source)
            if not self._roster.asked(source, demand):
                self._narrate.warning(EventKind.BATCH_WARNING, f"{source} is not part of this run")
        fresh = self._steering.read(wishes)
        if not fresh and not self._told:
            return
        self._told = False
        self._announce(self._steering.batch())
        self._roster.steered()

    def _turn(self) -> bool:
        """Let what was changed since the batch file was read count; whether anything was."""
        changes = {
            Dial(key): setting.turned
            for key, setting in self._dials.read(self.name).items()
            if setting.turned is not None
        }
        if not self._run.live.turn(changes):
            return False
        said = ", ".join(f"{dial} = {value or 'no limit'}" for dial, value in changes.items())
        self._narrate.info(EventKind.BATCH_CHANGED, f"differs from its file: {said}" if said else "as its file says")
        return True

    def _allow(self) -> None:
        """Run as many mailboxes, over as many connections, as may be now."""
        live = self._run.live
        for need in live.needs.values():
            self._run.connections.allow(need)
        self._roster.allow(live.at_once)
        self._workers.grow(min(live.at_once, len(self._roster.mailboxes)))

    def _announce(self, wish: Wish) -> None:
        before, self._wish = self._wish, wish
        if wish is before:
            return
        if wish is Wish.RUN:
            self._narrate.info(EventKind.BATCH_RESUMED, "resumed")
        else:
            word = "Pausing" if wish is Wish.PAUSE else "Stopping"
            self._narrate.info(EventKind.BATCH_STOPPING, f"{word}, {self.in_flight} in flight")

    def _work(self, mailbox: MailboxRun) -> None:
        """What a worker does; a fault here, such as a store that cannot be written, ends the batch."""
        try:
            self._roster.work(mailbox)
        except BaseException as fault:  # noqa: BLE001
            self._faults.append(fault)
            self._over.set()
            self.stop()

    def _changed(self) -> None:
        """Show how the batch stands. Called by the roster, under its lock."""
        run, roster, wish = self._run, self._roster, self._steering.batch()
        status, condition = standing(roster.tally, wish, watch=run.watch)
        waiting = roster.waiting(condition)
        idle = wish is Wish.RUN and not count(roster.tally, *UNFINISHED)
        due = roster.next_due() if run.watch and idle else None
        closed = roster.closed_until
        held = condition is None and wish is Wish.RUN and count(roster.tally, Stage.QUEUED, Stage.WAITING)
        if closed is not None and held and not count(roster.tally, Stage.RUNNING):
            condition = Condition.WAITING_FOR_HOURS
        off = condition is Condition.WAITING_FOR_HOURS
        shown = (status, condition, closed if off else waiting and waiting.until, due)
        if shown != self._shown:
            self._shown = shown
            until, why = (closed, OFF_HOURS) if off else (waiting.until, waiting.why) if waiting else (None, "")
            next_pass = None if due is None else run.clock.now() + timedelta(seconds=due - run.clock.monotonic())
            run.board.batch(status=status, condition=condition, until=until, why=why, next_pass=next_pass)
            self._tell(status, condition, why, next_pass)
        if over(roster.tally, wish, watch=run.watch, linger=run.linger):
            self._over.set()
            self._nudge.set()

    def _tell(self, status: BatchStatus, condition: Condition | None, why: str, next_pass: datetime | None) -> None:
        if status is BatchStatus.STOPPED and condition is Condition.PAUSED:
            self._narrate.info(EventKind.BATCH_PAUSED, "paused")
        elif next_pass is not None:
            self._narrate.info(EventKind.BATCH_WAITING, f"{status}; next pass at {next_pass:%Y-%m-%d %H:%M:%S} UTC")
        elif why:
            self._narrate.warning(EventKind.BATCH_WAITING, why)

    def _end(self) -> None:
        """Let the workers finish, say how the batch stands, and give it back."""
        self._steering.tell(Wish.STOP)
        self._roster.timetable.close()
        self._workers.join()
        try:
            tally = self._roster.tally
            self._roster.rest()
            status, condition = resting(tally)
            self._run.board.batch(status=status, condition=condition, until=None, why="", next_pass=None)
            if self._ended_with() == EXIT_STOPPED:
                held = ", ".join(self._roster.parked())
                self._narrate.info(EventKind.BATCH_STOPPED, f"stopped; not done: {held}" if held else "stopped")
            else:
                self._narrate.info(EventKind.BATCH_FINISHED, str(status))
            self._run.board.flush()
        finally:
            self._lease.release()

    def _ended_with(self) -> int:
        return exit_code(self._roster.tally, watch=self._run.watch)


def _code(fault: BaseException) -> int:
    return fault.exit_code if isinstance(fault, MailcutoverError) else EXIT_FAULT
