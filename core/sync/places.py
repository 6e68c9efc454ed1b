"""Where a pass's messages go: finding, making and renaming folders at the destination."""

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

    def look(self) -> None:
        """Ask the destination for its folders."""
        folders = self._context.destination.folders()
        self._by_ref = {folder.ref: folder for folder in folders}
        self._by_path = {folder.path: folder for folder in folders}

    def all(self) -> list[DestinationFolder]:
        """Every folder, as the destination listed it."""
        return list(self._by_ref.values())

    def of(self, folder: LedgerFolder) -> DestinationFolder | None:
        """Where a ledger folder's messages were put; None when that folder is gone."""
        return self._by_ref.get(folder.destination_ref)

    def ensure(self, plan: FolderPlan, known: LedgerFolder) -> DestinationFolder:
        """The folder for `plan`: where it went so far, else where it belongs, made when it is not there."""
        place = self.of(known)
        if place is not None:
            return place
        known_there = self._by_path.get(plan.path)
        made = self._context.destination.create_folder(plan.path, plan.role, subscribed=plan.source.subscribed)
        # A folder that was listed tells how much it holds; one made now holds nothing.
        listed = self._by_ref.get(made.ref) or known_there
        if listed is None:
            self._context.narrate.info(EventKind.FOLDER_CREATED, f"created {made.path}", plan.source.path)
        place = listed or made
        self._by_ref[place.ref] = place
        self._by_path[place.path] = place
        return place

    def follow(self, plan: FolderPlan, known: LedgerFolder) -> DestinationFolder | None:
        """The source renamed a folder: rename ours too, where it is still ours to rename.

        Returns the folder to go on with: renamed, already renamed along with its parent, or as it was. None when it
        is gone altogether.
        """
        old = self.of(known)
        new = self._by_path.get(plan.path)
        if old is None:
            return new
        if new is not None or old.role is not None or plan.role is not None:
            self._context.narrate.warning(
                EventKind.FOLDER_RENAMED,
                f"renamed at the source; its messages stay in {old.path}",
                plan.source.path,
            )
            return old
        renamed = self._context.destination.rename_folder(old, plan.path)
        self._context.narrate.info(
            EventKind.FOLDER_RENAMED, f"renamed from {old.path} to {renamed.path}", plan.source.path
        )
        self.look()
        return self._by_path.get(renamed.path, renamed)
