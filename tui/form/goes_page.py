"""Where each folder of a mailbox would go."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from core.engine.trial import FolderGoes
from tui import keys
from tui.format import fit
from tui.safe import entitle
from tui.theme import Tone
from tui.widgets.line_widget import Cell, Line
from tui.widgets.pager import Pager


class GoesPage(ModalScreen[None], inherit_bindings=False):
    """A page to scroll through."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("help.")

    def __init__(self, mailbox: str, folders: Sequence[FolderGoes]) -> None:
        super().__init__()
        self._mailbox = mailbox
        self._folders = folders

    def compose(self) -> ComposeResult:
        """One page."""
        yield Pager(classes="page")

    def on_mount(self) -> None:
        """Take the keys."""
        pager = self.query_one(Pager)
        entitle(pager, f"Where the folders go · {self._mailbox}", "Esc closes")
        pager.focus()

    def on_resize(self) -> None:
        """Give both sides the half."""
        pager = self.query_one(Pager)
        pager.show([*self._lines(max((pager.size.width - 6) // 2, 10))])

    def _lines(self, half: int) -> Iterator[Line]:
        if not self._folders:
            yield (Cell(" The source lists no folder.", Tone.WARN),)
        for folder in self._folders:
            goes = Cell(f" → {folder.to}") if folder.to else Cell(" left out", Tone.DIM)
            yield (Cell(f" {fit(folder.path, half)}", Tone.NAME), goes)
            if folder.note:
                yield (Cell(f"   {folder.note}", Tone.DIM),)

    def action_close(self) -> None:
        """Back to where we were."""
        self.dismiss()
