"""The messages of a mailbox that are not at the destination, with the reason of each."""

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from core.mail.outcome import Outcome
from core.store.left_out import LeftOut
from tui import format as fmt
from tui import keys
from tui.safe import entitle
from tui.theme import Tone
from tui.widgets.line_widget import Cell, Line
from tui.widgets.pager import Pager

_TITLES = {
    Outcome.REJECTED: ("Refused by the destination", Tone.BAD),
    Outcome.SKIPPED: ("Left out by a rule or limit of the batch", Tone.WAIT),
    Outcome.VANISHED: ("Gone at the source before they were copied", Tone.DIM),
}


class LeftOutPage(ModalScreen[None], inherit_bindings=False):
    """A page to scroll through. `more`: there are others, not read."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("help.")

    def __init__(self, mailbox: str, found: Sequence[LeftOut], *, more: bool, zone: tzinfo | None = None) -> None:
        super().__init__()
        self._mailbox = mailbox
        self._found = found
        self._more = more
        self._zone = zone

    def compose(self) -> ComposeResult:
        """One page."""
        yield Pager(classes="page")

    def on_mount(self) -> None:
        """Take the keys."""
        pager = self.query_one(Pager)
        entitle(pager, f"Not copied · {self._mailbox}", "Esc closes")
        pager.focus()

    def on_resize(self) -> None:
        """Break the lines anew."""
        pager = self.query_one(Pager)
        pager.show([*self._lines(max(pager.size.width - 2, 20))])

    def _lines(self, width: int) -> Iterator[Line]:
        last: Outcome | None = None
        for message in self._found:
            if message.outcome is not last:
                if last is not None:
                    yield ()
                last = message.outcome
                title, tone = _TITLES[last]
                yield (Cell(f" {title}", tone),)
            yield from self._one(message, width)
        if self._more:
            yield ()
            yield (Cell(f" and others; these are the first {fmt.count(len(self._found))}", Tone.DIM),)

    def _one(self, message: LeftOut, width: int) -> Iterator[Line]:
        received = "" if message.received is None else f"  {fmt.stamp(message.received, self._zone)}"
        yield (
            Cell(f"   {message.folder}:{message.uid}", Tone.NAME),
            Cell(f"{received}  {fmt.size(message.size)}", Tone.DIM),
        )
        for line in fmt.wrap(message.reason, max(width - 5, 8)):
            yield (Cell(f"     {line}"),)

    def action_close(self) -> None:
        """Back to where we were."""
        self.dismiss()
