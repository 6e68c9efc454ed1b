"""One mailbox: its facts, and its folders."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from textual.app import ComposeResult
from textual.containers import Vertical

from core.event import Event
from core.store.views import FolderView, MailboxView
from tui.facts import facts
from tui.safe import entitle
from tui.theme import Tone
from tui.widgets.folder_table import FolderTable, total
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell, Line


class MailboxDetail(Vertical):
    """Shows the mailbox under the cursor of the list; the table of folders takes the keys."""

    def __init__(self, *, zone: tzinfo | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._zone = zone
        self._folders: Sequence[FolderView] = ()
        self._shown: Sequence[FolderView] = ()
        self._view: MailboxView | None = None
        self._title = ""

    def compose(self) -> ComposeResult:
        """Facts above, folders below."""
        yield LineBlock(id="facts")
        yield FolderTable(id="folders")

    def show(
        self, view: MailboxView | None, folders: Sequence[FolderView], problem: Event | None, now: datetime
    ) -> None:
        """Bring it up to date; None when no mailbox is chosen."""
        block, table = self.query_one(LineBlock), self.query_one(FolderTable)
        if view is None:
            lines: Sequence[Line] = [(Cell("  Choose a mailbox.", Tone.DIM),)]
        else:
            height = max(self.content_size.height - 5, 4)
            lines = facts(view, problem, now, self.content_size.width, height, self._zone)
        if len(lines) != len(block.lines):
            block.styles.height = len(lines)
        block.show(lines)
        if folders is not self._folders or view is not self._view:
            self._folders, self._view = folders, view
            mine = [folder for folder in folders if view is not None and folder.source == view.source]
            self._shown = total(mine, view.source, view.counts) if view is not None else ()
        table.show(self._shown)
        self._title = f"3 {view.source if view else 'Mailbox'}"
        self.entitle()

    @property
    def folders(self) -> FolderTable:
        """The table that takes the keys."""
        return self.query_one(FolderTable)

    def entitle(self) -> None:
        """Write above whose it is, below where the folder under the cursor goes and what was noted of it."""
        folder = self.folders.current
        parts: tuple[str, ...] = ()
        if folder is not None and folder.path:
            parts = (folder.destination_path and f"to {folder.destination_path}", folder.note)
        entitle(self, self._title, " · ".join(filter(None, parts)))
