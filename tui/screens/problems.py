"""What a batch file or a secret reference has wrong: all of it, each with its place and cure."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from tui import keys
from tui.format import wrap
from tui.safe import entitle
from tui.theme import Tone
from tui.widgets.line_widget import Cell, Line
from tui.widgets.pager import Pager


class Problems(ModalScreen[None], inherit_bindings=False):
    """A page of problems to scroll through."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("help.")

    def __init__(self, title: str, problems: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._problems = problems

    def compose(self) -> ComposeResult:
        """One page."""
        yield Pager(classes="page")

    def on_mount(self) -> None:
        """Take the keys."""
        pager = self.query_one(Pager)
        entitle(pager, self._title, "Esc closes")
        pager.focus()

    def on_resize(self) -> None:
        """Break the lines anew."""
        pager = self.query_one(Pager)
        lines: list[Line] = []
        for problem in self._problems:
            for index, line in enumerate(wrap(problem, max(self.app.size.width - 12, 20))):
                lines.append((Cell("   " if index else " ✗ ", Tone.BAD), Cell(line)))
            lines.append(())
        pager.show(lines)

    def action_close(self) -> None:
        """Back to where we were."""
        self.dismiss()
