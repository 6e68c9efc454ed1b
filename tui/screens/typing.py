"""Screens that text is typed into.

Keys and pasted text reach them straight from the app (`LastingApp.on_event`), one after the other: what Textual
forwards waits in the queue of the screen that was there when it arrived, and Enter would overtake what came before it.
"""

from typing import TypeVar

from textual import events
from textual.screen import ModalScreen

from tui.edit_line import EditLine
from tui.format import head, tail
from tui.keymap import Keymap
from tui.keys import Group
from tui.theme import Tone
from tui.widgets.line_widget import Cell

T = TypeVar("T")


class Typing(ModalScreen[T], inherit_bindings=False):
    """A line being typed. `changed` is called whenever it may look different; `take` and `cancel` end it."""

    GROUPS: tuple[Group, ...] = (Group.PROMPT,)

    def __init__(self, keymap: Keymap, text: str = "", *, exact: bool = False) -> None:
        super().__init__()
        self.keymap = keymap
        self.line = EditLine(text, exact=exact)

    def typed(self, event: events.Key) -> None:
        """A key: one of the table's, else a character."""
        key = self.keymap.find(event.key, *self.GROUPS)
        if key is not None and not (event.is_printable and len(event.character or "") == 1):
            getattr(self, f"action_{key.action}")()
        elif event.is_printable and event.character:
            self.line.insert(event.character)
        else:
            return
        self.changed()

    def pasted(self, text: str) -> None:
        """Text from the clipboard."""
        self.line.insert(text)
        self.changed()

    def changed(self) -> None:
        """The line, or where the cursor stands in it, is another."""

    def cells(self, width: int, mask: str = "") -> tuple[Cell, ...]:
        """The line with its cursor in at most `width` cells; its end, where it is longer. `mask` hides characters."""
        line = self.line
        text = mask * len(line.text) if mask else line.text
        before, under, after = text[: line.cursor], text[line.cursor : line.cursor + 1] or " ", text[line.cursor + 1 :]
        before = tail(before, max(width - 2, 0))
        tone = Tone.FOUND if line.untouched else Tone.TITLE
        rest = head(after, max(width - len(before) - 2, 0)) if after else ""
        return (Cell(before, tone), Cell(under, Tone.CARET), Cell(rest, tone))

    # --- keys ------------------------------------------------------------------------------------------------------

    def action_take(self) -> None:
        """End with what was typed."""
        raise NotImplementedError

    def action_cancel(self) -> None:
        """End with nothing."""
        raise NotImplementedError

    def action_rub_out(self) -> None:
        """One character less; nothing left to rub out ends it."""
        if self.line.text:
            self.line.rub_out()
        else:
            self.action_cancel()

    def action_rub_word(self) -> None:
        """One word less."""
        self.line.rub_word()

    def action_rub_all(self) -> None:
        """Begin anew."""
        self.line.rub_all()

    def action_delete(self) -> None:
        """The character under the cursor."""
        self.line.delete()

    def action_left(self) -> None:
        """One back."""
        self.line.move_to(self.line.cursor - 1)

    def action_right(self) -> None:
        """One on."""
        self.line.move_to(self.line.cursor + 1)

    def action_home(self) -> None:
        """To the beginning."""
        self.line.move_to(0)

    def action_end(self) -> None:
        """To the end."""
        self.line.move_to(len(self.line.text))
