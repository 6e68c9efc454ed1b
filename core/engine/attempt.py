"""One try at one mailbox's pass: its connections, both sign-ins, the pass, and everything closed again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.batch.words import format_duration
from core.engine.context import RunContext
from core.engine.ending import Ending, Fails, Halted, Waits
from core.engine.mailbox import MailboxRun
from core.engine.spare import Spare
from core.engine.steering import PassControl
from core.errors import FencedError, HeldError, StateError, UserError
from core.event import Event, EventKind
from core.mail.outcome import Counts
from core.ports.destination import Destination
from core.ports.failure import Action, EndpointError, Failure, Side
from core.ports.lifeline import ABORTED
from core.ports.source import Source
from core.printable import printable
from core.status import Condition, PassKind
from core.store.ledger import Ledger
from core.store.pair import pair_id
from core.sync.context import PassContext
from core.sync.narrate import Narrate


class Attempt:
    """Used once, by the worker that took the mailbox. `passing` is called when both ends are open."""

    def __init__(
        self,
        run: RunContext,
        mailbox: MailboxRun,
        control: PassControl,
        passing: Callable[[PassKind, Counts], None],
    ) -> None:
        self._run = run
        self._mailbox = mailbox
        self._control = control
        self._passing = passing
        self._connecting: tuple[Side, float] | None = None  # to whom, since when (monotonic); None while the pass runs
        self._spent = False  # the pass was throttled for too long

    def go(self) -> Ending:
        """Do it. Never raises: what goes wrong is an ending, too."""
        try:
            with self._run.connections.held(list(self._run.live.needs.values()), self._control) as granted:
                return self._with_connections() if granted else Halted()
        except FencedError as error:
            return Fails(str(error), whole_batch=True, held=True)
        except StateError as error:  # every mailbox needs the store
            return Fails("; ".join(error.problems), whole_batch=True, fault=error)
        except UserError as error:
            return Fails("; ".join(error.problems))
        except HeldError as error:
            return Fails(str(error), held=True)
        except Exception as error:  # noqa: BLE001  one mailbox's fault is kept from the others, and told
            return Fails(f"a fault of mailcutover's own: {type(error).__name__}", fault=error)

    def _with_connections(self) -> Ending:
        try:
            return self._pass()
        except EndpointError as error:
            if error.failure.code == ABORTED and self._control.stopping():
                return Halted()
            return self._act_on(error.failure)

    def _pass(self) -> Ending:
        run, mailbox = self._run, self._mailbox
        pair = run.batch.pair(mailbox.mailbox)
        with (
            self._lease(pair_id(run.database, pair)) as epoch,
            Spare(run.connections, lambda: run.live.needs[Side.DESTINATION], run.clock) as spare,
            self._open() as (source, destination),
        ):
            ledger = Ledger(run.database, pair, epoch)
            destination.guard(ledger.check)
            kind = PassKind.INITIAL if ledger.first_pass() else PassKind.INCREMENTAL
            self._passing(kind, ledger.total())
            try:
                result = run.doors.run_pass(
                    PassContext(
                        source=source,
                        destination=destination,
                        ledger=ledger,
                        options=run.batch.options,
                        kind=kind,
                        control=self._control,
                        budget=run.budget,
                        narrate=Narrate(self._tell, run.clock, run.batch.name, mailbox.source),
                        board=mailbox.board,
                        clock=run.clock,
                        settle=run.settle,
                        state=run.database.folder,
                        retry_rejected=mailbox.retrying,
                        limited=run.live.limited,
                        another=spare.another,
                        idle=spare.idle,
                    )
                )
            finally:
                mailbox.counted(ledger.total())
        if result.finished:
            return mailbox.achieved(result)
        assert self._control.stopping(), "the pass ended before it was done, and nobody had asked it to"
        if self._spent:
            return self._given_up(f"{self._where(Side.DESTINATION)}: it asks for time again and again")
        return Halted()

    def _tell(self, event: Event) -> None:
        """What the pass says. A short throttle it waits out itself; but that is not the business of one mailbox."""
        self._mailbox.narrate.tell(event)
        if event.kind is not EventKind.MAILBOX_THROTTLED:
            return
        self._spent = self._mailbox.backoff.failed(self._run.clock.monotonic(), 0.0) is None
        too_many = self._run.connections.throttled(self._run.live.needs[Side.DESTINATION].endpoint)
        if self._spent or too_many:
            self._control.leave()

    @contextmanager
    def _lease(self, pair: int) -> Iterator[int]:
        """Hold the pair, so that no other batch or process moves this mailbox; yields the epoch."""
        lease = self._run.runner.take_pair(pair)
        try:
            yield lease.epoch
        finally:
            lease.release()

    @contextmanager
    def _open(self) -> Iterator[tuple[Source, Destination]]:
        """Both ends, signed in."""
        run, mailbox = self._run, self._mailbox
        mailbox.signing_in()
        source = run.doors.source(run.live.now, mailbox.mailbox)
        try:
            destination = run.doors.destination(run.live.now, mailbox.mailbox)

            def end(now: bool) -> None:
                source.abort()
                destination.abort(finish=not now)

            try:
                with self._control.ending(end):
                    self._connect(Side.SOURCE, source)
                    self._connect(Side.DESTINATION, destination)
                    yield source, destination
            finally:
                self._heard(Side.DESTINATION, destination)
                destination.close()
        finally:
            self._heard(Side.SOURCE, source)
            source.close()

    def _heard(self, side: Side, end: Source | Destination) -> None:
        for text in end.heard():
            self._mailbox.alerted(f"{self._where(side)}: the server says: {text}")

    def _connect(self, side: Side, end: Source | Destination) -> None:
        clock = self._run.clock
        self._connecting = (side, clock.monotonic())
        end.connect()
        self._heard(side, end)
        self._run.reach[side].answered(clock.monotonic())
        self._connecting = None

    def _act_on(self, failure: Failure) -> Ending:
        """What an endpoint's failure means for the mailbox and for the batch."""
        said = printable(f"{self._where(failure.side)}: {failure.sentence()}")
        if failure.action is Action.RETRY:
            return self._link_lost(failure, said)
        if failure.action is Action.WAIT:
            return self._throttled(failure, said)
        condition = Condition.QUOTA if failure.quota else None
        return Fails(said, condition, whole_batch=failure.action is Action.STOP_BATCH)

    def _link_lost(self, failure: Failure, said: str) -> Ending:
        now = self._run.clock.monotonic()
        wait = self._mailbox.backoff.failed(now)
        if self._connecting is not None and not failure.alone:
            side, began = self._connecting
            common = self._run.reach[side].silent(began, now)
            if common is None:
                tries = len(self._run.patience.before_first) + 1
                return Fails(f"{said}; it did not answer in {tries} tries", whole_batch=True)
            wait = None if wait is None else max(wait, common)
        return self._given_up(said) if wait is None else Waits(wait, Condition.WAITING_FOR_LINK, said)

    def _throttled(self, failure: Failure, said: str) -> Ending:
        now = self._run.clock.monotonic()
        wait = self._mailbox.backoff.failed(now, failure.seconds)
        if wait is None:
            return self._given_up(said)
        if not failure.alone:
            self._run.reach[failure.side].throttled(now, wait)
            self._run.connections.throttled(self._run.live.needs[failure.side].endpoint)
        return Waits(wait, Condition.THROTTLED, said)

    def _where(self, side: Side) -> str:
        return f"{side} {self._run.live.needs[side].endpoint}"

    def _given_up(self, said: str) -> Fails:
        after = format_duration(self._run.batch.options.give_up_after)
        return Fails(f"{said}; given up after {after} without any progress (options.give_up_after)")
