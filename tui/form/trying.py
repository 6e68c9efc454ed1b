"""While something is tried out at a server: what, and how to give up waiting."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from tui import keys
from tui.format import wrap
from tui.safe import entitle
from tui.theme import Tone
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell

_WIDTH = 52


class Trying(ModalScreen[None], inherit_bindings=False):
    """Stays until whoever showed it takes it away. `cancel` ends what is waited for."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("choice.cancel")

    def __init__(self, what: str, cancel: Callable[[], None]) -> None:
        super().__init__()
        self._what = what
        self._cancel = cancel

    def compose(self) -> ComposeResult:
        """A line or two in a frame."""
        yield LineBlock(classes="dialog")

    def on_mount(self) -> None:
        """Say what is tried."""
        self._say("Esc gives up waiting")

    def _say(self, end: str) -> None:
        block = self.query_one(LineBlock)
        lines = [(), *((Cell(f" {line}"),) for line in wrap(self._what, _WIDTH)), (), (Cell(f" {end}", Tone.DIM),), ()]
        entitle(block, "Trying")
        block.styles.height = len(lines) + 2
        block.show(lines)

    def action_cancel(self) -> None:
        """Give up."""
        self._say("giving up")
        self._cancel()
