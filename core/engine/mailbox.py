"""How one mailbox stands in one run, and what the board and the log are told of it."""

import threading
from datetime import datetime, timedelta

from core.batch.definition import Mailbox
from core.batch.words import format_duration
from core.engine.context import RunContext
from core.engine.ending import Done, Fails, Waits
from core.engine.retry import Backoff
from core.engine.standing import Mark, Stage
from core.errors import UserError
from core.event import Event, EventKind
from core.mail.outcome import Counts
from core.status import Condition, MailboxStatus, PassKind, Wish
from core.store.board import MailboxBoard
from core.sync.context import PassResult
from core.sync.narrate import Narrate

_WORKING = {
    PassKind.INITIAL: MailboxStatus.SYNCING,
    PassKind.INCREMENTAL: MailboxStatus.INCREMENTAL_SYNCING,
    PassKind.FINAL: MailboxStatus.COMPLETING,
}
_DONE = {
    PassKind.INITIAL: MailboxStatus.SYNCED,
    PassKind.INCREMENTAL: MailboxStatus.INCREMENTAL_SYNCED,
    PassKind.FINAL: MailboxStatus.COMPLETED,
}
_FAILED = {
    PassKind.INITIAL: MailboxStatus.FAILED,
    PassKind.INCREMENTAL: MailboxStatus.INCREMENTAL_FAILED,
    PassKind.FINAL: MailboxStatus.FAILED,
}

#: Events that show that something went through; only these put off giving up.
_PROGRESS = frozenset(
    {
        EventKind.MESSAGE_COPIED,
        EventKind.MESSAGE_ALREADY_THERE,
        EventKind.MESSAGE_REJECTED,
        EventKind.MESSAGE_MOVED,
        EventKind.FLAGS_CHANGED,
    }
)


