"""Messages into Exchange: one CreateItem for a batch, made by hand, and an answer for each of them.

Element by element machinery sets importance, sensitivity and receipts that nobody asked for, over what the MIME says
(measured with exchangelib 5.6).
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from core.exchange import answers, find
from core.exchange.properties import created, nearest_time
from core.exchange.session import Session
from core.exchange.soap import MESSAGES, TYPES, Answer, Request, attribute
from core.mail.body import Body
from core.ports.destination import Outgoing, Written
from core.ports.failure import Action, EndpointError

_OPEN: Final = b"<t:Message><t:MimeContent>"
_CLOSE: Final = b"</m:Items></m:CreateItem>"
_ITEM: Final = f"{MESSAGES}Items/*/{TYPES}ItemId"
#: So many messages in a row that are not saved, no reason given, are not odd ones: the mailbox is full.
_IN_A_ROW: Final = 5


@dataclass(slots=True)
class Fared:
    """How the messages of a mailbox fared so far: whether one was stored, and how many since were not, no reason given.

    As long as none was stored, those that are not may as well be odd. One that comes again, in another form, is odd.
    """

    stored: bool = False
    unsaved: int = 0
    known: set[str] = field(default_factory=set)  # tokens of all that were not saved
    lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(self, written: list[Written]) -> list[Written]:
        """The same, those at the end not blamed one by one when there are too many of them. For any thread."""
        with self.lock:
            return self._judge(written)

    def _judge(self, written: list[Written]) -> list[Written]:
        begin = 0
        for index, each in enumerate(written):
            if each.failure is None:
                self.stored, self.unsaved, begin = True, 0, index + 1
            elif answers.is_unsaved(each.failure):
                self.unsaved += each.token not in self.known
                self.known.add(each.token)
        if not self.stored or self.unsaved < _IN_A_ROW:
            return written
        return [
            replace(each, failure=answers.of_unsaved(each.failure))
            if index >= begin and each.failure is not None and answers.is_unsaved(each.failure)
            else each
            for index, each in enumerate(written)
        ]


def create(session: Session, folder: str, batch: Sequence[Outgoing], fared: Fared) -> list[Written]:
    """Send messages to a folder, by its id; as many answers as messages, in their order.

    `fared` is of the messages of this mailbox before. Raises EndpointError when the request failed as a whole.
    """
    if not batch:
        return []
    keep = session.settings.read_receipts == "keep"
    parts: list[bytes | Body] = [
        (
            '<m:CreateItem MessageDisposition="SaveOnly"><m:SavedItemFolderId>'
            f"<t:FolderId Id={attribute(folder)}/></m:SavedItemFolderId><m:Items>"
        ).encode()
    ]
    dropped = []
    for message in batch:
        xml, lost = created(message, keep_receipts=keep)
        parts += (_OPEN, message.body, f"</t:MimeContent>{xml}</t:Message>".encode())
        dropped.append(lost)
    parts.append(_CLOSE)
    replies = session.call(Request("CreateItem", parts, answers=len(batch), writes=True))
    written = [_written(*each) for each in zip(batch, replies, dropped, strict=True)]
    return fared.judge(_look_again(session, folder, _all_told(written)))


def _written(message: Outgoing, answer: Answer, dropped: tuple[str, ...]) -> Written:
    if not answer.ok:
        return Written(message.token, failure=answers.of_item(answer, message.body.size))
    item = answer.first(_ITEM)
    kept = None if message.received is None else nearest_time(message.received)
    return Written(
        message.token,
        None if item is None else item.get("Id"),
        dropped=dropped,
        redated=None if kept == message.received else kept,
    )


def _all_told(written: list[Written]) -> list[Written]:
    """How long to wait stands at the message that was asked to; those after it were not looked at, and wait as long."""
    asked = max((each.failure.seconds or 0.0 for each in written if each.failure is not None), default=0.0)
    return [
        replace(each, failure=replace(each.failure, seconds=asked))
        if asked and each.failure is not None and each.failure.action is Action.WAIT and each.failure.seconds is None
        else each
        for each in written
    ]


def _look_again(session: Session, folder: str, written: list[Written]) -> list[Written]:
    """Settle what was refused for no reason given: such an error may come after the item was saved.

    The server has answered, so what is not there now will not come later.
    """
    unsure = [
        each.token
        for each in written
        if each.failure is not None and each.failure.in_doubt and each.failure.action is Action.REJECT
    ]
    if not unsure:
        return written
    try:
        found = {token: item for item, token in find.by_key(session, folder, unsure)}
    except EndpointError as error:
        failure = replace(error.failure, in_doubt=True)
        return [replace(each, failure=failure) if each.token in unsure else each for each in written]
    return [_settled(each, found.get(each.token)) if each.token in unsure else each for each in written]


def _settled(written: Written, item: str | None) -> Written:
    if item is not None:
        return Written(written.token, item)
    assert written.failure is not None
    return replace(written, failure=replace(written.failure, in_doubt=False))
