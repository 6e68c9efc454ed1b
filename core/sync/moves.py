"""Messages that moved at the source: the copy follows, and is never made twice.

A new message whose bytes equal one that was copied and left its place in this pass is that message. The same rule
carries a folder over a change of its UIDVALIDITY.

As before a message is sent, an intent is durable before a copy goes: what a crash or a lost answer leaves in doubt is
looked up in the folder where it was to go (`core.sync.doubt`).
"""

from core.event import EventKind
from core.mail.outcome import Outcome
from core.store.ledger_folder import LedgerFolder
from core.store.ledger_rows import Intent, Left, Result
from core.sync.context import PassContext
from core.sync.fetching import Ready
from core.sync.places import Places
from core.sync.repairing import print_as


class Moves:
    """What left its place in this pass, by its bytes; as a multiset, because real duplicates move one by one."""

    def __init__(self, context: PassContext, places: Places) -> None:
        self._context = context
        self._places = places
        self._prints = context.ledger.left.prints()
        self._taken: set[tuple[int, int]] = set()  # the ledger hears of them with the next commit

    def may_take(self, message: Ready) -> bool:
        """Whether `take` may have a copy to move, and so something to ask of the destination."""
        return message.body is not None and message.exact in self._prints

    def take(self, message: Ready) -> Result | None:
        """If this new message is one that left its place, let its copy follow and say how it ended.

        The caller makes that durable; at once when the copy has been moved for it.
        """
        if message.body is None or message.exact not in self._prints:
            return None
        alike = self._context.ledger.left.like(message.exact)
        same = [left for left in alike if (left.folder, left.uid) not in self._taken]
        if not same:
            return None
        work = message.work
        # One that needs no moving first: the folder's own, after its UIDVALIDITY changed.
        left = min(same, key=lambda left: left.destination_ref != work.place.ref)
        item, reason = self._follow(message, left)
        self._taken.add((left.folder, left.uid))
        self._context.narrate.info(EventKind.MESSAGE_MOVED, reason, work.plan.source.path, message.uid)
        return Result(
            message.uid,
            Outcome.ALREADY_THERE,
            item,
            reason,
            message.exact,
            message.body.size,
            left.flags,
            left,
            left.alteration,
        )

    def _follow(self, message: Ready, left: Left) -> tuple[str | None, str]:
        context, work = self._context, message.work
        if left.destination_ref == work.place.ref:
            return left.item, "known under another UID: not copied again"
        old = self._places.at(left.destination_ref)
        if left.item is not None and old is not None:
            mark = context.destination.mark(work.place)
            folded = message.folded
            if left.alteration is not None:
                folded = print_as(context.budget, message, left.alteration, left.received)
            intent = Intent(message.uid, mark, message.exact, folded, left)
            context.ledger.commit(work.ledger, intents=[intent])
            try:
                item = context.destination.move(left.item, old, work.place)
            except BaseException:
                context.ledger.ended(work.ledger, [message.uid], context.clock.now())
                raise
            if item is not None:
                return item, f"moved at the source: its copy moved from {old.path} to {work.place.path}"
        # The port does not tell apart what is gone and what a server without UIDPLUS cannot move.
        where = left.destination_path
        return None, f"moved at the source: its copy has left {where}, or cannot be moved from there; it is left alone"


def arrived(context: PassContext, places: Places, folder: LedgerFolder, uid: int, left: Left, item: str) -> Result:
    """How a message of `folder` ended whose copy was being moved, and has come there as `item`."""
    old, to = places.at(left.destination_ref), places.of(folder)
    if left.item is not None and old is not None and to is not None:
        context.destination.move(left.item, old, to, copy=item)
    reason = "moved at the source: its copy moved, too"
    return Result(uid, Outcome.ALREADY_THERE, item, reason, flags=left.flags, took=left, alteration=left.alteration)
