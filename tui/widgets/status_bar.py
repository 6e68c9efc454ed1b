"""The line at the top: how all of it goes, and what must not be overlooked."""

from collections.abc import Sequence

from rich.cells import cell_len

from core.status import ACTIVE
from core.store.views import BatchView
from tui import format as fmt
from tui.theme import Tone
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell


class StatusBar(LineBlock):
    """Sums over all batches on the left, warnings on the right."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._batches: Sequence[BatchView] = ()
        self._alarm: Cell | None = None

    def tell(self, batches: Sequence[BatchView], alarm: Cell | None) -> None:
        """Show these batches' sums, and the one thing that matters most beside them."""
        self._batches, self._alarm = batches, alarm
        self._draw()

    def alarm(self, alarm: Cell) -> None:
        """Show this beside the sums as they were."""
        self.tell(self._batches, alarm)

    def on_resize(self) -> None:
        """Put the warning to the new right end."""
        self._draw()

    def _draw(self) -> None:
        running = sum(batch.runner is not None for batch in self._batches)
        active = sum(batch.by_status.get(status, 0) for batch in self._batches for status in ACTIVE)
        rate = sum(batch.rate for batch in self._batches)
        failed = sum(batch.failed for batch in self._batches)
        rejected = sum(batch.rejected for batch in self._batches)
        cells = [Cell(" mailcutover ", Tone.TITLE)]
        if running:
            cells += [Cell(f" {running} running ", Tone.ACTIVE), Cell(f" {fmt.count(active)} active ")]
            cells += [Cell(f" {fmt.rate(rate)} ")]
        elif self._batches:
            cells += [Cell(" nothing runs ", Tone.DIM)]
        if failed:
            cells.append(Cell(f" ✗ {fmt.count(failed)} failed ", Tone.BAD))
        if rejected:
            cells.append(Cell(f" ▲ {fmt.count(rejected)} rejected ", Tone.WARN))
        if self._alarm is not None:
            room = self.size.width - sum(cell_len(cell.text) for cell in cells) - 1
            cells.append(Cell(f"{fmt.fit(self._alarm.text, max(room, 0), right=True)} ", self._alarm.tone))
        self.show([tuple(cells)])
