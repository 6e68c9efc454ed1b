"""Stands in for everything while the terminal is too small to show anything truthful."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import ModalScreen

from tui import keys
from tui.theme import Tone
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell

#: The smallest terminal that the dashboard fits.
NEEDED = Size(60, 15)


def too_small(size: Size) -> bool:
    """Whether a terminal of that size is below what is needed."""
    return size.width < NEEDED.width or size.height < NEEDED.height


class TooSmall(ModalScreen[None], inherit_bindings=False):
    """Says how large the terminal is and how large it should be. What runs goes on."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("app.quit")

    def __init__(self) -> None:
        super().__init__()
        self._block = LineBlock(id="too-small")

    def compose(self) -> ComposeResult:
        """One block of lines."""
        yield self._block

    def on_screen_resume(self) -> None:
        """Go, when the terminal has grown while something else was asked in front."""
        if not too_small(self.app.size):
            self.dismiss()

    def on_resize(self) -> None:
        """Tell the size as it is now."""
        have = self.app.size
        self._block.show(
            [
                (Cell("Too small", Tone.WAIT),),
                (Cell(f"have {have.width}x{have.height}, need {NEEDED.width}x{NEEDED.height}"),),
                (Cell("What runs goes on.", Tone.DIM),),
            ]
        )
