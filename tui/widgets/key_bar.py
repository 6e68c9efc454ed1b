"""The line at the bottom: which keys do something here, or for a moment what has just been done."""

from collections.abc import Collection, Sequence

from rich.cells import cell_len
from textual.timer import Timer

from tui import keys
from tui.keymap import Keymap
from tui.theme import Tone
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell

_SHOWN = 6.0  # seconds that a word stands


class KeyBar(LineBlock):
    """Hints, dimmed where the key would do nothing now; `flash` puts a word in their place for six seconds."""

    def __init__(self, keymap: Keymap, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._keymap = keymap
        self._hints: tuple[Cell, ...] = ()
        self._word: Cell | None = None
        self._timer: Timer | None = None

    def hint(
        self,
        first: Collection[str],
        more: Sequence[str],
        last: Collection[str],
        idle: Collection[str] = (),
        about: str = "",
    ) -> None:
        """Show the keys of these actions: as many of `more` as there is room for, from the first.

        Those of `idle` would do nothing. `about` is what they would act on.
        """
        name = [Cell(f" {about} ", Tone.TITLE)] if about else []
        for left in range(len(more), -1, -1):
            cells = [*name, *self._cells((*first, *more[:left], *last), idle)]
            if sum(cell_len(cell.text) for cell in cells) <= self.size.width:
                break
        self._hints = tuple(cells)
        self._draw()

    def _cells(self, ids: Collection[str], idle: Collection[str]) -> list[Cell]:
        cells = []
        for id_ in ids:
            off = id_ in idle
            cells.append(Cell(f" {self._keymap.first(id_)}", Tone.FAINT if off else Tone.KEY))
            cells.append(Cell(f" {keys.key(id_).hint} ", Tone.FAINT if off else Tone.DIM))
        return cells

    def flash(self, word: str, tone: Tone = Tone.PLAIN) -> None:
        """Say what was done, or why not."""
        self._word = Cell(f" {word}", tone)
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_SHOWN, self._fade)
        self._draw()

    def _fade(self) -> None:
        self._word = None
        self._draw()

    def _draw(self) -> None:
        self.show([self._hints if self._word is None else (self._word,)])
