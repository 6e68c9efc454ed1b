"""The mailboxes of one batch."""

from collections.abc import Sequence
from datetime import UTC, datetime

from core.status import MailboxStatus
from core.store.views import MailboxView
from tui import format as fmt
from tui.state import WORD_WIDTH, State, state_of
from tui.theme import Tone
from tui.widgets.line_table import Column, LineTable
from tui.widgets.line_widget import Cell, Line, figure

_BAR = 10
_FAILED = frozenset({MailboxStatus.FAILED, MailboxStatus.INCREMENTAL_FAILED})


class MailboxTable(LineTable[MailboxView]):
    """One mailbox a line; of one that failed, why."""

    now = datetime.fromtimestamp(0, UTC)  # what countdowns are told for; set before `show`
    domain = ""  # with its @, where all mailboxes have the same; left out of their names

    def columns(self) -> Sequence[Column[MailboxView]]:
        """More figures where there is room."""
        return (
            Column("", 1, lambda item: Cell(self._state(item).glyph, self._state(item).tone), lead=True),
            Column("Mailbox", 0, lambda item: Cell(item.source.removesuffix(self.domain)), lead=True),
            Column("State", WORD_WIDTH, lambda item: Cell(self._state(item).word, self._state(item).tone), lead=True),
            Column("", _BAR, self._bar, room=98),
            Column("Done", fmt.PERCENT_WIDTH, lambda item: figure(fmt.percent(*_moved(item))), right=True),
            Column("Messages", 15, _messages, right=True, room=76),
            Column("Size", fmt.SIZE_WIDTH, lambda item: figure(fmt.size(item.counts.bytes_total)), right=True, room=86),
            Column("Rej", 4, _rejected, right=True, room=104),
            Column("Rate", fmt.RATE_WIDTH, lambda item: figure(fmt.rate(item.rate)), right=True),
            Column("ETA", fmt.DURATION_WIDTH, lambda item: figure(fmt.duration(item.eta)), right=True),
        )

    def show(self, items: Sequence[MailboxView]) -> None:
        """Show these; what their names share is found out anew when there are others."""
        if len(items) != len(self.items) or (items and items[0].batch != self.items[0].batch):
            domain = _domain(items)
            if domain != self.domain:
                self.domain = domain
                self.refresh()
        super().show(items)

    def key_of(self, item: MailboxView) -> str:
        """Its source login; of two batches never the same, so that another batch begins at its first mailbox."""
        return f"{item.batch}\0{item.source}"

    def note(self, item: MailboxView) -> Cell | None:
        """Why it failed."""
        return Cell(item.error, Tone.BAD) if item.error and item.status in _FAILED else None

    def empty(self) -> Line:
        """There is always one in a batch: it is being read."""
        return (Cell("  No mailboxes.", Tone.DIM),)

    def _state(self, item: MailboxView) -> State:
        return state_of(item.status, item.condition, item.until, self.now)

    def _bar(self, item: MailboxView) -> Cell:
        return Cell("".join(fmt.bar(*_moved(item), _BAR)), self._state(item).tone)


def _domain(items: Sequence[MailboxView]) -> str:
    """The domain that all of several mailboxes have in common, with its @."""
    if len(items) < 2:
        return ""
    domain = "@" + items[0].source.rpartition("@")[2]
    return domain if all(item.source.endswith(domain) and item.source != domain for item in items) else ""


def _moved(item: MailboxView) -> tuple[int, int]:
    return item.counts.bytes_copied, item.counts.bytes_total


def _messages(item: MailboxView) -> Cell:
    counts = item.counts
    done = counts.total - counts.pending
    return figure(f"{fmt.short_count(done, 7)}/{fmt.short_count(counts.total, 7)}" if counts.total else fmt.NOTHING)


def _rejected(item: MailboxView) -> Cell:
    number = item.counts.rejected
    return Cell(fmt.short_count(number, 4), Tone.BAD) if number else Cell(fmt.NOTHING, Tone.DIM)
