"""Messages into Exchange: one CreateItem for a batch, made by hand, and an answer for each of them.

Element by element machinery sets importance, sensitivity and receipts that nobody asked for, over what the MIME says
(measured with exchangelib 5.6).
"""

from collections.abc import Sequence
from typing import Final

from core.exchange import answers
from core.exchange.properties import created
from core.exchange.session import Session
from core.exchange.soap import MESSAGES, TYPES, Answer, Request, attribute
from core.mail.body import Body
from core.ports.destination import Outgoing, Written
from core.ports.failure import Action, EndpointError

_OPEN: Final = b"<t:Message><t:MimeContent>"
_CLOSE: Final = b"</m:Items></m:CreateItem>"
_ITEM: Final = f"{MESSAGES}Items/*/{TYPES}ItemId"


def create(session: Session, folder: str, batch: Sequence[Outgoing]) -> list[Written]:
    """Send messages to a folder, by its id; as many answers as messages, in their order.

    Raises EndpointError when the request failed as a whole; one refused message alone is a `Written` like any other.
    """
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
    try:
        replies = session.call(Request("CreateItem", parts, answers=len(batch), writes=True))
    except EndpointError as error:
        if error.failure.action is not Action.REJECT:
            raise
        return [Written(batch[0].token, failure=error.failure)]
    return [_written(message, answer, lost) for message, answer, lost in zip(batch, replies, dropped, strict=True)]


def _written(message: Outgoing, answer: Answer, dropped: tuple[str, ...]) -> Written:
    if not answer.ok:
        return Written(message.token, failure=answers.of_item(answer))
    item = answer.first(_ITEM)
    return Written(message.token, None if item is None else item.get("Id"), dropped=dropped)
