"""Asks for a secret that the batch file says somebody types (``prompt:``)."""

from textual.app import ComposeResult

from core.secret import Secret
from tui.format import wrap
from tui.keymap import Keymap
from tui.safe import entitle
from tui.screens.typing import Typing
from tui.theme import Tone
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell

_WIDTH = 52


class AskSecret(Typing[Secret | None]):
    """Ends with what was typed, unseen, or None."""

    def __init__(self, keymap: Keymap, text: str) -> None:
        super().__init__(keymap, exact=True)
        self._text = text
        self._block = LineBlock(classes="dialog")

    def compose(self) -> ComposeResult:
        """The text, and a line to type into."""
        yield self._block

    def on_mount(self) -> None:
        """Show it."""
        entitle(self._block, "Needed to start")
        self.changed()

    def changed(self) -> None:
        """Show how much was typed."""
        text = [(Cell(f" {line}"),) for line in wrap(self._text, _WIDTH)]
        lines = [(), *text, (), (Cell(" > ", Tone.KEY), *self.cells(_WIDTH, mask="*")), ()]
        self._block.styles.height = len(lines) + 2  # and its frame
        self._block.show(lines)

    def action_take(self) -> None:
        """Enter ends it; nothing typed is no answer."""
        typed = self.line.text
        self.line.rub_all()
        if "\ufffd" in typed:  # see `tui.keyboard`
            entitle(self._block, "That was not UTF-8: type it again")
            return
        self.dismiss(Secret(typed) if typed else None)

    def action_cancel(self) -> None:
        """No answer."""
        self.line.rub_all()
        self.dismiss(None)
