"""One line at the bottom of the screen to type into: a filter, something to look for, the name of a file."""

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from textual.app import ComposeResult

from tui.keymap import Keymap
from tui.keys import Group
from tui.screens.typing import Typing
from tui.theme import Tone
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell


class Prompt(Typing[str | None]):
    """Ends with what was typed, or None. `live` is told of every change; `past` can be recalled, the newest last."""

    GROUPS = (Group.PROMPT, Group.RECALL)

    def __init__(
        self,
        keymap: Keymap,
        label: str,
        text: str = "",
        *,
        hint: str = "",
        past: Sequence[str] = (),
        live: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__(keymap, text)
        self._label = label
        self._hint = hint
        self._past = [*past, text]
        self._place = len(self._past) - 1  # in it
        self._live = live
        self._told = text
        self._block = LineBlock(id="prompt")

    def compose(self) -> ComposeResult:
        """One line."""
        yield self._block

    def on_resize(self) -> None:
        """Draw it anew."""
        self._draw()

    def changed(self) -> None:
        """Tell, and show."""
        if self._live is not None and self.line.text != self._told:
            self._told = self.line.text
            self._live(self._told)
        self._draw()

    def _draw(self) -> None:
        width = self._block.size.width
        label = Cell(f" {self._label} ", Tone.KEY)
        cells = (label, *self.cells(max(width - cell_len(label.text) - 1, 8)))
        hint = f" {self._hint}"
        if self.line.text:  # at the right end, where it does not move, if there is room
            room = width - 1 - sum(cell_len(cell.text) for cell in cells)
            hint = " " * (room - cell_len(self._hint)) + self._hint if cell_len(self._hint) + 2 <= room else ""
        self._block.show([(*cells, Cell(hint, Tone.DIM))])

    def action_take(self) -> None:
        """What was typed."""
        self.dismiss(self.line.text)

    def action_cancel(self) -> None:
        """Nothing."""
        self.dismiss(None)

    def action_older(self) -> None:
        """What was typed before that."""
        self._recall(self._place - 1)

    def action_newer(self) -> None:
        """What was typed after that."""
        self._recall(self._place + 1)

    def _recall(self, place: int) -> None:
        if 0 <= place < len(self._past):
            self._place = place
            self.line.put(self._past[place])
