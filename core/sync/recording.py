"""What became of each message: kept until it is durable, and told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.event import EventKind
from core.mail.outcome import Outcome
from core.ports.failure import Action, EndpointError, Failure
from core.store.ledger_rows import Intent, Result
from core.store.times import rfc3339
from core.sync import doubt, repairing
from core.sync.context import PassContext, Tally, Work
from core.sync.fetching import Ready, drop, size_of
from core.sync.progress import Progress


class Recording:
    """Keeps what became of the messages of one folder after the other."""

    def __init__(self, context: PassContext, progress: Progress, tally: Tally) -> None:
        self._context = context
        self._progress = progress
        self._tally = tally
        self._work: Work | None = None
        self._results: list[Result] = []
        self._refused = sum(len(context.ledger.rejected(folder)) for folder in context.ledger.folders.current())

    def turn_to(self, work: Work) -> None:
        """What follows is of this folder."""
        if self._work is not work:
            self.commit()
            self._work = work

    def ended(self, result: Result) -> None:
        """A message ended."""
        self._results.append(result)

    def intend(self, work: Work, intents: Sequence[Intent]) -> None:
        """Make what is known durable, and what is to be sent now, in one transaction."""
        self._context.ledger.commit(work.ledger, self._results, intents)
        self._results = []

    def commit(self) -> None:
        """Make what is known durable."""
        if self._work is not None:
            self.intend(self._work, ())

    def keep(self) -> None:
        """Make what is known durable, and show it, if there is any: what comes next may take long."""
        if self._results:
            self.commit()
            self.show()

    def note(self) -> None:
        """Make what is known durable, and show it. Raises EndpointError beyond rejected_limit."""
        self.commit()
        self.show()
        self.check_limit()

    def show(self) -> None:
        """Let the board have what is durable."""
        work = self._work
        if work is not None:
            self._progress.folder(work.ledger, work.plan.note)
            self._context.board.set(activity=f"copying {work.plan.source.path}")

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
        """How a message ended that is not to be sent, or was refused; the caller records it."""
        self._context.narrate.warning(EventKind.MESSAGE_REJECTED, reason, message.work.plan.source.path, message.uid)
        self._refused += 1
        return Result(message.uid, Outcome.REJECTED, reason=reason, exact=message.exact or None, size=size_of(message))

    def stored(
        self, message: Ready, item: str | None, dropped: Sequence[str] = (), redated: datetime | None = None
    ) -> None:
        """A message is at the destination."""
        path, size = message.work.plan.source.path, size_of(message)
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

    def in_doubt(self, work: Work, messages: Sequence[Ready]) -> None:
        """They were sent, and nobody knows more."""
        self.cut_off(work, messages)
        for message in messages:
            self._context.narrate.warning(
                EventKind.MESSAGE_IN_DOUBT,
                "sent, answer unknown: looked up before anything is sent again",
                work.plan.source.path,
                message.uid,
            )
        drop(messages)

    def cut_off(self, work: Work, messages: Sequence[Ready]) -> None:
        """The connection that carried these ended now; they are in doubt."""
        self._context.ledger.ended(work.ledger, [message.uid for message in messages], self._context.clock.now())

    def withdraw(self, work: Work, messages: Sequence[Ready], *, blameless: bool = False) -> None:
        """They were not stored. Those to blame for it, perhaps, go alone from now on."""
        self._context.ledger.withdraw(work.ledger, [message.uid for message in messages], blameless=blameless)

    def look_up(self, work: Work, messages: Sequence[Ready]) -> dict[int, str]:
        """Which of these are at the destination: UID to item."""
        self.commit()  # what is known to be there belongs to nobody else
        entries = self._context.ledger.entries(work.ledger, [message.uid for message in messages])
        return doubt.look_up(self._context, work.ledger, work.place, list(entries.values()))

    def name(self, work: Work, messages: Sequence[Ready]) -> None:
        """Find out which items these have become, where the server did not say; what is not found stays unknown."""
        uids = {message.uid for message in messages}
        waiting = [result for result in self._results if result.uid in uids]  # in doubt, if this fails
        self._results = [result for result in self._results if result.uid not in uids]
        found = self.look_up(work, messages)
        self._results += [_named(result, found.get(result.uid)) for result in waiting]


def _named(result: Result, item: str | None) -> Result:
    return result if item is None else replace(result, item=item)
