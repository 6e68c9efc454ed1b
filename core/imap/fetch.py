"""The bytes of messages: in requests bounded by size, large ones in slices, each message accounted for.

A message over which its server hangs up, falls silent or talks nonsense would stop the mailbox for ever, and a link
that breaks must not cost a message. To tell one from the other, the message is asked for alone over new connections,
and another one in between.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from core.imap.asking import Ask, listed_uids
from core.imap.slices import sliced
from core.imap.whole import Answer, Whole, unreadable
from core.mail.body import SPOOL_ABOVE, Body
from core.ports.failure import EndpointError
from core.ports.source import Fetched, SourceMessage

#: One request asks for at most so much; a larger message goes alone.
BATCH_MESSAGES = 500
BATCH_BYTES = SPOOL_ABOVE
#: What a failure is called when the connection could not go on (`core.imap.answers`), and what a message did then.
_LOST = {
    "LOST": "the connection ends each time this message is asked for",
    "BYE": "the server closes the connection each time this message is asked for",
    "TIMEOUT": "the server falls silent each time this message is asked for",
    "GARBLED": "the server's answer cannot be read each time this message is asked for",
}


class Bodies:
    """The bytes of messages of one folder, in which `ask` runs its commands, over a new connection where need be."""

    def __init__(self, ask: Ask, spool: Path | None) -> None:
        self._ask = ask
        self._spool = spool
        self._whole = Whole(ask)

    def fetch(self, messages: Iterable[SourceMessage]) -> Iterator[Fetched]:
        """These messages, in their order; nothing more is asked for than is taken."""
        for batch in _batches(messages):
            answers = self._batch(batch)
            try:
                for message in batch:
                    answer = answers.pop(message.uid)
                    if isinstance(answer, int):  # larger than it was said to be: once more, alone
                        yield from self.fetch([replace(message, size=answer)])
                    elif answer is None or isinstance(answer, Body):
                        yield Fetched(message.uid, answer)
                    else:
                        yield Fetched(message.uid, None, answer)
            finally:
                _close(answers)

    def _batch(self, batch: list[SourceMessage]) -> dict[int, Answer]:
        answers: dict[int, Answer] = {}
        try:
            while left := [message for message in batch if message.uid not in answers]:
                try:
                    self._get(left, answers)
                except EndpointError as error:
                    if error.failure.code not in _LOST:
                        raise
                    # Servers answer in the order of the UIDs: it ended over the first that did not come.
                    suspect = min((m for m in left if m.uid not in answers), key=lambda message: message.uid)
                    self._suspect(suspect, answers, error)
        except BaseException:
            _close(answers)
            raise
        return answers

    def _get(self, messages: list[SourceMessage], answers: dict[int, Answer]) -> None:
        """Ask for these once. What came before a failure is in `answers` then."""
        if len(messages) == 1 and messages[0].size > SPOOL_ABOVE:
            # Servers differ in what a slice is: when they do not come to what was announced, only the whole is right.
            body = sliced(self._ask, messages[0], self._spool)
            if body is not None and body.size == messages[0].size:
                answers[messages[0].uid] = body
                return
            if body is not None:
                body.close()
        self._whole.get({message.uid: message.size for message in messages}, answers)

    def _suspect(self, message: SourceMessage, answers: dict[int, Answer], error: EndpointError) -> None:
        """The connection ended over this message: was it the message? Raises `error` where that stays open."""
        last = error.failure
        for certain in (False, True):
            if certain and not self._another_comes(message.uid):
                raise error
            self._ask(b"NOOP", None)  # raises when there is no new connection: then it was the link
            try:
                self._get([message], answers)
            except EndpointError as again:
                if again.failure.code not in _LOST:
                    raise
                last = again.failure
            else:
                return
        answers[message.uid] = replace(unreadable(last.code, _LOST[last.code]), said=last.said)

    def _another_comes(self, uid: int) -> bool:
        """Whether the beginning of any other message of the folder can be had."""
        others = [other for other in listed_uids(self._ask, b"ALL") if other != uid]
        for other in {others[0], others[len(others) // 2], others[-1]} if others else ():
            came: list[bytes] = []
            try:
                self._ask(b"UID FETCH %d (BODY.PEEK[]<0.1024>)" % other, lambda response: came.append(response.kind))  # noqa: B023
            except EndpointError as error:
                if error.failure.code not in _LOST:
                    raise
            if b"FETCH" in came:
                return True
        return False


def _batches(messages: Iterable[SourceMessage]) -> Iterator[list[SourceMessage]]:
    batch: list[SourceMessage] = []
    size = 0
    for message in messages:
        alone = message.size > SPOOL_ABOVE
        if batch and (alone or len(batch) >= BATCH_MESSAGES or size + message.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += message.size
        if alone:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _close(answers: dict[int, Answer]) -> None:
    for answer in answers.values():
        if isinstance(answer, Body):
            answer.close()
