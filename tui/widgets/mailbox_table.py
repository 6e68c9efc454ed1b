"""The mailboxes of one batch."""

from collections.abc import Sequence
from datetime import UTC, datetime

from core.status import MailboxStatus
from core.store.views import MailboxView
from tui import format as fmt
from tui.state import WORD_WIDTH, State, is_problem, mailbox_state, status_words, urgency
from tui.theme import Tone
from tui.widgets.columns import figures, moved, share, size
from tui.widgets.line_table import Column
from tui.widgets.line_widget import Cell, Line, figure
from tui.widgets.list_table import ListTable

_BAR = 10
_FAILED = frozenset({MailboxStatus.FAILED, MailboxStatus.INCREMENTAL_FAILED})


class MailboxTable(ListTable[MailboxView]):
    """One mailbox a line; of one that failed, why."""

    now = datetime.fromtimestamp(0, UTC)  # what countdowns are told for; set before `show`
    domain = ""  # with its @, where all mailboxes have the same; left out of their names
    can_mark = True

    def columns(self) -> Sequence[Column[MailboxView]]:
        """More figures where there is room."""
        state = self._state
        return (
            Column("", 1, lambda item: Cell(state(item).glyph, state(item).tone), lead=True),
            Column("Mailbox", 0, self._login, lead=True, sort=lambda item: item.source.lower()),
            Column("State", WORD_WIDTH, lambda item: Cell(state(item).word, state(item).tone), lead=True, sort=urgency),
            Column("", _BAR, self._bar, room=98),
            figures("Done", fmt.PERCENT_WIDTH, lambda item: figure(fmt.percent(*moved(item))), share),
            figures("Messages", 15, _messages, lambda item: item.counts.total, room=76),
            figures("Size", fmt.SIZE_WIDTH, lambda item: figure(fmt.size(moved(item)[1])), size, room=86),
            figures("Rej", 4, _rejected, lambda item: item.counts.rejected, room=104),
            figures("Rate", fmt.RATE_WIDTH, lambda item: figure(fmt.rate(item.rate)), lambda item: item.rate or 0.0),
            figures(
                "ETA", fmt.DURATION_WIDTH, lambda item: figure(fmt.duration(item.eta)), lambda item: item.eta or 0.0
            ),
        )

    def show(self, items: Sequence[MailboxView]) -> None:
        """Show these; what their names share is found out anew when there are others."""
        if len(items) != len(self.all) or (items and items[0].batch != self.all[0].batch):
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

    def text(self, item: MailboxView) -> str:
        """Who it is, how it stands, and why."""
        words = status_words(item.status, item.condition)
        rejected = " rejected" if item.counts.rejected else ""
        return f"{item.source} {item.destination} {words}{rejected} {item.error or ''} {item.why}".lower()

    def problem(self, item: MailboxView) -> bool:
        """It failed, waits for something or is stalled, or messages of it were rejected."""
        return item.counts.rejected > 0 or is_problem(item, self.now)

    def empty(self) -> Line:
        """There is always one in a batch: it is being read, or hidden."""
        return (Cell("  No mailbox has these words; Esc shows all." if self.narrowed else "  No mailboxes.", Tone.DIM),)

    def _login(self, item: MailboxView) -> Cell:
        return Cell(item.source.removesuffix(self.domain))

    def _state(self, item: MailboxView) -> State:
        return mailbox_state(item, self.now)

    def _bar(self, item: MailboxView) -> Cell:
        return Cell("".join(fmt.bar(*moved(item), _BAR)), self._state(item).tone)


def _domain(items: Sequence[MailboxView]) -> str:
    """The domain that all of several mailboxes have in common, with its @."""
    if len(items) < 2:
        return ""
    domain = "@" + items[0].source.rpartition("@")[2]
    return domain if all(item.source.endswith(domain) and item.source != domain for item in items) else ""


def _messages(item: MailboxView) -> Cell:
    counts = item.counts
    done = counts.total - counts.pending
    return figure(f"{fmt.short_count(done, 7)}/{fmt.short_count(counts.total, 7)}" if counts.total else fmt.NOTHING)


def _rejected(item: MailboxView) -> Cell:
    number = item.counts.rejected
    return Cell(fmt.short_count(number, 4), Tone.BAD) if number else Cell(fmt.NOTHING, Tone.DIM)
