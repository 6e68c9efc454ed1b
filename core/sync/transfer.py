"""Writing: intents before, results after, and what to do when the destination says anything but yes.

A message is sent again only when it is known not to be there: the destination said so, or it was looked up after the
server had answered. Whatever else is unknown stays an open intent, which `core.sync.doubt` settles later.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from core.event import EventKind
from core.mail.outcome import Outcome
from core.ports.destination import Outgoing, Written
from core.ports.failure import Action, EndpointError, Failure, FolderChangedError
from core.printable import printable
from core.status import Condition
from core.store.ledger_rows import Intent, Result
from core.sync import doubt
from core.sync.adoption import Adoption
from core.sync.context import PassContext, Tally, Work, pair_source
from core.sync.fetching import Fetching, Ready
from core.sync.moves import Moves
from core.sync.progress import Progress
from core.sync.rules import judge_size

#: How often one message may stumble over the server before the whole pass takes a new start.
_TRIES = 3
#: Seconds to wait when a server asks for time and does not say how long.
_WAIT = 10.0


class Writing:
    """Writes the messages of one pass; called by the pass's own thread."""

    def __init__(
        self, context: PassContext, adoption: Adoption, moves: Moves, progress: Progress, tally: Tally
    ) -> None:
        self._context = context
        self._adoption = adoption
        self._moves = moves
        self._progress = progress
        self._tally = tally
        self._source = pair_source(context)
        self._work: Work | None = None
        self._batch: list[Ready] = []
        self._results: list[Result] = []
        self._tries: dict[tuple[int, int], int] = {}
        self._refused = sum(len(context.ledger.rejected(folder)) for folder in context.ledger.folders.current())

    def run(self, works: Sequence[Work]) -> bool:
        """Copy everything that is pending in `works`. False when stopping came first."""
        with Fetching(self._context, works) as fetching:
            try:
                for request in fetching:
                    if not self._take(request):
                        return False
                    if fetching.idle() and not (self._send() and self._note()):
                        return False
                return self._send() and self._note() and not self._context.control.stopping()
            except (EndpointError, FolderChangedError):
                self._commit()  # what is known stays known
                raise
            finally:
                # Before the thread that fetches is waited for: it may be waiting for their memory.
                self._drop(self._batch)
                self._batch = []

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

    # --- what to do with a message that was fetched ------------------------------------------------------------

    def _take(self, request: Sequence[Ready]) -> bool:
        left = list(request)
        try:
            while left:
                message = left[0]
                if self._work is not message.work:
                    if self._work is not None and not (self._send() and self._note()):
                        return False
                    self._work = message.work
                result = self._without_sending(message)
                if result is not None:
                    left.pop(0).close()
                    self._results.append(result)
                    if result.took is not None and result.took.destination_ref != message.work.place.ref:
                        self._commit()  # the copy has been moved: that must not be forgotten
                    continue
                if self._full(message) and not self._send():
                    return False
                self._batch.append(left.pop(0))
            return True
        finally:
            self._drop(left)

    def _full(self, message: Ready) -> bool:
        """Whether what is gathered must go before `message` may join."""
        limits = self._context.destination.limits
        size = sum(_size(other) for other in self._batch)
        return bool(self._batch) and (
            len(self._batch) >= limits.batch_messages or size + _size(message) > limits.batch_bytes
        )

    def _without_sending(self, message: Ready) -> Result | None:
        """How the message ended, when nothing needs to be sent for it."""
        narrate, path = self._context.narrate, message.work.plan.source.path
        if message.failure is not None:
            reason = f"the source cannot give it: {message.failure.sentence()}"
            return self._reject(message, printable(reason))
        if message.body is None:
            narrate.info(EventKind.MESSAGE_VANISHED, "gone at the source before it was copied", path, message.uid)
            return Result(message.uid, Outcome.VANISHED, reason="gone at the source before it was copied")
        verdict = judge_size(self._context.options, self._context.destination.limits.max_message, message.body.size)
        if verdict.outcome is Outcome.REJECTED:
            return self._reject(message, verdict.reason or "")
        if verdict.outcome is Outcome.SKIPPED:
            narrate.debug(EventKind.MESSAGE_SKIPPED, verdict.reason or "", path, message.uid)
            return Result(
                message.uid, verdict.outcome, reason=verdict.reason, exact=message.exact, size=message.body.size
            )
        moved = self._moves.take(message.work, message.uid, message.exact, message.body.size)
        if moved is not None:
            message.work.later.append((message.uid, message.flags))
            return moved
        item = self._adoption.by_bytes(message.work, message.body)
        if item is not None:
            narrate.debug(EventKind.MESSAGE_ALREADY_THERE, "the same message was there before", path, message.uid)
            return Result(
                message.uid,
                Outcome.ALREADY_THERE,
                item,
                "the same message was there before",
                message.exact,
                message.body.size,
            )
        return None

    def _reject(self, message: Ready, reason: str) -> Result:
        self._context.narrate.warning(EventKind.MESSAGE_REJECTED, reason, message.work.plan.source.path, message.uid)
        self._refused += 1
        return Result(message.uid, Outcome.REJECTED, reason=reason, exact=message.exact or None, size=_size(message))

    # --- sending -----------------------------------------------------------------------------------------------

    def _send(self) -> bool:
        """Send what is gathered, in as many requests as it takes. False when stopping came first."""
        groups = [self._batch] if self._batch else []
        self._batch = []
        try:
            while groups:
                if self._context.control.stopping():
                    self._note()
                    return False
                group = groups.pop(0)
                try:
                    groups[:0] = self._request(group)
                except BaseException:
                    self._drop(group)
                    raise
            return True
        finally:
            for group in groups:
                self._drop(group)

    def _request(self, group: list[Ready]) -> list[list[Ready]]:
        """Send one group; returns groups that are to be sent again."""
        self.check_limit()
        work = group[0].work
        place, ledger = work.place, self._context.ledger
        mark = self._context.destination.mark(place)
        ledger.commit(
            work.ledger,
            self._results,
            [Intent(message.uid, mark, message.exact, message.folded) for message in group],
        )
        self._results = []
        self._show()
        outgoing = [
            Outgoing(work.token(self._source, message.uid), message.body, message.flags.carried(), message.received)
            for message in group
            if message.body is not None
        ]
        try:
            written = self._context.destination.write(place, outgoing)
        except EndpointError as error:
            return self._whole(work, group, error.failure)
        except BaseException:
            ledger.ended(work.ledger, [message.uid for message in group], self._context.clock.now())
            raise
        return self._answers(work, group, written)

    def _answers(self, work: Work, group: list[Ready], written: Sequence[Written]) -> list[list[Ready]]:
        """Act on one answer a message."""
        assert [answer.token for answer in written] == [work.token(self._source, m.uid) for m in group]
        again: list[Ready] = []
        doubtful: list[Ready] = []
        apart: list[Ready] = []
        stop: Failure | None = None
        wait: Failure | None = None
        unnamed = False
        for message, answer in zip(group, written, strict=True):
            failure = answer.failure
            if failure is None:
                unnamed = unnamed or answer.item is None
                self._stored(message, answer.item, answer.dropped)
            elif failure.in_doubt:
                doubtful.append(message)
            elif failure.action is Action.REJECT or (failure.action is Action.SPLIT and len(group) == 1):
                self._results.append(self._reject(message, printable(failure.sentence())))
                message.close()
            elif failure.action is Action.SPLIT:
                apart.append(message)
            elif failure.action in {Action.WAIT, Action.RETRY}:
                again.append(message)
                wait = failure
                if failure.action is Action.RETRY and not self._may_try(message):
                    stop = stop or failure
            else:
                again.append(message)
                stop = stop or failure
        if unnamed and not self._context.destination.limits.keyed:
            # Without APPENDUID the next batch would hide which item is whose.
            self._name(work, group, written)
        if doubtful:
            self._in_doubt(work, doubtful)
        self._context.ledger.withdraw(work.ledger, [message.uid for message in again + apart])
        if stop is not None:
            self._note()
            self._drop(again + apart)
            raise EndpointError(stop)
        if wait is not None and not self._pause(wait):
            self._drop(again + apart)
            return []
        return ([again] if again else []) + [[message] for message in apart]

    def _whole(self, work: Work, group: list[Ready], failure: Failure) -> list[list[Ready]]:
        """The request failed as a whole."""
        answered = failure.action in {Action.SPLIT, Action.REJECT}
        alone = len(group) == 1
        if failure.in_doubt and not answered:
            self._in_doubt(work, group)
            raise EndpointError(failure)
        if failure.in_doubt:
            # The server has answered: what is not there now will not come later.
            group = self._not_there(work, group)
        if not group:
            return []
        if answered and alone:
            self._results.append(self._reject(group[0], printable(failure.sentence())))
            group[0].close()
            return []
        self._context.ledger.withdraw(work.ledger, [message.uid for message in group])
        if answered:
            middle = (len(group) + 1) // 2
            return [half for half in (group[:middle], group[middle:]) if half]
        if failure.action is Action.WAIT and self._pause(failure):
            return [group]
        self._drop(group)
        if failure.action is Action.WAIT:
            return []
        raise EndpointError(failure)

    def _not_there(self, work: Work, group: list[Ready]) -> list[Ready]:
        """Those of a group that a look-up does not find; the others are recorded as copied."""
        found = self._look_up(work, group)
        absent = []
        for message in group:
            if message.uid in found:
                self._stored(message, found[message.uid], ())
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
        results = self._results
        self._results = [result for result in results if result.uid not in uids]  # in doubt, if this fails
        found = self._look_up(work, unnamed)
        self._results = [
            replace(result, item=found[result.uid]) if result.uid in found else result for result in results
        ]

    def _look_up(self, work: Work, messages: Sequence[Ready]) -> dict[int, str]:
        entries = self._context.ledger.entries(work.ledger, [message.uid for message in messages])
        return doubt.look_up(self._context, work.ledger, work.place, list(entries.values()))

    # --- what became of it -------------------------------------------------------------------------------------

    def _stored(self, message: Ready, item: str | None, dropped: Sequence[str]) -> None:
        path, size = message.work.plan.source.path, _size(message)
        carried = message.flags.carried()
        self._results.append(Result(message.uid, Outcome.COPIED, item, exact=message.exact, size=size, flags=carried))
        self._context.narrate.debug(EventKind.MESSAGE_COPIED, f"copied, {size} bytes", path, message.uid)
        if dropped:
            self._tally.keywords_dropped += len(dropped)
            self._context.narrate.warning(
                EventKind.MESSAGE_KEYWORD_DROPPED,
                f"the destination cannot keep {', '.join(dropped)}",
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
        self._drop(messages)

    def _may_try(self, message: Ready) -> bool:
        key = (message.work.ledger.id, message.uid)
        self._tries[key] = self._tries.get(key, 0) + 1
        return self._tries[key] < _TRIES

    def _pause(self, failure: Failure) -> bool:
        """The server asked for time. False when stopping came first."""
        seconds = _WAIT if failure.seconds is None else failure.seconds
        until = self._context.clock.now() + timedelta(seconds=seconds)
        why = printable(failure.sentence())
        self._note()
        self._context.narrate.info(EventKind.MAILBOX_THROTTLED, f"waiting {seconds:.1f} s: {why}")
        self._context.board.set(condition=Condition.THROTTLED, until=until, why=why)
        stopping = self._context.control.wait(seconds)
        self._context.board.set(condition=None, until=None, why="")
        return not stopping

    def _note(self) -> bool:
        """Make what is known durable, and show it. Raises EndpointError beyond rejected_limit."""
        self._commit()
        self._show()
        self.check_limit()
        return True

    def _show(self) -> None:
        work = self._work
        if work is not None:
            self._progress.folder(work.ledger, work.plan.note)
            self._context.board.set(activity=f"copying {work.plan.source.path}")

    def _commit(self) -> None:
        """Make what is known durable."""
        if self._work is not None:
            self._context.ledger.commit(self._work.ledger, self._results)
            self._results = []

    @staticmethod
    def _drop(messages: Sequence[Ready]) -> None:
        for message in messages:
            message.close()


def _size(message: Ready) -> int:
    return message.size if message.body is None else message.body.size
