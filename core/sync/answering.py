"""What to do about an answer: which messages are sent again, and whether anything is.

A message is sent again only when it is known not to be there: the destination said so, or it was looked up after the
server had answered. Whatever else is unknown stays an open intent, which `core.sync.doubt` settles later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.ports.destination import Written
from core.ports.failure import Action, Failure
from core.sync.context import PassContext, Work
from core.sync.fetching import Ready, drop
from core.sync.flights import Landed
from core.sync.recording import Recording
from core.sync.repairing import Repairing
from core.sync.stumbles import Stumbles

#: Seconds to wait when a server asks for time and does not say how long.
WAIT = 10.0
#: Of what ends a pass; what is not named here weighs least.
_WEIGHTS = {Action.WAIT: 1, Action.STOP_MAILBOX: 2, Action.STOP_BATCH: 3}


@dataclass(slots=True)
class Verdict:
    """What follows from one request. `again` are groups to be sent once more.

    `stop`: nothing more goes in this pass; `wait`: nothing more for a while.
    """

    again: list[list[Ready]] = field(default_factory=list)
    stop: Failure | None = None
    wait: Failure | None = None


class Answering:
    """Acts on the answers of one pass; called by the pass's own thread."""

    def __init__(self, context: PassContext, recording: Recording, repairing: Repairing, stumbles: Stumbles) -> None:
        self._context = context
        self._recording = recording
        self._repairing = repairing
        self._stumbles = stumbles

    def act(self, landed: Landed) -> Verdict:
        """Record what became of each message of a request, and say what follows.

        Raises the request's fault, and EndpointError where a look-up fails; who is in doubt then is written down.
        """
        work, group, written = landed.flight.work, landed.flight.group, landed.written
        if landed.fault is not None:
            self._recording.cut_off(work, group)
            raise landed.fault
        if landed.failure is not None:
            return self._whole(work, group, landed.failure)
        both = list(zip(group, written, strict=True))
        assert [answer.token for answer in written] == [message.token for message in landed.flight.outgoing]
        unclear = [(m, a) for m, a in both if a.failure is not None and a.failure.together]
        if not unclear:
            return self._answers(work, group, written)
        clear = [(m, a) for m, a in both if a.failure is None or not a.failure.together]
        try:
            first = self._answers(work, [message for message, _ in clear], [answer for _, answer in clear])
            cleared = self._cleared(work, unclear)
        except BaseException:
            self._recording.cut_off(work, [message for message, _ in unclear])
            raise
        second = self._answers(work, [message for message, _ in unclear], cleared)
        return Verdict(first.again + second.again, heavier(first.stop, second.stop), heavier(first.wait, second.wait))

    def leave(self, landed: Landed) -> Failure | None:
        """Record what became of each message, without a word to the destination: this pass sends nothing more.

        Returns what asks for time, if anything does.
        """
        work, group, failure = landed.flight.work, landed.flight.group, landed.failure
        if landed.fault is not None or (failure is not None and failure.in_doubt):
            self._recording.in_doubt(work, group)
        elif failure is not None:
            self._recording.withdraw(work, group, blameless=True)
        else:
            both = list(zip(group, landed.written, strict=True))
            known = [(message, answer) for message, answer in both if self._is_known(answer)]
            self._answers(work, [message for message, _ in known], [answer for _, answer in known])
            self._recording.in_doubt(work, [message for message, answer in both if not self._is_known(answer)])
        asked: Failure | None = None
        for one in (failure, *(answer.failure for answer in landed.written)):
            if one is not None and one.action is Action.WAIT:
                asked = heavier(asked, one)
        return asked

    def _is_known(self, answer: Written) -> bool:
        """Whether nothing more need be asked about this message."""
        if answer.failure is not None:
            return not answer.failure.in_doubt
        return answer.item is not None or self._context.destination.limits.keyed

    def _stored(self, message: Ready, answer: Written) -> None:
        self._stumbles.stored()
        self._recording.stored(message, answer.item, answer.dropped, answer.redated)

    def _cleared(self, work: Work, refused: Sequence[tuple[Ready, Written]]) -> list[Written]:
        """Messages refused together, looked up: the server has answered, so what is not there now will not come."""
        found = self._recording.look_up(work, [message for message, _ in refused])
        cleared = []
        for message, answer in refused:
            assert answer.failure is not None
            absent = replace(answer.failure, in_doubt=False)
            item = found.get(message.uid)
            cleared.append(replace(answer, item=item, failure=absent if item is None else None))
        return cleared

    def _answers(self, work: Work, group: list[Ready], written: Sequence[Written]) -> Verdict:
        """Act on one answer a message."""
        again: list[Ready] = []
        blamed: list[Ready] = []
        spared: list[Ready] = []
        doubtful: list[Ready] = []
        apart: list[Ready] = []
        unnamed: list[Ready] = []
        stop: Failure | None = None
        wait: Failure | None = None
        unsure: Failure | None = None
        for message, answer in zip(group, written, strict=True):
            failure = answer.failure
            if failure is None:
                self._stored(message, answer)
                if answer.item is None:
                    unnamed.append(message)
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
                    stop = heavier(stop, failure)
            else:
                again.append(message)
                spared.append(message)
                if failure.action is Action.WAIT:
                    wait = heavier(wait, failure)
                else:
                    stop = heavier(stop, failure)
        if unnamed and not self._context.destination.limits.keyed:
            # Without APPENDUID the next batch would hide which item is whose.
            self._recording.name(work, unnamed)
        self._recording.in_doubt(work, doubtful)
        if unsure is not None and unsure.action is Action.WAIT:
            wait = heavier(wait, unsure)
        elif unsure is not None and not self._stumbles.goes_on(doubtful, group, unsure):
            stop = heavier(stop, unsure)
        self._recording.withdraw(work, blamed + apart)
        self._recording.withdraw(work, spared, blameless=True)
        return Verdict(([again] if again else []) + [[message] for message in apart], stop, wait)

    def _whole(self, work: Work, group: list[Ready], failure: Failure) -> Verdict:
        """The request failed as a whole."""
        answered = failure.action in {Action.SPLIT, Action.REJECT}
        alone = len(group) == 1
        if failure.in_doubt and not answered:
            self._recording.in_doubt(work, group)
            if failure.action is Action.RETRY and self._stumbles.goes_on(group, group, failure):
                return Verdict()
            return Verdict(stop=failure)
        if failure.in_doubt:
            # The server has answered: what is not there now will not come later.
            group = self._not_there(work, group)
        if not group:
            return Verdict()
        if answered and alone and not self._takes_another_form(group[0], failure):
            return Verdict()
        self._recording.withdraw(work, group, blameless=not answered and failure.action is not Action.RETRY)
        if answered and alone:
            return Verdict([group])
        if answered:
            middle = (len(group) + 1) // 2
            return Verdict([half for half in (group[:middle], group[middle:]) if half])
        if failure.action is Action.WAIT:
            return Verdict([group], wait=failure)
        if failure.action is Action.RETRY and failure.alone and self._stumbles.goes_on(group, group, failure):
            drop(group)
            return Verdict()
        return Verdict([group], stop=failure)

    def _takes_another_form(self, message: Ready, failure: Failure) -> bool:
        """What becomes of a refused message: whether it is sent again in another form, else it is rejected."""
        reason = self._repairing.refused(message, failure)
        if reason is None:
            return True
        self._recording.ended(self._recording.reject(message, reason))
        message.close()
        return False

    def _not_there(self, work: Work, group: list[Ready]) -> list[Ready]:
        """Those of a group that a look-up does not find; the others are recorded as copied."""
        found = self._recording.look_up(work, group)
        absent = []
        for message in group:
            if message.uid in found:
                self._stumbles.stored()
                self._recording.stored(message, found[message.uid])
            else:
                absent.append(message)
        return absent


def wished(failure: Failure) -> float:
    """How long the server wants us to wait, in seconds."""
    return WAIT if failure.seconds is None else failure.seconds


def heavier(one: Failure | None, other: Failure | None) -> Failure | None:
    """Which of two failures a pass ends with: whoever asks for time gets it, whatever else there is to try again."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda failure: (_WEIGHTS.get(failure.action, 0), wished(failure)))