class MailboxRun:
    """One mailbox of a run. The worker that has it calls `signing_in` and `counted`; the roster calls the rest.

    `rest` is the status to fall back to when the run ends before its turn came; `kind` is what its next pass is taken
    for until the ledger has been asked; `rejected`: the board shows messages that the destination refused.
    """

    def __init__(
        self,
        run: RunContext,
        mailbox: Mailbox,
        board: MailboxBoard,
        *,
        rest: MailboxStatus,
        kind: PassKind,
        rejected: bool,
    ) -> None:
        self.mailbox = mailbox
        self.source = mailbox.source
        self.board = board
        self.narrate = Narrate(self._tell, run.clock, run.batch.name, mailbox.source)
        self.backoff = Backoff(run.patience, run.batch.options.give_up_after)
        self.began = 0.0  # when the pass began, or the last one did, on the monotonic clock
        self.due = 0.0  # of the next pass, on the same; with --watch
        self.parked_for = Wish.RUN
        self.first = False  # it goes before others that wait for their turn
        self.again = False  # another pass was asked for while this one runs
        self.retrying = run.retry_rejected  # its next pass begins with what the destination refused
        self.until = run.clock.now()  # of the last wait between two tries
        self.why = ""
        self._run = run
        self._rest = rest
        self._kind = kind
        self._rejected = rejected
        self._open = False  # in a pass, from its first try to its end
        self._started = False  # that pass has signed in at least once
        self._link_lost = False
        self._alerts: set[str] = set()
        self._before = self._after = Counts()  # at the pass's start, and when its last try ended
        self._halting = Wish.RUN
        self._lock = threading.Lock()
        self._stand(Stage.QUEUED)

    # --- told by the worker ------------------------------------------------------------------------------------

    def signing_in(self) -> None:
        """It has its connections and opens both ends."""
        self._show(MailboxStatus.VALIDATING, "signing in")

    def counted(self, counts: Counts) -> None:
        """What the ledger holds when a try has ended."""
        if counts.copied > self._after.copied:  # looked up and found, perhaps: no event says so
            self.backoff.moved()
        self._after = counts
        self._rejected = counts.rejected > 0

    def achieved(self, result: PassResult) -> Done:
        """What this pass did, over all its tries."""
        new, seen = self._after.copied - self._before.copied, self._after.total - self._before.total
        return Done(new, seen, result.flags_changed, result.rejected)

    # --- told by the roster ------------------------------------------------------------------------------------

    def queued(self) -> None:
        """It waits for its turn."""
        self._halting = self.parked_for = Wish.RUN
        self._stand(Stage.QUEUED)
        self.board.set(status=MailboxStatus.QUEUED, condition=None, until=None, why="", activity="")

    def running(self) -> None:
        """A worker has taken it."""
        self._halting = Wish.RUN
        if not self._open:
            self._open = True
            self.began = self._run.clock.monotonic()
        self._stand(Stage.RUNNING)
        self.board.set(condition=None, until=None, why="", activity="waiting for a free connection")

    def passing(self, kind: PassKind, counts: Counts) -> None:
        """Both ends are open: the pass begins, or goes on after a wait."""
        self._kind = kind
        self._stand(Stage.RUNNING)
        self._show(_WORKING[kind], "")
        if self._link_lost:
            self._link_lost = False
            self.narrate.info(EventKind.MAILBOX_LINK_BACK, "the link is back")
        if not self._started:
            self._started = True
            self._before = counts
            self.board.set(pass_kind=kind, pass_started=self._run.clock.now(), pass_new=0, pass_flags_changed=0)
            self.narrate.info(EventKind.MAILBOX_STARTED, f"{kind} pass to {self.mailbox.destination}")

    def halting(self, wish: Wish) -> None:
        """It is told to stop; what is in flight finishes."""
        with self._lock:
            if self._halting is wish:
                return
            self._halting = wish
            self.board.set(status=MailboxStatus.STOPPING, condition=_condition(wish), until=None, why="")
        if wish is Wish.PAUSE:
            self.narrate.info(EventKind.MAILBOX_PAUSING, "pausing; what is in flight finishes")

    def parked(self, wish: Wish) -> None:
        """It is paused or stopped, its connections closed."""
        self.parked_for = wish
        condition = _condition(wish)
        self._stand(Stage.PARKED, condition)
        self.board.set(
            status=MailboxStatus.STOPPED, condition=condition, until=None, why="", activity="", rate=None, eta=None
        )
        if condition is Condition.PAUSED:
            self.narrate.info(EventKind.MAILBOX_PAUSED, "paused")
        else:
            self.narrate.info(EventKind.MAILBOX_STOPPED, "stopped")

    def resumed(self) -> None:
        """It goes on where it was parked: in a pass, or between two."""
        self.narrate.info(EventKind.MAILBOX_RESUMED, "resumed")
        if self._open or not self.due:
            self.queued()
            return
        self.parked_for = Wish.RUN
        self._stand(Stage.DONE if self._rest in _DONE.values() else Stage.FAILED)
        self.rested()

    def waits(self, ending: Waits) -> None:
        """Its pass goes on later, with new connections."""
        self._link_lost = self._link_lost or ending.condition is Condition.WAITING_FOR_LINK
        self._stand(Stage.WAITING, ending.condition)
        self.until, self.why = self._run.clock.now() + timedelta(seconds=ending.seconds), ending.why
        self.board.set(condition=ending.condition, until=self.until, why=ending.why, activity="", rate=None, eta=None)
        if ending.condition is Condition.WAITING_FOR_HOURS:
            self.backoff.moved()  # nobody is to blame for that time
            self.narrate.info(EventKind.MAILBOX_WAITING_FOR_HOURS, f"{ending.why}; goes on by itself")
            return
        throttled = ending.condition is Condition.THROTTLED
        self.narrate.warning(
            EventKind.MAILBOX_THROTTLED if throttled else EventKind.MAILBOX_WAITING_FOR_LINK,
            f"{ending.why}; next try in {format_duration(max(1, round(ending.seconds)))}",
        )

    def alerted(self, text: str) -> None:
        """A server wants people to read this; said once a run."""
        if text not in self._alerts:
            self._alerts.add(text)
            self.narrate.warning(EventKind.MAILBOX_ALERT, text)

    def waits_until(self, until: datetime) -> None:
        """It waits longer than it was said to."""
        self.until = until
        self.board.set(until=until)

    def done(self, ending: Done) -> None:
        """Its pass ended well."""
        self._end(_DONE[self._kind], Stage.DONE)
        self.retrying = self._run.retry_rejected
        now = self._run.clock.now()
        self.board.set(synced=now, pass_new=ending.new, pass_flags_changed=ending.flags_changed)
        self.narrate.info(EventKind.MAILBOX_FINISHED, f"{self._kind} pass ended: {ending.sentence()}")
        self._kind = PassKind.INCREMENTAL

    def failed(self, ending: Fails) -> None:
        """Its pass failed."""
        self._end(_FAILED[self._kind], Stage.FAILED, ending)
        if ending.condition is Condition.QUOTA:
            self.narrate.warning(EventKind.MAILBOX_QUOTA, "the mailbox at the destination is full")
        ours = ending.fault is not None and not isinstance(ending.fault, UserError)
        self.narrate.error(EventKind.FAULT if ours else EventKind.MAILBOX_FAILED, ending.error)

    def rested(self) -> None:
        """There is nothing to do for it now: the status from before."""
        self.board.set(status=self._rest, condition=None, until=None, why="", activity="")

    # --- inside ------------------------------------------------------------------------------------------------

    def _end(self, status: MailboxStatus, stage: Stage, failure: Fails | None = None) -> None:
        condition, error = (failure.condition, failure.error) if failure else (None, None)
        self._rest = status
        self._open = self._started = self._link_lost = False
        self._halting = Wish.RUN
        self.backoff = Backoff(self._run.patience, self._run.batch.options.give_up_after)
        self._stand(stage, condition, held=failure is not None and failure.held)
        self.board.set(
            status=status, condition=condition, until=None, why="", error=error, activity="", rate=None, eta=None
        )

    def _show(self, status: MailboxStatus, activity: str) -> None:
        """Show a status of work, unless the mailbox has been told to stop meanwhile."""
        with self._lock:
            if self._halting is Wish.RUN:
                self.board.set(status=status, condition=None, until=None, why="", error=None, activity=activity)

    def _stand(self, stage: Stage, condition: Condition | None = None, *, held: bool = False) -> None:
        self.mark = Mark(stage, self._kind is PassKind.INITIAL, condition, self._rejected, held=held)

    def _tell(self, event: Event) -> None:
        if event.kind in _PROGRESS:
            self.backoff.moved()
        self._run.tell(event)


def _condition(wish: Wish) -> Condition | None:
    return Condition.PAUSED if wish is Wish.PAUSE else None
