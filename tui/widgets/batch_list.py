"""The batches that the store knows."""

import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime

from core.store.lease import Holder
from core.store.views import BatchView
from tui import format as fmt
from tui.state import RESTING, WORD_WIDTH, State, state_of
from tui.theme import Tone
from tui.widgets.line_table import Column, LineTable
from tui.widgets.line_widget import Cell, Line, figure

_BAR = 12
THIS_PROCESS = "this process"


class BatchList(LineTable[BatchView]):
    """One batch a line: how it stands, how far it is, how fast it goes."""

    now = datetime.fromtimestamp(0, UTC)  # what countdowns are told for; set before `show`

    def columns(self) -> Sequence[Column[BatchView]]:
        """More figures where there is room."""
        return (
            Column("", 1, lambda item: Cell(self._state(item).glyph, self._state(item).tone)),
            Column("Batch", 0, lambda item: Cell(item.name, Tone.TITLE)),
            Column("Run by", 0, _runner, room=140),
            Column("State", WORD_WIDTH, lambda item: Cell(self._state(item).word, self._state(item).tone)),
            Column("Mailboxes", 11, _mailboxes, right=True),
            Column("", _BAR, self._bar, room=96),
            Column("Done", fmt.PERCENT_WIDTH, lambda item: Cell(fmt.percent(*_moved(item))), right=True),
            Column("Moved", 17, lambda item: Cell(" / ".join(map(fmt.size, _moved(item)))), right=True, room=100),
            Column("Failed", 6, lambda item: _alarm(item.failed), right=True, room=104),
            Column("Rejected", 8, lambda item: _alarm(item.rejected), right=True, room=110),
            Column("Rate", fmt.RATE_WIDTH, lambda item: figure(fmt.rate(item.rate or None)), right=True),
            Column("ETA", fmt.DURATION_WIDTH, lambda item: figure(fmt.duration(item.eta)), right=True),
        )

    def key_of(self, item: BatchView) -> str:
        """Its name."""
        return item.name

    def empty(self) -> Line:
        """How to get one."""
        return (Cell("  No batch yet. Open one with: mailcutover BATCH.toml", Tone.DIM),)

    def _state(self, item: BatchView) -> State:
        return state_of(item.status, item.condition, item.until, self.now)

    def _bar(self, item: BatchView) -> Cell:
        return Cell("".join(fmt.bar(*_moved(item), _BAR)), self._state(item).tone)


def _mailboxes(item: BatchView) -> Cell:
    rested = sum(number for status, number in item.by_status.items() if status in RESTING)
    return Cell(f"{fmt.short_count(rested, 5)}/{fmt.short_count(item.mailboxes, 5)}")


def runner_name(holder: Holder) -> str:
    """Who runs a batch, seen from here."""
    if holder.host != socket.gethostname():
        return f"{holder.host}, process {holder.pid}"
    return THIS_PROCESS if holder.pid == os.getpid() else f"process {holder.pid} of this host"


def _runner(item: BatchView) -> Cell:
    return Cell("nobody", Tone.DIM) if item.runner is None else Cell(runner_name(item.runner))


def _moved(item: BatchView) -> tuple[int, int]:
    return item.counts.bytes_copied, item.counts.bytes_total


def _alarm(number: int) -> Cell:
    return Cell(fmt.short_count(number, 6), Tone.BAD) if number else Cell(fmt.NOTHING, Tone.DIM)
