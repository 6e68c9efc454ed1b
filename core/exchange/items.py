"""Items that are in Exchange already: what they show, changing their flags, moving them."""

from collections.abc import Sequence
from typing import Final

from core.exchange import answers
from core.exchange.properties import STATE, State, changed, needs_state, shown
from core.exchange.session import Session
from core.exchange.soap import MESSAGES, TYPES, Answer, Request, attribute
from core.mail.flags import Flags
from core.ports.failure import Action, EndpointError, Failure

_MANY: Final = 100
#: Somebody else may change an item between our reading and our writing; so often we look again.
_TRIES: Final = 5
_GONE: Final = frozenset({"ErrorItemNotFound", "ErrorObjectTypeChanged", "ErrorMoveCopyFailed"})


def states(session: Session, items: Sequence[str]) -> dict[str, State]:
    """What these items show now; those that are gone are left out."""
    found = {}
    for start in range(0, len(items), _MANY):
        some = items[start : start + _MANY]
        body = (
            "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>"
            f"<t:AdditionalProperties>{STATE}</t:AdditionalProperties></m:ItemShape>"
            f"<m:ItemIds>{''.join(f'<t:ItemId Id={attribute(item)}/>' for item in some)}</m:ItemIds></m:GetItem>"
        )
        replies = session.call(Request("GetItem", (body.encode(),), answers=len(some)))
        for item, answer in zip(some, replies, strict=True):
            if answer.code in _GONE:
                continue
            element = _good(answer).first(f"{MESSAGES}Items/*")
            if element is None:
                raise EndpointError(Failure(Action.RETRY, "Incomplete", "an item came without its properties"))
            found[item] = shown(element)
    return found


def change(session: Session, item: str, add: Flags, remove: Flags) -> tuple[str, ...]:
    """Add and remove flags of one item, and touch nothing else; returns those that cannot be kept.

    Exchange keeps categories as one list: that of somebody else's change meanwhile is never overwritten.
    """
    for _ in range(_TRIES):
        state = None
        if needs_state((*add, *remove)):
            state = states(session, [item]).get(item)
            if state is None:
                return ()  # moved away or deleted meanwhile: left alone
        xml, dropped = changed(add, remove, state)
        if not xml:
            return dropped
        answer = _update(session, item, state, xml)
        if answer.code in _GONE:
            return ()
        if answer.code != "ErrorIrresolvableConflict":
            _good(answer)
            return dropped
    raise EndpointError(Failure(Action.RETRY, "ErrorIrresolvableConflict", "somebody else keeps changing the message"))


def _update(session: Session, item: str, state: State | None, xml: str) -> Answer:
    version = "" if state is None else f" ChangeKey={attribute(state.version)}"
    resolution = "AlwaysOverwrite" if state is None else "NeverOverwrite"
    body = (
        f'<m:UpdateItem ConflictResolution="{resolution}" MessageDisposition="SaveOnly" SuppressReadReceipts="true">'
        f"<m:ItemChanges><t:ItemChange><t:ItemId Id={attribute(item)}{version}/><t:Updates>{xml}</t:Updates>"
        "</t:ItemChange></m:ItemChanges></m:UpdateItem>"
    )
    return session.call(Request("UpdateItem", (body.encode(),), writes=True))[0]


def move(session: Session, item: str, folder: str, to: str) -> str | None:
    """Move an item from one folder to another, by their ids. Returns its new id; None when it is not there."""
    state = states(session, [item]).get(item)
    if state is None or (state.folder and state.folder != folder):
        return None
    body = (
        f"<m:MoveItem><m:ToFolderId><t:FolderId Id={attribute(to)}/></m:ToFolderId>"
        f"<m:ItemIds><t:ItemId Id={attribute(item)}/></m:ItemIds></m:MoveItem>"
    )
    answer = session.call(Request("MoveItem", (body.encode(),), writes=True))[0]
    if answer.code in _GONE:
        return None
    moved = _good(answer).first(f"{MESSAGES}Items/*/{TYPES}ItemId")
    return item if moved is None else moved.get("Id")


def _good(answer: Answer) -> Answer:
    if not answer.ok:
        raise EndpointError(answers.of_call(answer, writes=True))
    return answer
