"""Where a pass's messages go: finding, making and renaming folders at the destination."""

from collections.abc import Collection
from dataclasses import replace

from core.event import EventKind
from core.mail.folder import FolderPath
from core.ports.destination import DestinationFolder
from core.store.ledger_folder import LedgerFolder
from core.sync.context import PassContext
from core.sync.folder_plan import FolderPlan


class Places:
    """The destination's folders as this pass knows them."""

    def __init__(self, context: PassContext) -> None:
        self._context = context
        self._by_ref: dict[str, DestinationFolder] = {}
        self._by_path: dict[FolderPath, DestinationFolder] = {}
        self.look()
        for folder in context.ledger.folders.under_way():
            self._renamed(folder)

    def look(self) -> None:
        """Ask the destination for its folders."""
        folders = self._context.destination.folders()
        self._by_ref = {folder.ref: folder for folder in folders}
        self._by_path = {self._name(folder.path): folder for folder in folders}

    def all(self) -> list[DestinationFolder]:
        """Every folder, as the destination listed it."""
        return list(self._by_ref.values())

    def of(self, folder: LedgerFolder) -> DestinationFolder | None:
        """Where a ledger folder's messages were put; None when that folder is gone."""
        return self.at(folder.destination_ref)

    def at(self, ref: str) -> DestinationFolder | None:
        """The folder of that ref; None when it is gone."""
        return self._by_ref.get(ref)

    def held_mail(self, place: DestinationFolder) -> bool:
        """Whether messages that a pair's first pass is about to write to `place` may be at the destination already.

        A message with a key is found wherever a user may have put it; others only where we would put them.
        """
        if not self._context.ledger.first_pass():
            return False
        if self._context.destination.limits.keyed:
            return any(folder.messages for folder in self.all())
        return place.messages > 0

    def ensure(self, plan: FolderPlan, known: LedgerFolder) -> DestinationFolder:
        """The folder for `plan`: where it went so far, else where it belongs, made when it is not there."""
        place = self.of(known)
        if place is not None:
            return place
        known_there = self._by_path.get(self._name(plan.path))
        made = self._context.destination.create_folder(plan.path, plan.role, subscribed=plan.source.subscribed)
        # A folder that was listed tells how much it holds; one made now holds nothing.
        listed = self._by_ref.get(made.ref) or known_there
        if listed is None:
            self._context.narrate.info(EventKind.FOLDER_CREATED, f"created {made.path}", plan.source.path)
        place = listed or made
        self._by_ref[place.ref] = place
        self._by_path[self._name(place.path)] = place
        return place

    def follow(self, plan: FolderPlan, known: LedgerFolder, lost: Collection[LedgerFolder]) -> DestinationFolder | None:
        """The source renamed a folder: rename ours too, where it is still ours to rename.

        `lost` are others that are at the source no longer, or under another name.
        Returns the folder to go on with: renamed, already renamed along with its parent, or as it was. None when it
        is gone altogether.
        """
        old = self.of(known)
        new = self._by_path.get(self._name(plan.path))
        if new is not None and (old is None or new.ref == old.ref):
            # A pass that was cut off may have renamed it, and not yet subscribed it.
            self._context.destination.create_folder(new.path, None, subscribed=plan.source.subscribed)
            return new
        if old is None:
            return None
        if new is not None or old.role is not None or plan.role is not None or self._shared(known, lost, old):
            self._context.narrate.warning(
                EventKind.FOLDER_RENAMED,
                f"renamed at the source; its messages stay in {old.path}",
                plan.source.path,
            )
            return old
        self._context.ledger.folders.renaming(known, plan.path)
        renamed = self._context.destination.rename_folder(old, plan.path)
        self._context.narrate.info(
            EventKind.FOLDER_RENAMED, f"renamed from {old.path} to {renamed.path}", plan.source.path
        )
        self.look()
        self._renamed(replace(known, renaming_to=renamed.path))
        return self._by_path.get(self._name(renamed.path), renamed)

    def _renamed(self, known: LedgerFolder) -> None:
        """Let the ledger follow a folder that was renamed, with all below it: an IMAP server knows them by their names.

        Not where it has kept its name, as far as can be seen.
        """
        old, new = known.destination_path, known.renaming_to
        if old is None or new is None or self._by_path.get(self._name(new)) is None:
            return
        below = []
        for folder in self._context.ledger.folders.placed_below(old):
            assert folder.destination_path is not None
            place = self.of(folder) or self._by_path.get(self._name(folder.destination_path.moved(old, new)))
            if place is not None:
                below.append((folder, place.path, place.ref))
        if below:
            self._context.ledger.folders.moved(below)

    def _shared(self, known: LedgerFolder, lost: Collection[LedgerFolder], place: DestinationFolder) -> bool:
        """Whether messages of source folders that were not renamed go there or below."""
        renamed = {folder.id for folder in lost}
        return any(
            other.id not in renamed
            and other.destination_path is not None
            and other.destination_path.below(place.path)
            and not other.source_path.below(known.source_path)
            for other in self._context.ledger.folders.current()
        )

    def _name(self, path: FolderPath) -> FolderPath:
        """What makes a path the same as another."""
        if self._context.destination.limits.folds_case:
            return FolderPath(tuple(part.casefold() for part in path.parts))
        return path
