"""All keys, and what the glyphs mean; made from the same tables that the console works by."""

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from core.mail.outcome import Outcome
from core.status import BatchStatus, Condition, MailboxStatus
from tui import keys
from tui.format import fit, wrap
from tui.keymap import Keymap
from tui.safe import entitle
from tui.state import WORD_WIDTH, state_of
from tui.theme import Tone
from tui.widgets.line_widget import Cell, Line
from tui.widgets.pager import Pager

_KEYS_WIDTH = 22

_OUTCOMES = {
    Outcome.COPIED: "stored at the destination",
    Outcome.ALREADY_THERE: "found at the destination before it was written",
    Outcome.SKIPPED: "left out by a rule or limit of the batch",
    Outcome.REJECTED: "refused by the destination",
    Outcome.VANISHED: "gone at the source before it was copied",
    Outcome.PENDING: "still to come",
}


class Help(ModalScreen[None], inherit_bindings=False):
    """A page to scroll through; any key that closes things closes it."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("help.")

    def __init__(self, keymap: Keymap, first: keys.Group | None = None) -> None:
        super().__init__()
        self._keymap = keymap
        self._first = first  # the group that matters most

    def compose(self) -> ComposeResult:
        """One page."""
        yield Pager(classes="page")

    def on_mount(self) -> None:
        """Take the keys."""
        pager = self.query_one(Pager)
        entitle(pager, "Help", "Esc closes")
        pager.focus()

    def on_resize(self) -> None:
        """Break the lines anew."""
        pager = self.query_one(Pager)
        pager.show([*_keys(self._keymap, self._first, pager.size.width), *_legend()])

    def action_close(self) -> None:
        """Back to where we were."""
        self.dismiss()


def _keys(keymap: Keymap, first: keys.Group | None, width: int) -> Iterator[Line]:
    for group in sorted(keys.Group, key=lambda group: group is not first):
        yield (Cell(f" {group}", Tone.TITLE),)
        for key in keys.KEYS:
            if key.group is group:
                names = "  ".join(keymap.names(key.id))
                for index, line in enumerate(wrap(key.words, max(width - _KEYS_WIDTH - 5, 20))):
                    yield (Cell(f"   {fit('' if index else names, _KEYS_WIDTH)}", Tone.KEY), Cell(f" {line}"))
        yield ()


def _legend() -> Iterator[Line]:
    for title, statuses in (("What mailboxes do", MailboxStatus), ("What batches do", BatchStatus)):
        yield (Cell(f" {title}", Tone.TITLE),)
        for status in statuses:
            state = state_of(status)
            yield (
                Cell(f"   {state.glyph} {fit(state.word, WORD_WIDTH)}", state.tone),
                Cell(f" {status}", Tone.DIM),
            )
        yield ()
    yield (Cell(" What became of messages", Tone.TITLE),)
    for outcome, meaning in _OUTCOMES.items():
        yield (Cell(f"   {fit(outcome.value, WORD_WIDTH + 2)}"), Cell(f" {meaning}", Tone.DIM))
    yield ()
    yield (Cell(" What holds them up", Tone.TITLE),)
    for condition in Condition:
        state = state_of(MailboxStatus.STOPPED, condition)
        yield (Cell(f"   {state.glyph} {fit(state.word, WORD_WIDTH)}", state.tone), Cell(f" {condition}", Tone.DIM))
