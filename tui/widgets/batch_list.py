"""The batches that the store knows."""

from collections.abc import Sequence
from datetime import UTC, datetime

from core.status import BatchStatus
from core.store.views import BatchView
from tui import format as fmt
from tui.runner import runner_name
from tui.state import RESTING, TROUBLES, WORD_WIDTH, State, state_of, status_words
from tui.theme import Tone
from tui.widgets.columns import figures, moved, share, size
from tui.widgets.line_table import Column
from tui.widgets.line_widget import Cell, Line, figure
from tui.widgets.list_table import ListTable

_BAR = 12


class BatchList(ListTable[BatchView]):
    """One batch a line: how it stands, how far it is, how fast it goes."""

    now = datetime.fromtimestamp(0, UTC)  # what countdowns are told for; set before `show`

    def columns(self) -> Sequence[Column[BatchView]]:
        """More figures where there is room."""
        return (
            Column("", 1, lambda item: Cell(self._state(item).glyph, self._state(item).tone)),
            Column("Batch", 0, lambda item: Cell(item.name, Tone.TITLE), sort=lambda item: item.name.lower()),
            Column("Run by", 0, _runner, room=140),
            Column("State", WORD_WIDTH, lambda item: Cell(self._state(item).word, self._state(item).tone)),
            figures("Mailboxes", 11, _mailboxes, lambda item: item.mailboxes),
            Column("", _BAR, self._bar, room=96),
            figures("Done", fmt.PERCENT_WIDTH, lambda item: Cell(fmt.percent(*moved(item))), share),
            figures("Moved", 17, lambda item: Cell(" / ".join(map(fmt.size, moved(item)))), size, room=100),
            figures("Failed", 6, lambda item: _alarm(item.failed), lambda item: item.failed, room=104),
            figures("Rejected", 8, lambda item: _alarm(item.rejected), lambda item: item.rejected, room=110),
            figures("Rate", fmt.RATE_WIDTH, lambda item: figure(fmt.rate(item.rate or None)), lambda item: item.rate),
            figures(
                "ETA", fmt.DURATION_WIDTH, lambda item: figure(fmt.duration(item.eta)), lambda item: item.eta or 0.0
            ),
        )

    def key_of(self, item: BatchView) -> str:
        """Its name."""
        return item.name

    def text(self, item: BatchView) -> str:
        """Its name, how it stands, why, and who runs it."""
        runner = runner_name(item.runner) if item.runner is not None else "nobody"
        words = status_words(item.status, item.condition)
        return f"{item.name} {words} {item.why} {item.warning} {runner}".lower()

    def problem(self, item: BatchView) -> bool:
        """Something of it failed or was rejected, or it waits for something other than a user."""
        fails = item.failed > 0 or item.rejected > 0 or item.status is BatchStatus.FAILED
        return fails or item.condition in TROUBLES

    def empty(self) -> Line:
        """How to get one."""
        if self.narrowed:
            return (Cell("  No batch has these words; Esc shows all.", Tone.DIM),)
        return (Cell("  No batch yet. a makes one; or open one with: mailcutover BATCH.toml", Tone.DIM),)

    def _state(self, item: BatchView) -> State:
        return state_of(item.status, item.condition, item.until, self.now)

    def _bar(self, item: BatchView) -> Cell:
        return Cell("".join(fmt.bar(*moved(item), _BAR)), self._state(item).tone)


def _mailboxes(item: BatchView) -> Cell:
    rested = sum(number for status, number in item.by_status.items() if status in RESTING)
    return Cell(f"{fmt.short_count(rested, 5)}/{fmt.short_count(item.mailboxes, 5)}")


def _runner(item: BatchView) -> Cell:
    return Cell("nobody", Tone.DIM) if item.runner is None else Cell(runner_name(item.runner))


def _alarm(number: int) -> Cell:
    return Cell(fmt.short_count(number, 6), Tone.BAD) if number else Cell(fmt.NOTHING, Tone.DIM)
