"""The mailboxes of one run: who is due, who is running, who is paused, and what becomes of each after a try."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from core.engine.attempt import Attempt
from core.engine.context import RunContext
from core.engine.ending import Done, Ending, Fails, Halted, Waits
from core.engine.mailbox import MailboxRun
from core.engine.schedule import Timetable, next_pass
from core.engine.standing import ENDED, Mark, Stage, Tally, count
from core.engine.steering import Steering
from core.mail.outcome import Counts
from core.status import Condition, Demand, PassKind, Wish

#: Due at once, the first before any that has not begun.
_NOW, _FIRST = 0.0, -1.0

#: Why nothing moves outside the active hours.
OFF_HOURS = "outside options.active_hours"


class Roster:
    """Whatever changes how a mailbox stands happens here, under one lock, so that the tally is never behind.

    `changed` is called under that lock after each change. `others` are mailboxes of the batch that this run leaves
    alone.
    """

    def __init__(
        self,
        run: RunContext,
        mailboxes: Sequence[MailboxRun],
        others: Sequence[Mark],
        steering: Steering,
        changed: Callable[[], None],
    ) -> None:
        self.mailboxes = mailboxes
        self.tally = Tally([*others, *(mailbox.mark for mailbox in mailboxes)])
        self.faults: list[BaseException] = []
        self.timetable: Timetable[MailboxRun] = Timetable(run.clock, self._held_until)
        self.closed_until: datetime | None = None  # the active hours begin then
        self._run = run
        self._steering = steering
        self._changed = changed
        self._lock = threading.RLock()

    def begin(self) -> None:
        """Queue every mailbox in the order of the batch file, but for those with a wish of their own."""
        with self._lock:
            for mailbox in self.mailboxes:
                self._queue(mailbox, _NOW)
                self._steer(mailbox)
            self._changed()

    def steered(self) -> None:
        """See that every mailbox does what is wanted of it now."""
        with self._lock:
            for mailbox in self.mailboxes:
                self._steer(mailbox)
            self.timetable.wake()
            self._changed()

    def work(self, mailbox: MailboxRun) -> None:
        """One try at a mailbox that the timetable gave out, and what comes after it. Called by a worker."""
        with self._steering.control(mailbox.source) as control:
            with self._lock:
                with self._moving(mailbox):
                    mailbox.running()
                self._steer(mailbox)
                if self.closed_until is not None:
                    self._steering.step_aside(mailbox.source)
                self._changed()
            ending = Attempt(
                self._run, mailbox, control, lambda kind, counts: self._passing(mailbox, kind, counts)
            ).go()
        with self._lock:
            self._after(mailbox, ending)
            self._steer(mailbox)
            self._changed()

    def allow(self, number: int) -> None:
        """So many mailboxes may run at once from now on; of those above that the last to begin step aside."""
        with self._lock:
            self.timetable.allow(number)
            running = sorted((m for m in self.mailboxes if m.mark.stage is Stage.RUNNING), key=lambda m: m.began)
            for mailbox in running[number:]:
                self._steering.step_aside(mailbox.source)

    def close(self, until: datetime | None) -> None:
        """Outside the active hours, until then, nothing is begun and what runs steps aside; None: inside them."""
        with self._lock:
            if until == self.closed_until:
                return
            self.closed_until = until
            for mailbox in self.mailboxes:
                stage, condition = mailbox.mark.stage, mailbox.mark.condition
                if until is not None and stage is Stage.RUNNING:
                    self._steering.step_aside(mailbox.source)
                waits = stage is Stage.WAITING and condition is Condition.WAITING_FOR_HOURS
                if waits and self.timetable.drop(mailbox):
                    self._queue(mailbox, _FIRST)
            self.timetable.wake()
            self._changed()

    def asked(self, source: str, demand: Demand) -> bool:
        """Another pass over a mailbox, or with "" over all; False when it is not part of this run."""
        with self._lock:
            chosen = [mailbox for mailbox in self.mailboxes if source in {"", mailbox.source}]
            for mailbox in chosen:
                mailbox.retrying = mailbox.retrying or demand is Demand.RETRY
                if mailbox.mark.stage is Stage.RUNNING:
                    mailbox.again = True
                elif mailbox.mark.stage in ENDED:
                    self.timetable.drop(mailbox)
                    self._queue(mailbox, _FIRST)
            self._changed()
            return bool(chosen)

    def count(self, *stages: Stage) -> int:
        """How many mailboxes are at one of these stages."""
        with self._lock:
            return count(self.tally, *stages)

    def parked(self) -> list[str]:
        """Source logins of the mailboxes that are paused or stopped."""
        with self._lock:
            return [mailbox.source for mailbox in self.mailboxes if mailbox.mark.stage is Stage.PARKED]

    def waiting(self, condition: Condition | None) -> MailboxRun | None:
        """Of the mailboxes that wait in this condition the one that waits shortest."""
        with self._lock:
            found = (m for m in self.mailboxes if m.mark.stage is Stage.WAITING and m.mark.condition is condition)
            return min(found, key=lambda m: m.until, default=None) if condition is not None else None

    def next_due(self) -> float | None:
        """When the next pass of any mailbox is due, on the monotonic clock; None when none is."""
        with self._lock:
            return min((m.due for m in self.mailboxes if m.mark.stage in ENDED), default=None)

    def rest(self) -> None:
        """The run is over: mailboxes whose turn never came are what they were."""
        with self._lock:
            for mailbox in self.mailboxes:
                if mailbox.mark.stage is Stage.QUEUED:
                    mailbox.rested()

    # --- inside, under the lock ------------------------------------------------------------------------------------

    @contextmanager
    def _moving(self, mailbox: MailboxRun) -> Iterator[None]:
        self.tally[mailbox.mark] -= 1
        try:
            yield
        finally:
            self.tally[mailbox.mark] += 1

    def _queue(self, mailbox: MailboxRun, due: float) -> None:
        with self._moving(mailbox):
            mailbox.queued()
        self._put(mailbox, due)

    def _put(self, mailbox: MailboxRun, due: float) -> None:
        mailbox.first = self._steering.first(mailbox.source)
        self.timetable.put(mailbox, due, 0 if mailbox.first else 1)

    def _steer(self, mailbox: MailboxRun) -> None:
        wish, lasting = self._steering.of(mailbox.source), self._lasting(mailbox)
        stage = mailbox.mark.stage
        if stage is Stage.RUNNING:
            if wish is not Wish.RUN:
                mailbox.halting(wish)
        elif stage is Stage.PARKED:
            if wish is Wish.RUN:
                self._resume(mailbox)
            elif mailbox.parked_for != lasting:
                self._park(mailbox, lasting)
        elif stage is Stage.WAITING:
            if wish is not Wish.RUN and self.timetable.drop(mailbox):
                self._park(mailbox, lasting)
        elif self._steering.mailbox(mailbox.source) is not Wish.RUN and self.timetable.drop(mailbox):
            # Queued, or between two passes. A wish for the whole batch holds the timetable instead.
            self._park(mailbox, lasting)
        elif stage is Stage.QUEUED and mailbox.first is not self._steering.first(mailbox.source):
            self._requeue(mailbox)

    def _requeue(self, mailbox: MailboxRun) -> None:
        if self.timetable.drop(mailbox):
            self._put(mailbox, _NOW)

    def _lasting(self, mailbox: MailboxRun) -> Wish:
        """What is wanted of it: its own wish, which outlives the run, before the batch's."""
        own = self._steering.mailbox(mailbox.source)
        return self._steering.of(mailbox.source) if own is Wish.RUN else own

    def _park(self, mailbox: MailboxRun, wish: Wish) -> None:
        with self._moving(mailbox):
            mailbox.parked(wish)

    def _resume(self, mailbox: MailboxRun) -> None:
        with self._moving(mailbox):
            mailbox.resumed()
        due = mailbox.due if mailbox.mark.stage in ENDED else _FIRST
        self._put(mailbox, due)

    def _passing(self, mailbox: MailboxRun, kind: PassKind, counts: Counts) -> None:
        with self._lock:
            with self._moving(mailbox):
                mailbox.passing(kind, counts)
            self.timetable.wake()  # an endpoint has answered
            self._changed()

    def _after(self, mailbox: MailboxRun, ending: Ending) -> None:
        wish = self._lasting(mailbox)
        if isinstance(ending, Halted | Waits) and wish is not Wish.RUN:
            self._park(mailbox, wish)
        elif isinstance(ending, Halted):  # it stepped aside, or was resumed before it had stopped
            if self.closed_until is None:
                self._queue(mailbox, _FIRST)
            else:
                self._wait(mailbox, self._until_hours(self.closed_until))
        elif isinstance(ending, Waits):
            self._wait(mailbox, ending)
        elif isinstance(ending, Done):
            with self._moving(mailbox):
                mailbox.done(ending)
            self._schedule(mailbox)
            if mailbox.again:
                self.timetable.drop(mailbox)
                self._queue(mailbox, _FIRST)
        else:
            self._fail(mailbox, ending)
        mailbox.again = False

    def _wait(self, mailbox: MailboxRun, ending: Waits) -> None:
        with self._moving(mailbox):
            mailbox.waits(ending)
        self._put(mailbox, self._run.clock.monotonic() + ending.seconds)
        # Nobody begins while an endpoint is silent or busy, whenever his own wait is over.
        held = self._endpoints_held_until() - self._run.clock.monotonic()
        until = self._run.clock.now() + timedelta(seconds=max(0.0, held))
        for other in self.mailboxes:
            if other.mark.stage is Stage.WAITING and other.until < until:
                other.waits_until(until)

    def _until_hours(self, until: datetime) -> Waits:
        seconds = max(0.0, (until - self._run.clock.now()).total_seconds())
        return Waits(seconds, Condition.WAITING_FOR_HOURS, OFF_HOURS)

    def _fail(self, mailbox: MailboxRun, ending: Fails) -> None:
        if ending.fault is not None:
            self.faults.append(ending.fault)
        with self._moving(mailbox):
            mailbox.failed(ending)
        self._schedule(mailbox)
        if ending.whole_batch:
            for other in self.mailboxes:
                if other.mark.stage in {Stage.QUEUED, Stage.WAITING} and self.timetable.drop(other):
                    self._fail(other, replace(ending, whole_batch=False, fault=None))

    def _schedule(self, mailbox: MailboxRun) -> None:
        if self._run.watch:
            now = self._run.clock.monotonic()
            mailbox.due = next_pass(mailbox.began, now, self._run.batch.options.sync_every)
            self._put(mailbox, mailbox.due)

    def _held_until(self) -> float:
        if self._steering.batch() is not Wish.RUN or self.closed_until is not None:
            return float("inf")
        return self._endpoints_held_until()

    def _endpoints_held_until(self) -> float:
        return max(reach.held_until for reach in self._run.reach.values())
