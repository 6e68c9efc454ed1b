"""Messages in doubt: sent, answer unknown. They are looked up, never guessed.

Absent is not yet "not stored": a server was seen to store a message 1.3 s after its sender was killed. So an absent
message is pending again only when `settle` seconds have passed since its connection ended.
"""

from collections.abc import Sequence
from datetime import datetime

from core.event import EventKind
from core.mail.outcome import Outcome
from core.ports.destination import DestinationFolder, Doubt
from core.status import Condition
from core.store.ledger_folder import LedgerFolder
from core.store.ledger_rows import Entry, Result
from core.sync.context import PassContext, pair_source, token
from core.sync.places import Places


def look(context: PassContext, folder: LedgerFolder, place: DestinationFolder | None, began: datetime) -> float | None:
    """Look the folder's doubts up once. Returns seconds until it is worth looking again; None: no doubt is left.

    `began` stands in for the end of a connection nobody saw: its process was dead by then.
    """
    doubtful = context.ledger.intents(folder)
    if not doubtful:
        return None
    unseen = [entry.uid for entry in doubtful if entry.ended is None]
    if unseen:
        context.ledger.ended(folder, unseen, began)
    found = {} if place is None else look_up(context, folder, place, doubtful)
    context.ledger.commit(folder, [Result(uid, Outcome.COPIED, item) for uid, item in found.items()])
    for uid in found:
        context.narrate.info(EventKind.MESSAGE_SETTLED, "was stored after all: not sent again", folder.source_path, uid)
    waiting: list[float] = []
    absent: list[int] = []
    for entry in doubtful:
        if entry.uid in found:
            continue
        left = context.settle - (context.clock.now() - (entry.ended or began)).total_seconds()
        if left > 0:
            waiting.append(left)
        else:
            absent.append(entry.uid)
            context.narrate.info(EventKind.MESSAGE_SETTLED, "was not stored: sent again", folder.source_path, entry.uid)
    context.ledger.withdraw(folder, absent)
    return min(waiting) if waiting else None


def look_up(
    context: PassContext, folder: LedgerFolder, place: DestinationFolder, doubtful: Sequence[Entry]
) -> dict[int, str]:
    """Which of these entries with an open intent are at the destination: UID to item."""
    source = pair_source(context)
    tokens = {token(folder, source, entry.uid): entry for entry in doubtful}
    doubts = [
        Doubt(key, entry.mark, entry.received, entry.folded, entry.size)
        for key, entry in tokens.items()
        if entry.mark is not None and entry.folded is not None
    ]
    if not doubts:
        return {}
    found = context.destination.look_up(place, doubts, context.ledger.claimed(place.ref))
    return {tokens[key].uid: item for key, item in found.items()}


def settle(context: PassContext, folders: Sequence[LedgerFolder], places: Places, began: datetime) -> bool:
    """Wait until none of these folders has a message in doubt. False when stopping came first."""
    while True:
        waits = [look(context, folder, places.of(folder), began) for folder in folders]
        soonest = min((seconds for seconds in waits if seconds is not None), default=None)
        if soonest is None:
            context.board.set(condition=None, until=None, why="")
            return True
        context.board.set(
            condition=Condition.SETTLING,
            why="an answer was lost: waiting until it can no longer take effect",
            activity="settling",
        )
        if context.control.wait(soonest):
            return False
