"""What was at the destination before us: found once, before anything is written, and not copied again."""

from collections import defaultdict, deque
from collections.abc import Sequence

from core.event import EventKind
from core.mail.folder import FolderPath
from core.mail.form import Alteration
from core.mail.outcome import Outcome
from core.store.ledger_rows import Result, windows
from core.sync.context import PassContext, Work, pair_source
from core.sync.control import Budget
from core.sync.fetching import Ready
from core.sync.places import Places
from core.sync.repairing import prints


class Adoption:
    """Messages present at the destination that no row claims yet: by token, else by fingerprint, as a multiset."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}
        self._again: dict[str, FolderPath] = {}  # tokens that are there more than once, and where else
        self._prints: dict[tuple[str, bytes], deque[str]] = defaultdict(deque)

    def search(self, context: PassContext, places: Places, works: Sequence[Work]) -> bool:
        """Read what the folders hold that had mail before we came. False when stopping came first."""
        adopting = {work.place.ref for work in works if work.ledger.adopting}
        if not adopting:
            return True
        for place in places.all():
            # A keyed message is found wherever a user may have put it; others only where we would put them.
            if place.ref not in adopting and not (context.destination.limits.keyed and place.messages):
                continue
            if context.control.stopping():
                return False
            context.board.set(activity=f"looking at what is already in {place.path}")
            claimed = context.ledger.claimed(place.ref)
            found = 0
            for present in context.destination.present(place):
                if context.control.stopping():
                    return False
                if present.item in claimed:
                    continue
                found += 1
                if present.token in self._tokens:
                    self._again[present.token] = place.path
                elif present.token is not None:
                    self._tokens[present.token] = present.item
                elif present.canonical is not None:
                    self._prints[place.ref, present.canonical].append(present.item)
            if found:
                context.narrate.info(
                    EventKind.FOLDER_ADOPTED, f"{found} messages are already in {place.path}", place.path
                )
        return True

    def by_token(self, context: PassContext, work: Work) -> bool:
        """Record every pending message of a folder whose token is there. False when stopping came first."""
        if not self._tokens:
            return True
        source, path = pair_source(context), work.plan.source.path
        tokens = {uid: work.token(source, uid) for uid in context.ledger.pending(work.ledger)}
        there = [(uid, self._tokens[token]) for uid, token in tokens.items() if token in self._tokens]
        for uid, token in tokens.items():
            if token in self._again:
                said = f"its key is there more than once, also in {self._again[token]}: all of them stay"
                context.narrate.warning(EventKind.MESSAGE_DUPLICATED, said, path, uid)
        for window in windows(there):
            if context.control.stopping():
                return False
            context.ledger.commit(
                work.ledger, [Result(uid, Outcome.ALREADY_THERE, item, "carries our key") for uid, item in window]
            )
        return True

    def by_bytes(self, budget: Budget, message: Ready) -> tuple[str, Alteration | None] | None:
        """The item that holds the same message where it would go, if there is one left, and in which form."""
        if not message.work.ledger.adopting or not self._prints:
            return None
        for print_, alteration in prints(budget, message):
            items = self._prints.get((message.work.place.ref, print_))
            if items:
                return items.popleft(), alteration
        return None
