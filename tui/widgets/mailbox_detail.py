"""One mailbox: its facts, and its folders."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from textual.app import ComposeResult
from textual.containers import Vertical

from core.event import Event
from core.store.views import FolderView, MailboxView
from tui.facts import facts
from tui.format import joined
from tui.safe import entitle
from tui.theme import Tone
from tui.widgets.folder_table import FolderTable, total
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell, Line

_TABLE = 5  # lines that are left to the folders
_LEAST = 4  # lines of facts


class MailboxDetail(Vertical):
    """Shows the mailbox under the cursor of the list; the table of folders takes the keys."""

    def __init__(self, *, zone: tzinfo | None = None, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.block = LineBlock(id="facts")
        self.folders = FolderTable(id="folders")
        self._zone = zone
        self._view: MailboxView | None = None
        self._problem: Event | None = None
        self._now = datetime.fromtimestamp(0, UTC)
        self._rates: Sequence[float] = ()
        self._folders: Sequence[FolderView] = ()
        self._shown: Sequence[FolderView] = ()

    def compose(self) -> ComposeResult:
        """Facts above, folders below."""
        yield self.block
        yield self.folders

    def show(
        self,
        view: MailboxView | None,
        folders: Sequence[FolderView],
        problem: Event | None,
        now: datetime,
        rates: Sequence[float] = (),
    ) -> None:
        """Bring it up to date; None when no mailbox is chosen."""
        if folders is not self._folders or view is not self._view:
            self._folders = folders
            mine = [folder for folder in folders if view is not None and folder.source == view.source]
            self._shown = total(mine, view.source, view.counts) if view is not None else ()
        self._view, self._problem, self._now, self._rates = view, problem, now, rates
        self._tell()
        self.folders.show(self._shown)
        self.entitle()

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._tell()

    def _tell(self) -> None:
        lines: Sequence[Line] = [(Cell("  Choose a mailbox.", Tone.DIM),)]
        if self._view is not None:
            size = self.content_size
            height = max(size.height - _TABLE, _LEAST)
            lines = facts(self._view, self._problem, self._now, size.width, height, self._zone, self._rates)
        if len(lines) != len(self.block.lines):
            self.block.styles.height = len(lines)
        self.block.show(lines)

    def entitle(self) -> None:
        """Write above whose it is, below where the folder under the cursor goes and what was noted of it."""
        folder = self.folders.current
        parts: tuple[str, ...] = ()
        if folder is not None and folder.path:
            parts = (folder.destination_path and f"to {folder.destination_path}", folder.note)
        title = joined(self.folders.chip, self._view.source if self._view else "Mailbox")
        entitle(self, f"3 {title}", joined(*parts, self.folders.order_words))
