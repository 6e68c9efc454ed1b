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


class Page(Pager):
    """The problems, broken into lines that fit."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(classes="page")
        self._problems = problems

    def on_resize(self) -> None:
        """Break the lines anew."""
        lines: list[Line] = []
        for problem in self._problems:
            for index, line in enumerate(wrap(problem, max(self.size.width - 4, 20))):
                lines.append((Cell("   " if index else " ✗ ", Tone.BAD), Cell(line)))
            lines.append(())
        self.show(lines)


class Problems(ModalScreen[None], inherit_bindings=False):
    """A page of problems to scroll through."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("help.")

    def __init__(self, title: str, problems: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._problems = problems

    def compose(self) -> ComposeResult:
        """One page."""
        yield Page(self._problems)

    def on_mount(self) -> None:
        """Take the keys."""
        page = self.query_one(Page)
        entitle(page, self._title, "Esc closes")
        page.focus()

    def action_close(self) -> None:
        """Back to where we were."""
        self.dismiss()
