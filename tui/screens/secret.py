"""Asks for a secret that the batch file says somebody types (``prompt:``)."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from core.secret import Secret
from tui import keys
from tui.format import wrap
from tui.safe import entitle
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell

_WIDTH = 52


class AskSecret(ModalScreen[Secret | None], inherit_bindings=False):
    """Ends with what was typed, unseen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("secret.")

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The text, and a field."""
        with Vertical(classes="dialog"):
            yield LineBlock(classes="question")
            yield Input(password=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Show the text, wait for keys."""
        entitle(self.query_one(Vertical), "Needed to start")
        lines = [(Cell(f" {line}"),) for line in wrap(self._text, _WIDTH)]
        block = self.query_one(LineBlock)
        block.styles.height = len(lines)
        block.show(lines)
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def take(self, event: Input.Submitted) -> None:
        """Enter ends it; nothing typed is no answer."""
        value = event.value
        event.input.clear()
        self.dismiss(Secret(value) if value else None)

    def action_cancel(self) -> None:
        """No answer."""
        self.dismiss(None)
