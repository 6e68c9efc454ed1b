"""Which folder of the ledger a source folder is: the same, renamed, renumbered, back again, or a new one."""

from collections.abc import Iterable

from core.event import EventKind
from core.mail.folder import FolderPath
from core.ports.source import OpenFolder
from core.store.ledger_folder import LedgerFolder
from core.sync import doubt
from core.sync.context import PassContext
from core.sync.folder_plan import FolderPlan
from core.sync.places import Places

#: So many messages show whether two folders with one UIDVALIDITY are one.
_SAMPLE = 100


class Identity:
    """The ledger's folders against those at the source. `known` by path; `lost` are no longer under theirs."""

    def __init__(self, context: PassContext, places: Places, at_source: Iterable[FolderPath]) -> None:
        self._context = context
        self._places = places
        there = set(at_source)
        self.known = {folder.source_path: folder for folder in context.ledger.folders.current()}
        self.lost = {path: folder for path, folder in self.known.items() if path not in there}

    def of(self, plan: FolderPlan, opened: OpenFolder) -> tuple[LedgerFolder, bool] | None:
        """The folder of the ledger, and whether it is new to it. None when stopping came first."""
        path = plan.source.path
        folder = self.known.get(path)
        if folder is None:
            renamed = self._renamed(opened)
            return self._begun(path, opened) if renamed is None else (self._follow(plan, renamed), False)
        change = _renumbered(folder, opened)
        if change is None:
            return folder, False
        self._context.narrate.warning(
            EventKind.FOLDER_VALIDITY_CHANGED, f"{change}: messages are known again by their bytes", path
        )
        if not self.retire(folder):
            return None
        begun, fresh = self._begun(path, opened)
        place = self._places.of(folder)
        if place is not None:
            begun = self._context.ledger.folders.place(begun, place.path, place.ref, adopting=folder.adopting)
        return begun, fresh

    def retire(self, folder: LedgerFolder) -> bool:
        """A folder that is gone has no rows left in doubt. False when stopping came first."""
        if not doubt.settle(self._context, [folder], self._places):
            return False
        self._context.ledger.retired(folder)
        return True

    def _begun(self, path: FolderPath, opened: OpenFolder) -> tuple[LedgerFolder, bool]:
        """A folder that is back, or else a new one."""
        back = self._context.ledger.folders.back(path, opened.uidvalidity)
        if back is not None:
            return back, False
        return self._context.ledger.folders.add(path, opened.uidvalidity), True

    def _renamed(self, opened: OpenFolder) -> LedgerFolder | None:
        """The lost folder that this new one is: same UIDVALIDITY, and the messages that we know."""
        candidates = [folder for folder in self.lost.values() if folder.uidvalidity == opened.uidvalidity]
        if not candidates:
            return None
        now = set(self._context.source.uids(opened))
        for folder in candidates:
            then = self._context.ledger.uids(folder)
            # Mail may have come and gone since; but most of what we know must be there under its old UIDs.
            if then and len(then & now) * 2 > len(then) and self._alike(folder, opened, then & now):
                return folder
            if not then and not now:
                return folder
        return None

    def _alike(self, folder: LedgerFolder, opened: OpenFolder, uids: set[int]) -> bool:
        """Whether these messages have the dates that we know: some servers give one UIDVALIDITY to many folders."""
        sample = sorted(uids)[-_SAMPLE:]
        entries = self._context.ledger.entries(folder, sample)
        same = sum(
            message.uid in entries and entries[message.uid].received == message.received
            for message in self._context.source.messages(opened, sample)
        )
        return same * 2 > len(sample)

    def _follow(self, plan: FolderPlan, renamed: LedgerFolder) -> LedgerFolder:
        context, path = self._context, plan.source.path
        del self.lost[renamed.source_path]
        moved = self._places.follow(plan, renamed, self.lost.values())
        now = {folder.id: folder for folder in context.ledger.folders.current()}  # those below went along
        self.known = {path: now.get(folder.id, folder) for path, folder in self.known.items()}
        self.lost = {path: now.get(folder.id, folder) for path, folder in self.lost.items()}
        folder = context.ledger.folders.renamed(renamed, path)
        left = context.ledger.under(renamed.source_path)
        context.board.folder(renamed.source_path, "", left, f"renamed at the source to {path}")
        return folder if moved is None else context.ledger.folders.place(folder, moved.path, moved.ref)


def _renumbered(folder: LedgerFolder, opened: OpenFolder) -> str | None:
    """Why the UIDs that we know mean nothing any more; None where they do."""
    if folder.uidvalidity != opened.uidvalidity:
        return f"UIDVALIDITY changed from {folder.uidvalidity} to {opened.uidvalidity}"
    before, now = folder.baseline.uidnext, opened.uidnext
    if before is not None and now is not None and now < before:
        return f"UIDNEXT went back from {before} to {now}"
    return None
