"""Sending: intents before, results after, and what to do when the destination says anything but yes.

While requests are under way the next one is prepared; a destination that takes several at once gets as many as may be.
What needs more of the destination than another request, a look-up or a pause, waits until none is under way.
"""

from collections import deque
from datetime import timedelta

from core.event import EventKind
from core.ports.destination import Outgoing, same_folder
from core.ports.failure import EndpointError, Failure, Side
from core.printable import printable
from core.status import Condition
from core.store.ledger_rows import Intent
from core.sync.answering import WAIT, Answering, Verdict, heavier, wished
from core.sync.causes import Cause
from core.sync.context import PassContext, Work, pair_source
from core.sync.fetching import Ready, drop, size_of
from core.sync.flights import Flight, Flights, Landed
from core.sync.progress import Progress
from core.sync.recording import Recording
from core.sync.repairing import Repairing
from core.sync.stumbles import Stumbles
from core.sync.window import Window

#: The n-th time in a row that a server asks for time, it gets n * n times so many seconds at least, up to `WAIT`.
_INSIST = 0.01


class Sending:
    """Sends the messages of one pass, folder after folder; called by the pass's own thread."""

    def __init__(self, context: PassContext, progress: Progress, recording: Recording) -> None:
        self._context = context
        self._causes = progress.causes
        self._recording = recording
        self._repairing = Repairing(context)
        self._stumbles = Stumbles()
        self._answering = Answering(context, recording, self._repairing, self._stumbles)
        self._flights = Flights(context.destination, context.narrate.mailbox)
        self._window = Window()
        self._source = pair_source(context)
        self._ready: Flight | None = None  # its intents are durable, and it has not left
        self._asked: Failure | None = None  # for time, which it did not get yet
        self._mark = ""  # of the folder, as it was when no request was under way
        self._throttles = 0  # in a row

    @property
    def most(self) -> int:
        """How many messages the next request may carry."""
        return self._window.size(self._context.destination.limits.batch_messages)

    def send(self, batch: list[Ready]) -> bool:
        """Send these, all of one folder, in as many requests as it takes. False when stopping came first.

        The last of them may be under way still. The caller has them no more, whatever happens.
        """
        return self._run(deque([batch] if batch else ()))

    def land(self) -> bool:
        """Wait until nothing is under way, and nothing is left to be sent again. False when stopping came first."""
        going_on = self._run(deque(), land=True)
        self._context.idle()
        return going_on

    def leave(self, *, known: bool) -> Failure | None:
        """Wait until nothing is under way; then, where it is `known` what the ledger may hold, write down how it ended.

        Returns the longest wait that the server asked for and did not get. Raises a fault of our own that ended a
        request.
        """
        self._flights.close()
        ready, self._ready = self._ready, None
        fault: BaseException | None = None
        try:
            while self._flights:
                landed = self._flights.first()
                fault = fault or landed.fault
                self._leave_one(landed, known=known)
            if known:
                if ready is not None:
                    self._take_back(ready)
                self._recording.commit()
        finally:
            drop(ready.group if ready else ())
        self._context.idle()
        if fault is not None:
            raise fault
        return self._asked

    def _leave_one(self, landed: Landed, *, known: bool) -> None:
        self._flights.take(landed)
        try:
            if known:
                self._asked = heavier(self._asked, self._answering.leave(landed))
        finally:
            drop(landed.flight.group)

    def _run(self, groups: deque[list[Ready]], *, land: bool = False) -> bool:
        """Send these groups and those that come of it; `land`: until nothing is under way."""
        try:
            while groups or (self._flights and (land or self._window.careful)):
                if self._context.control.stopping():
                    return self._settle(groups, stopping=True)
                if groups and not (self._flights and self._window.careful):
                    self._ready = self._prepared(groups)
                    if self._ready is None:
                        continue
                    if self._may_go():
                        self._go()
                        continue
                if not self._next(groups):
                    return False
            return True
        finally:
            for group in groups:
                drop(group)

    def _may_go(self) -> bool:
        """Whether one more request may be under way now.

        Where our own bandwidth is what holds us back, it would only be longer under way, and a stop would take longer.
        """
        flying = len(self._flights)
        if not flying or self._context.limited(Side.DESTINATION):
            return not flying
        most = self._window.at_once(self._context.destination.limits.at_once)
        return flying < most and self._context.another(flying)

    def _prepared(self, groups: deque[list[Ready]]) -> Flight | None:
        """The next request, its intents durable; None where none is to be sent."""
        group = groups.popleft()
        most = self.most  # another one with each look: requests that end meanwhile change it
        if len(group) > most:
            groups.appendleft(group[most:])
            group = group[:most]
        try:
            return self._intended(group)
        except BaseException:
            drop(group)
            raise

    def _intended(self, group: list[Ready]) -> Flight | None:
        self._recording.check_limit()
        verdict = self._stumbles.verdict(group[0])
        if verdict is not None:  # such a message is alone
            self._recording.ended(self._recording.reject(group[0], verdict))
            group[0].close()
            return None
        work = group[0].work
        for message in group:
            self._repairing.prepare(message)
        if not self._flights:
            self._mark = self._context.destination.mark(work.place)
        self._recording.intend(
            work,
            [
                Intent(message.uid, self._mark, message.exact, message.folded, alteration=message.altered)
                for message in group
            ],
        )
        self._recording.show()
        outgoing = [
            Outgoing(work.token(self._source, message.uid), message.sent, message.flags.carried(), message.received)
            for message in group
            if message.sent is not None
        ]
        return Flight(work, group, outgoing)

    def _go(self) -> None:
        """Let go what is ready."""
        ready, self._ready = self._ready, None
        assert ready is not None
        try:
            self._flights.launch(ready)
        except BaseException:
            drop(ready.group)
            raise

    def _take_back(self, ready: Flight) -> None:
        """It has not left, and does not go now."""
        self._recording.withdraw(ready.work, ready.group, blameless=not ready.group[0].stumbled)

    # --- what comes back -------------------------------------------------------------------------------------------

    def _next(self, groups: deque[list[Ready]]) -> bool:
        """Take the next request that ends; what is ready goes then, if nothing is the matter.

        False when stopping came.
        """
        self._recording.keep()
        with self._causes.waiting(self._destination):
            landed = self._flights.first()
        calm = landed.calm(keyed=self._context.destination.limits.keyed)
        if self._ready is not None:
            if calm and not self._context.control.stopping() and self._is_marked(self._ready.work):
                self._go()
            else:
                ready, self._ready = self._ready, None
                groups.appendleft(ready.group)
                self._take_back(ready)
        if not calm:
            return self._settle(groups)
        groups.extendleft(reversed(self._act(landed).again))
        return True

    def _is_marked(self, work: Work) -> bool:
        """Let the next intents know where the folder ends, if that can be asked now.

        False when it was made anew meanwhile: what is ready would be looked for in the one before.
        """
        if not self._flights.quiet:
            return True
        before, self._mark = self._mark, self._context.destination.mark(work.place)
        return same_folder(before, self._mark)

    def _settle(self, groups: deque[list[Ready]], *, stopping: bool = False) -> bool:
        """Let all land that is under way, and act on it. False when stopping came.

        Raises EndpointError when nothing more can go in this pass.
        """
        self._recording.keep()
        with self._causes.waiting(self._destination):
            self._flights.wait()
        stop: Failure | None = None
        throttled = 0
        while self._flights:
            landed = self._flights.first()
            verdict = self._act(landed)
            groups.extendleft(reversed(verdict.again))
            stop = heavier(stop, verdict.stop)
            if verdict.wait is not None:
                throttled = throttled or len(landed.flight.group)
        if stop is not None:
            self._recording.note()
            raise EndpointError(stop)
        if self._asked is not None:
            return self._pause(self._asked, throttled)
        if stopping:
            self._recording.note()
        return not stopping

    def _act(self, landed: Landed) -> Verdict:
        group = landed.flight.group
        size = sum(map(size_of, group))
        self._flights.take(landed)
        try:
            verdict = self._answering.act(landed)
        except BaseException:
            drop(group)
            raise
        self._asked = heavier(self._asked, verdict.wait)
        if any(answer.failure is None for answer in landed.written):
            self._throttles = 0
        if landed.failure is None and verdict.wait is None:
            self._window.went_through(len(group), size, self._context.destination.limits)
        return verdict

    def _destination(self) -> Cause:
        return Cause.OURS if self._context.limited(Side.DESTINATION) else Cause.DESTINATION

    def _pause(self, failure: Failure, sent: int) -> bool:
        """The server asked for time, of a request of so many messages. False when stopping came first.

        Raises EndpointError where it is a matter of this mailbox alone: others need its connections meanwhile.
        """
        self._asked = None
        self._throttles += 1
        self._window.throttled(sent)
        insist = min(WAIT, _INSIST * self._throttles**2)  # whoever says 0 again and again is not hammered
        seconds = max(wished(failure), insist)
        until = self._context.clock.now() + timedelta(seconds=seconds)
        why = printable(failure.sentence())
        self._recording.note()
        if failure.alone:
            raise EndpointError(failure)
        self._context.narrate.info(EventKind.MAILBOX_THROTTLED, f"waiting {seconds:.1f} s: {why}")
        self._context.board.set(condition=Condition.THROTTLED, until=until, why=why)
        self._context.idle()
        with self._causes.waiting(lambda: Cause.THROTTLE):
            stopping = self._context.control.wait(seconds)
        self._context.board.set(condition=None, until=None, why="")
        return not stopping
