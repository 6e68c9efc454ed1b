"""Messages that moved at the source: the copy follows, and is never made twice.

A new message whose bytes equal one that was copied and left its place in this pass is that message. The same rule
carries a folder over a change of its UIDVALIDITY.
"""

from core.event import EventKind
from core.mail.outcome import Outcome
from core.store.ledger_rows import Left, Result
from core.sync.context import PassContext, Work
from core.sync.places import Places


class Moves:
    """What left its place in this pass, by its bytes; as a multiset, because real duplicates move one by one."""

    def __init__(self, context: PassContext, places: Places) -> None:
        self._context = context
        self._places = places
        self._prints = context.ledger.left.prints()
        self._taken: set[tuple[int, int]] = set()  # the ledger hears of them with the next commit

    def take(self, work: Work, uid: int, exact: bytes, size: int) -> Result | None:
        """If this new message is one that left its place, let its copy follow and say how it ended.

        The caller makes that durable; at once when the copy has been moved for it.
        """
        if exact not in self._prints:
            return None
        same = [left for left in self._context.ledger.left.like(exact) if (left.folder, left.uid) not in self._taken]
        if not same:
            return None
        # One that needs no moving first: the folder's own, after its UIDVALIDITY changed.
        left = min(same, key=lambda left: left.destination_ref != work.place.ref)
        item, reason = self._follow(work, left)
        self._taken.add((left.folder, left.uid))
        self._context.narrate.info(EventKind.MESSAGE_MOVED, reason, work.plan.source.path, uid)
        return Result(uid, Outcome.ALREADY_THERE, item, reason, exact, size, left.flags, left)

    def _follow(self, work: Work, left: Left) -> tuple[str | None, str]:
        if left.destination_ref == work.place.ref:
            return left.item, "known under another UID: not copied again"
        old = next((place for place in self._places.all() if place.ref == left.destination_ref), None)
        if left.item is not None and old is not None:
            item = self._context.destination.move(left.item, old, work.place)
            if item is not None:
                return item, f"moved at the source: its copy moved from {old.path} to {work.place.path}"
        # The port does not tell apart what is gone and what a server without UIDPLUS cannot move.
        where = left.destination_path
        return None, f"moved at the source: its copy has left {where}, or cannot be moved from there; it is left alone"
