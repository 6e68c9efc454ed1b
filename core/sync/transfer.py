"""Writing: what becomes of each message that was fetched, and which of them go out together."""

from collections import deque
from collections.abc import Sequence

from core.event import EventKind
from core.mail.form import Form
from core.mail.outcome import Outcome
from core.ports.failure import EndpointError, FolderChangedError
from core.printable import printable
from core.store.ledger_rows import Result
from core.sync import repairing
from core.sync.adoption import Adoption
from core.sync.answering import heavier
from core.sync.context import PassContext, Tally, Work
from core.sync.fetching import Fetching, Ready, drop, size_of
from core.sync.moves import Moves
from core.sync.progress import Progress
from core.sync.recording import Recording
from core.sync.rules import judge_size
from core.sync.sending import Sending


class Writing:
    """Writes the messages of one pass; called by the pass's own thread."""

    def __init__(
        self, context: PassContext, adoption: Adoption, moves: Moves, progress: Progress, tally: Tally
    ) -> None:
        self._context = context
        self._adoption = adoption
        self._moves = moves
        self._causes = progress.causes
        self._tally = tally
        self._recording = Recording(context, progress, tally)
        self._sending = Sending(context, progress, self._recording)
        self._work: Work | None = None
        self._batch: list[Ready] = []
        self._size = 0  # of the batch, in bytes

    def run(self, works: Sequence[Work]) -> bool:
        """Copy everything that is pending in `works`. False when stopping came first."""
        with Fetching(self._context, works, self._causes) as fetching:
            try:
                for request in fetching:
                    if not self._take(request):
                        return False
                    if fetching.idle() and not self._send_all():
                        return False
                return self._send_all() and not self._context.control.stopping()
            except (EndpointError, FolderChangedError) as error:
                asked = self._sending.leave(known=True)
                own = error.failure if isinstance(error, EndpointError) else None
                if asked is None or heavier(own, asked) is own:
                    raise
                raise EndpointError(asked) from error
            finally:
                # Before the thread that fetches is waited for: it may be waiting for their memory.
                drop(self._batch)
                self._batch = []
                self._sending.leave(known=False)

    def check_limit(self) -> None:
        """Raises EndpointError when more messages were rejected than the batch allows."""
        self._recording.check_limit()

    def _send(self) -> bool:
        """Send what is gathered. False when stopping came first."""
        batch, self._batch, self._size = self._batch, [], 0
        return self._sending.send(batch)

    def _send_all(self) -> bool:
        """Send what is gathered, make what is known durable and show it. False when stopping came first."""
        if not self._send() or not self._sending.land():
            return False
        self._recording.note()
        return True

    # --- what to do with a message that was fetched ------------------------------------------------------------

    def _take(self, request: Sequence[Ready]) -> bool:
        left = deque(request)
        try:
            while left:
                message = left[0]
                if self._work is not message.work:
                    if self._work is not None and not self._send_all():
                        return False
                    self._work = message.work
                    self._recording.turn_to(message.work)
                if self._moves.may_take(message) and not self._sending.land():
                    return False
                result = self._without_sending(message)
                if result is not None:
                    left.popleft().close()
                    self._recording.ended(result)
                    if result.took is not None and result.took.destination_ref != message.work.place.ref:
                        self._recording.commit()  # the copy has been moved: that must not be forgotten
                    continue
                if self._full(message) and not self._send():
                    return False
                self._size += size_of(message)
                self._batch.append(left.popleft())
            return True
        finally:
            drop(left)

    def _full(self, message: Ready) -> bool:
        """Whether what is gathered must go before `message` may join."""
        if not self._batch:
            return False
        limits = self._context.destination.limits
        return (
            len(self._batch) >= self._sending.most
            or self._size + size_of(message) > limits.batch_bytes
            or message.stumbled
            or self._batch[0].stumbled
        )

    def _without_sending(self, message: Ready) -> Result | None:
        """How the message ended, when nothing needs to be sent for it."""
        narrate, path = self._context.narrate, message.work.plan.source.path
        if message.failure is not None:
            reason = f"the source cannot give it: {message.failure.sentence()}"
            return self._recording.reject(message, printable(reason))
        if message.body is None:
            self._tally.restless = True
            narrate.info(EventKind.MESSAGE_VANISHED, "gone at the source before it was copied", path, message.uid)
            return Result(message.uid, Outcome.VANISHED, reason="gone at the source before it was copied")
        verdict = judge_size(self._context.options, self._context.destination.limits.max_message, message.body.size)
        if verdict.outcome is Outcome.REJECTED:
            return self._recording.reject(message, verdict.reason or "")
        if verdict.outcome is Outcome.SKIPPED:
            narrate.debug(EventKind.MESSAGE_SKIPPED, verdict.reason or "", path, message.uid)
            return Result(
                message.uid, verdict.outcome, reason=verdict.reason, exact=message.exact, size=message.body.size
            )
        moved = self._moves.take(message)
        if moved is not None:
            message.work.later.append((message.uid, message.flags))
            return moved
        found = self._adoption.by_bytes(self._context.budget, message)
        if found is None:
            return None
        item, alteration = found
        reason = f"the same message was there before{'' if alteration is None else f', {alteration}'}"
        narrate.debug(EventKind.MESSAGE_ALREADY_THERE, reason, path, message.uid)
        if alteration is not None and alteration.form is Form.REPAIRED:
            repairing.keep(self._context, message)
        repairing.tell(self._context, path, message.uid, message.exact, alteration)
        return Result(
            message.uid,
            Outcome.ALREADY_THERE,
            item,
            reason,
            message.exact,
            message.body.size,
            alteration=alteration,
        )
