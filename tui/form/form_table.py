"""The lines of a form, below each other."""

from collections.abc import Sequence

from core.printable import printable
from tui.form.lines import FormLine, covered
from tui.theme import Tone
from tui.widgets.line_table import Column, LineTable
from tui.widgets.line_widget import Cell

_NAME = 24
_WIDEST = 200


class FormTable(LineTable[FormLine]):
    """One key a line, with what it says, or else what counts."""

    def columns(self) -> Sequence[Column[FormLine]]:
        """A sign where something is wrong, the key, the value."""
        return (
            Column("", 1, lambda item: Cell("✗", Tone.BAD) if item.problems else Cell(" "), lead=True),
            Column("Key", _NAME, _name, lead=True),
            Column("Value", 0, _value),
        )

    def key_of(self, item: FormLine) -> str:
        """Its place in the file; the heading's is the table."""
        return f"{item.path}{'' if item.key else '/'}"


def _name(item: FormLine) -> Cell:
    if item.key is None:
        return Cell(f"[{item.path}]" if item.place != ("mailboxes",) else "[[mailboxes]]", Tone.TITLE)
    required = " *" if item.problems and not item.text and not item.key.optional else ""
    return Cell(f"  {printable(item.key.name, _NAME)}{required}", Tone.NAME)


def _value(item: FormLine) -> Cell:
    if item.key is None:
        return Cell("")
    if item.text:
        text = covered(item.key, item.text, wrong=item.problems > 0)
        return Cell(printable(text, _WIDEST), Tone.BAD if item.problems else Tone.PLAIN)
    return Cell(item.unset if item.key.optional else "", Tone.DIM)
