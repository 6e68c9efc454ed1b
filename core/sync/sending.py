"""Sending: intents before, results after, and what to do when the destination says anything but yes.

A message is sent again only when it is known not to be there: the destination said so, or it was looked up after the
server had answered. Whatever else is unknown stays an open intent, which `core.sync.doubt` settles later.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.event import EventKind
from core.mail.outcome import Outcome
from core.ports.destination import Outgoing, Written
from core.ports.failure import Action, EndpointError, Failure, Side
from core.printable import printable
from core.status import Condition
from core.store.ledger_rows import Intent, Result
from core.store.times import rfc3339
from core.sync import doubt, repairing
from core.sync.causes import Cause
from core.sync.context import PassContext, Tally, Work, pair_source
from core.sync.fetching import Ready, drop, size_of
from core.sync.progress import Progress
from core.sync.repairing import Repairing
from core.sync.stumbles import Stumbles
from core.sync.window import Window

#: Seconds to wait when a server asks for time and does not say how long.
_WAIT = 10.0
#: The n-th time in a row that a server asks for time, it gets n * n times so many seconds at least, up to `_WAIT`.
_INSIST = 0.01


class Sending:
    """Sends the messages of one pass, folder after folder, and keeps what became of them until it is durable."""

    def __init__(self, context: PassContext, progress: Progress, tally: Tally) -> None:
        self._context = context
        self._progress = progress
        self._tally = tally
        self._source = pair_source(context)
        self._repairing = Repairing(context)
        self._work: Work | None = None
        self._results: list[Result] = []
        self._stumbles = Stumbles()
        self._window = Window()
        self._throttles = 0  # in a row
        self._refused = sum(len(context.ledger.rejected(folder)) for folder in context.ledger.folders.current())

    # --- what is known -----------------------------------------------------------------------------------------

    def turn_to(self, work: Work) -> None:
        """What follows is of this folder."""
        if self._work is not work:
            self.commit()
            self._work = work

    def ended(self, result: Result) -> None:
        """A message ended without being sent."""
        self._results.append(result)

    def note(self) -> None:
        """Make what is known durable, and show it. Raises EndpointError beyond rejected_limit."""
        self.commit()
        self._show()
        self.check_limit()

    def commit(self) -> None:
        """Make what is known durable."""
        if self._work is not None:
            self._context.ledger.commit(self._work.ledger, self._results)
            self._results = []

    def check_limit(self) -> None:
        """Raises EndpointError when more messages were rejected than the batch allows."""
        limit = self._context.options.rejected_limit
        if self._refused > limit:
            raise EndpointError(
                Failure(
                    Action.STOP_MAILBOX,
                    "rejected_limit",
                    f"{self._refused} messages were rejected, more than rejected_limit ({limit})",
                    cure="see the reasons with `log`, raise options.rejected_limit, and run again",
                )
            )

    def reject(self, message: Ready, reason: str) -> Result:
        """How a message ended that is not to be sent, or was refused."""
        self._context.narrate.warning(EventKind.MESSAGE_REJECTED, reason, message.work.plan.source.path, message.uid)
        self._refused += 1
        return Result(message.uid, Outcome.REJECTED, reason=reason, exact=message.exact or None, size=size_of(message))

    def _show(self) -> None:
        work = self._work
        if work is not None:
            self._progress.folder(work.ledger, work.plan.note)
            self._context.board.set(activity=f"copying {work.plan.source.path}")

    # --- sending -----------------------------------------------------------------------------------------------

    @property
    def most(self) -> int:
        """How many messages the next request may carry."""
        return self._window.size(self._context.destination.limits.batch_messages)

    def send(self, batch: list[Ready]) -> bool:
        """Send these, all of one folder, in as many requests as it takes. False when stopping came first.

        The caller has them no more, whatever happens.
        """
        groups = [batch] if batch else []
        try:
            while groups:
                if self._context.control.stopping():
                    self.note()
                    return False
                group = groups.pop(0)
                if len(group) > self.most:
                    groups.insert(0, group[self.most :])
                    group = group[: self.most]
                try:
                    groups[:0] = self._request(group)
                except BaseException:
                    drop(group)
                    raise
            return True
        finally:
            for group in groups:
                drop(group)

    def _request(self, group: list[Ready]) -> list[list[Ready]]:
        """Send one group; returns groups that are to be sent again."""
        self.check_limit()
        verdict = self._stumbles.verdict(group[0])
        if verdict is not None:  # such a message is alone
            self._results.append(self.reject(group[0], verdict))
            group[0].close()
            return []
        work = group[0].work
        place, ledger = work.place, self._context.ledger
        for message in group:
            self._repairing.prepare(message)
        mark = self._context.destination.mark(place)
        ledger.commit(
            work.ledger,
            self._results,
            [Intent(message.uid, mark, message.exact, message.folded, alteration=message.altered) for message in group],
        )
        self._results = []
        self._show()
        outgoing = [
            Outgoing(work.token(self._source, message.uid), message.sent, message.flags.carried(), message.received)
            for message in group
            if message.sent is not None
        ]
        try:
            with self._progress.causes.waiting(self._destination):
                written = self._context.destination.write(place, outgoing)
        except EndpointError as error:
            return self._whole(work, group, error.failure)
        except BaseException:
            ledger.ended(work.ledger, [message.uid for message in group], self._context.clock.now())
            raise
        unclear = [(m, a) for m, a in zip(group, written, strict=True) if a.failure is not None and a.failure.together]
        if not unclear:
            return self._answers(work, group, written)
        clear = [(m, a) for m, a in zip(group, written, strict=True) if a.failure is None or not a.failure.together]
        try:
            again = self._answers(work, [message for message, _ in clear], [answer for _, answer in clear])
            self.commit()  # what the server did name belongs to nobody else
            cleared = self._cleared(work, unclear)
        except BaseException:
            ledger.ended(work.ledger, [message.uid for message, _ in unclear], self._context.clock.now())
            raise
        return again + self._answers(work, [message for message, _ in unclear], cleared)

    def _cleared(self, work: Work, refused: Sequence[tuple[Ready, Written]]) -> list[Written]:
        """Messages refused together, looked up: the server has answered, so what is not there now will not come."""
        found = self._look_up(work, [message for message, _ in refused])
        cleared = []
        for message, answer in refused:
            assert answer.failure is not None
            absent = replace(answer.failure, in_doubt=False)
            item = found.get(message.uid)
            cleared.append(replace(answer, item=item, failure=absent if item is None else None))
        return cleared

    def _answers(self, work: Work, group: list[Ready], written: Sequence[Written]) -> list[list[Ready]]:
        """Act on one answer a message."""
        assert [answer.token for answer in written] == [work.token(self._source, m.uid) for m in group]
        again: list[Ready] = []
        blamed: list[Ready] = []
        spared: list[Ready] = []
        doubtful: list[Ready] = []
        apart: list[Ready] = []
        stop: Failure | None = None
        wait: Failure | None = None
        unsure: Failure | None = None
        unnamed = False
        for message, answer in zip(group, written, strict=True):
            failure = answer.failure
            if failure is None:
                unnamed = unnamed or answer.item is None
                self._stored(message, answer.item, answer.dropped, answer.redated)
            elif failure.in_doubt:
                doubtful.append(message)
                unsure = failure
            elif failure.action is Action.SPLIT and failure.together:
                again.append(message)
                spared.append(message)
            elif failure.action is Action.REJECT or (failure.action is Action.SPLIT and len(group) == 1):
                if self._takes_another_form(message, failure):
                    apart.append(message)
            elif failure.action is Action.SPLIT:
                apart.append(message)
            elif failure.action is Action.RETRY:
                again.append(message)
                blamed.append(message)
                if failure.alone or not self._stumbles.may_try(message):
                    stop = stop or failure
            else:
                again.append(message)
                spared.append(message)
                if failure.action is Action.WAIT:
                    wait = failure
                else:
                    stop = stop or failure
        if unnamed and not self._context.destination.limits.keyed:
            # Without APPENDUID the next batch would hide which item is whose.
            self._name(work, group, written)
        self._in_doubt(work, doubtful)
        if unsure is not None and unsure.action is Action.WAIT:
            wait = wait or unsure
        elif unsure is not None and not self._stumbles.goes_on(doubtful, group, unsure):
            stop = stop or unsure
        self._withdraw(work, blamed + apart)
        self._withdraw(work, spared, blameless=True)
        if stop is not None:
            self.note()
            drop(again + apart)
            raise EndpointError(stop)
        if wait is None:
            self._window.went_through(len(group), self._context.destination.limits.batch_messages)
        elif not self._pause(wait, len(group)):
            drop(again + apart)
            return []
        return ([again] if again else []) + [[message] for message in apart]

    def _whole(self, work: Work, group: list[Ready], failure: Failure) -> list[list[Ready]]:
        """The request failed as a whole."""
        answered = failure.action in {Action.SPLIT, Action.REJECT}
        alone = len(group) == 1
        if failure.in_doubt and not answered:
            self._in_doubt(work, group)
            if failure.action is Action.RETRY and self._stumbles.goes_on(group, group, failure):
                return []
            raise EndpointError(failure)
        if failure.in_doubt:
            # The server has answered: what is not there now will not come later.
            group = self._not_there(work, group)
        if not group:
            return []
        if answered and alone and not self._takes_another_form(group[0], failure):
            return []
        self._withdraw(work, group, blameless=not answered and failure.action is not Action.RETRY)
        if answered and alone:
            return [group]
        if answered:
            middle = (len(group) + 1) // 2
            return [half for half in (group[:middle], group[middle:]) if half]
        if failure.action is Action.WAIT and self._pause(failure, len(group)):
            return [group]
        drop(group)
        if failure.action is Action.WAIT:
            return []
        if failure.action is Action.RETRY and failure.alone and self._stumbles.goes_on(group, group, failure):
            return []
        raise EndpointError(failure)

    def _takes_another_form(self, message: Ready, failure: Failure) -> bool:
        """What becomes of a refused message: whether it is sent again in another form, else it is rejected."""
        reason = self._repairing.refused(message, failure)
        if reason is None:
            return True
        self._results.append(self.reject(message, reason))
        message.close()
        return False

    def _withdraw(self, work: Work, messages: Sequence[Ready], *, blameless: bool = False) -> None:
        """They were not stored. Those to blame for it, perhaps, go alone from now on."""
        self._context.ledger.withdraw(work.ledger, [message.uid for message in messages], blameless=blameless)

    def _not_there(self, work: Work, group: list[Ready]) -> list[Ready]:
        """Those of a group that a look-up does not find; the others are recorded as copied."""
        found = self._look_up(work, group)
        absent = []
        for message in group:
            if message.uid in found:
                self._stored(message, found[message.uid])
            else:
                absent.append(message)
        return absent

    def _name(self, work: Work, group: Sequence[Ready], written: Sequence[Written]) -> None:
        """Find out which items a batch became, where the server did not say; what is not found stays unknown."""
        unnamed = [
            message
            for message, answer in zip(group, written, strict=True)
            if answer.failure is None and answer.item is None
        ]
        uids = {message.uid for message in unnamed}
        waiting = [result for result in self._results if result.uid in uids]  # in doubt, if this fails
        self._results = [result for result in self._results if result.uid not in uids]
        self.commit()  # what the server did name belongs to nobody else
        found = self._look_up(work, unnamed)
        self._results = [
            replace(result, item=found[result.uid]) if result.uid in found else result for result in waiting
        ]

    def _look_up(self, work: Work, messages: Sequence[Ready]) -> dict[int, str]:
        entries = self._context.ledger.entries(work.ledger, [message.uid for message in messages])
        return doubt.look_up(self._context, work.ledger, work.place, list(entries.values()))

    # --- what became of it -------------------------------------------------------------------------------------

    def _stored(
        self, message: Ready, item: str | None, dropped: Sequence[str] = (), redated: datetime | None = None
    ) -> None:
        path, size = message.work.plan.source.path, size_of(message)
        self._stumbles.stored()
        self._throttles = 0
        altered, carried = message.altered, message.flags.carried()
        reason = None if altered is None else str(altered)
        self._results.append(
            Result(message.uid, Outcome.COPIED, item, reason, message.exact, size, carried, alteration=altered)
        )
        self._context.narrate.debug(EventKind.MESSAGE_COPIED, f"copied, {size} bytes", path, message.uid)
        repairing.tell(self._context, path, message.uid, message.exact, altered)
        if dropped:
            self._tally.keywords_dropped += len(dropped)
            self._context.narrate.warning(
                EventKind.MESSAGE_KEYWORD_DROPPED,
                f"the destination cannot keep {', '.join(dropped)}",
                path,
                message.uid,
            )
        if redated is not None and message.received is not None:
            self._context.narrate.warning(
                EventKind.MESSAGE_DATE_CHANGED,
                f"the destination cannot keep that it was received at {rfc3339(message.received)}: "
                f"it is there as of {rfc3339(redated)}",
                path,
                message.uid,
            )
        message.close()

    def _in_doubt(self, work: Work, messages: Sequence[Ready]) -> None:
        self._context.ledger.ended(work.ledger, [message.uid for message in messages], self._context.clock.now())
        for message in messages:
            self._context.narrate.warning(
                EventKind.MESSAGE_IN_DOUBT,
                "sent, answer unknown: looked up before anything is sent again",
                work.plan.source.path,
                message.uid,
            )
        drop(messages)

    def _destination(self) -> Cause:
        return Cause.OURS if self._context.limited(Side.DESTINATION) else Cause.DESTINATION

    def _pause(self, failure: Failure, sent: int) -> bool:
        """The server asked for time, of a request of so many messages. False when stopping came first.

        Raises EndpointError where it is a matter of this mailbox alone: others need its connections meanwhile.
        """
        self._throttles += 1
        self._window.throttled(sent)
        insist = min(_WAIT, _INSIST * self._throttles**2)  # whoever says 0 again and again is not hammered
        seconds = _WAIT if failure.seconds is None else max(failure.seconds, insist)
        until = self._context.clock.now() + timedelta(seconds=seconds)
        why = printable(failure.sentence())
        self.note()
        if failure.alone:
            raise EndpointError(failure)
        self._context.narrate.info(EventKind.MAILBOX_THROTTLED, f"waiting {seconds:.1f} s: {why}")
        self._context.board.set(condition=Condition.THROTTLED, until=until, why=why)
        with self._progress.causes.waiting(lambda: Cause.THROTTLE):
            stopping = self._context.control.wait(seconds)
        self._context.board.set(condition=None, until=None, why="")
        return not stopping
