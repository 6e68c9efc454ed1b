"""The line at the top: how all of it goes, and what must not be overlooked."""

from collections.abc import Sequence

from rich.cells import cell_len

from core.status import ACTIVE
from core.store.views import BatchView
from tui import format as fmt
from tui.theme import Tone
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell

#: A cell, and when it gives way to what does not fit beside it: 1 first; 0 never.
_Part = tuple[Cell, int]


class StatusBar(LineBlock):
    """Sums over all batches on the left, warnings on the right. Of the sums, those that matter less make room."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._batches: Sequence[BatchView] = ()
        self._remark: Cell | None = None
        self._alarm: Cell | None = None

    def tell(self, batches: Sequence[BatchView], remark: Cell | None, alarm: Cell | None) -> None:
        """Show these batches' sums, what is to be said of this console, and the one thing that must not be missed."""
        self._batches, self._remark, self._alarm = batches, remark, alarm
        self._draw()

    def alarm(self, alarm: Cell) -> None:
        """Show this beside the sums as they were."""
        self.tell(self._batches, self._remark, alarm)

    def on_resize(self) -> None:
        """Put the warning to the new right end."""
        self._draw()

    def _draw(self) -> None:
        parts = self._sums()
        wanted = 0 if self._alarm is None else cell_len(self._alarm.text) + 2
        for rank in (1, 2, 3):
            if _width(parts) + wanted <= self.size.width:
                break
            parts = [part for part in parts if part[1] != rank]
        if self._alarm is not None:
            room = max(self.size.width - _width(parts) - 2, 0)
            parts.append((Cell(f" {fmt.fit(self._alarm.text, room, right=True)} ", self._alarm.tone), 0))
        self.show([tuple(cell for cell, _ in parts)])

    def _sums(self) -> list[_Part]:
        running = sum(batch.runner is not None for batch in self._batches)
        active = sum(batch.by_status.get(status, 0) for batch in self._batches for status in ACTIVE)
        rate = sum(batch.rate for batch in self._batches)
        failed = sum(batch.failed for batch in self._batches)
        rejected = sum(batch.rejected for batch in self._batches)
        parts: list[_Part] = [(Cell(" mailcutover ", Tone.TITLE), 3)]
        if running:
            parts.append((Cell(f" {running} running ", Tone.ACTIVE), 0))
            parts += [(Cell(f" {fmt.count(active)} active "), 1), (Cell(f" {fmt.rate(rate)} "), 2)]
        elif self._batches:
            parts.append((Cell(" nothing runs ", Tone.DIM), 0))
        if failed:
            parts.append((Cell(f" ✗ {fmt.count(failed)} failed ", Tone.BAD), 0))
        if rejected:
            parts.append((Cell(f" ▲ {fmt.count(rejected)} rejected ", Tone.WARN), 0))
        if self._remark is not None:
            parts.append((Cell(f" {self._remark.text} ", self._remark.tone), 0))
        return parts


def _width(parts: Sequence[_Part]) -> int:
    return sum(cell_len(cell.text) for cell, _ in parts)
