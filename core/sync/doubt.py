"""Messages in doubt: sent, or their copies moved, answer unknown. They are looked up, never guessed.

Absent is not yet "not stored": a server was seen to store a message 1.3 s after its sender was killed. So an absent
message is pending again only when it was looked up later than `settle` seconds after its connection ended.
"""

from collections.abc import Sequence

from core.event import EventKind
from core.mail.outcome import Outcome
from core.ports.destination import DestinationFolder, Doubt
from core.status import Condition
from core.store.ledger_folder import LedgerFolder
from core.store.ledger_rows import Entry, Result
from core.sync import repairing
from core.sync.context import PassContext, Work, pair_source, token
from core.sync.moves import arrived
from core.sync.places import Places


def look(context: PassContext, folder: LedgerFolder, places: Places) -> float | None:
    """Look the folder's doubts up once. Returns seconds until it is worth looking again; None: no doubt is left."""
    doubtful = context.ledger.intents(folder)
    if not doubtful:
        return None
    now = context.clock.now()  # before looking: what is stored while we look may not be seen
    # Nobody saw that connection end, or the clock was set back since.
    unknown = {entry.uid for entry in doubtful if entry.ended is None or entry.ended > now}
    context.ledger.ended(folder, sorted(unknown), now)
    place = places.of(folder)
    found = {} if place is None else look_up(context, folder, place, doubtful)
    waiting: list[float] = []
    late: list[Entry] = []
    for entry in doubtful:
        passed = 0.0 if entry.ended is None or entry.uid in unknown else (now - entry.ended).total_seconds()
        if entry.uid not in found and passed < context.settle:
            waiting.append(context.settle - passed)
        elif entry.uid not in found:
            late.append(entry)
    found |= _elsewhere(context, folder, places, late)
    sent = {entry.uid: entry for entry in doubtful}
    results = [_result(context, folder, places, entry, found[entry.uid]) for entry in doubtful if entry.uid in found]
    context.ledger.commit(folder, results)
    for result in results:
        said = "was stored after all: not sent again" if result.took is None else "its copy had moved after all"
        context.narrate.info(EventKind.MESSAGE_SETTLED, said, folder.source_path, result.uid)
        if result.took is None:
            repairing.tell(context, folder.source_path, result.uid, sent[result.uid].exact or b"", result.alteration)
    absent = [entry for entry in late if entry.uid not in found]
    for entry in absent:
        said = "was not stored: sent again" if entry.takes is None else "its copy had not moved"
        context.narrate.info(EventKind.MESSAGE_SETTLED, said, folder.source_path, entry.uid)
    context.ledger.withdraw(folder, [entry.uid for entry in absent])
    return min(waiting) if waiting else None


def look_up(
    context: PassContext, folder: LedgerFolder, place: DestinationFolder, doubtful: Sequence[Entry]
) -> dict[int, str]:
    """Which of these entries with an open intent are at the destination: UID to item."""
    found: dict[int, str] = {}
    # Copies that were moved choose first among messages that are alike: they are not sent, if they are not found.
    for some in ([entry for entry in doubtful if entry.takes], [entry for entry in doubtful if not entry.takes]):
        if some:
            doubts = {entry.uid: _doubt(context, folder, entry) for entry in some}
            claimed = context.ledger.claimed(place.ref).union(found.values())
            there = context.destination.look_up(place, list(doubts.values()), claimed)
            found |= {uid: there[doubt.token] for uid, doubt in doubts.items() if doubt.token in there}
    return found


def _doubt(context: PassContext, folder: LedgerFolder, entry: Entry) -> Doubt:
    assert entry.mark is not None
    assert entry.folded is not None
    key, received = token(folder, pair_source(context), entry.uid), entry.received
    if entry.takes is not None:
        left = context.ledger.left.one(*entry.takes)
        key, received = left.token, left.received
    return Doubt(key, entry.mark, received, entry.folded, entry.size)


def _result(context: PassContext, folder: LedgerFolder, places: Places, entry: Entry, item: str) -> Result:
    """How a message ended that is there as `item`."""
    if entry.takes is None:
        reason = None if entry.alteration is None else str(entry.alteration)
        return Result(entry.uid, Outcome.COPIED, item, reason, alteration=entry.alteration)
    return arrived(context, places, folder, entry.uid, context.ledger.left.one(*entry.takes), item)


def _elsewhere(context: PassContext, folder: LedgerFolder, places: Places, doubtful: Sequence[Entry]) -> dict[int, str]:
    """Those of these entries that a user has moved to another folder since; only a key can tell."""
    found: dict[int, str] = {}
    if not doubtful or not context.destination.limits.keyed:
        return found
    places.look()  # he may have made one for them
    for place in places.all():
        left = [entry for entry in doubtful if entry.uid not in found]
        if left and place.messages and place.ref != folder.destination_ref:
            found |= look_up(context, folder, place, left)
    return found


def settle(context: PassContext, folders: Sequence[LedgerFolder], places: Places) -> bool:
    """Wait until none of these folders has a message in doubt. False when stopping came first."""
    while True:
        waits = [look(context, folder, places) for folder in folders]
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


def settle_confusing(context: PassContext, works: Sequence[Work], places: Places) -> bool:
    """Settle what must not be in doubt while others are sent. False when stopping came first.

    That is a message that left its place, because it may be among the new ones elsewhere; and where we look for what
    was there before us, one that we sent would be taken for such a one.
    """
    adopting = not context.destination.limits.keyed
    confusing = [
        work.ledger
        for work in works
        if any(entry.gone or (adopting and work.ledger.adopting) for entry in context.ledger.intents(work.ledger))
    ]
    return settle(context, confusing, places)
