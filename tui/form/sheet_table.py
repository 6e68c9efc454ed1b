"""The rows of a sheet: mailboxes, folder patterns, pairs of folders. One column has the cursor."""

from collections.abc import Callable, Mapping, Sequence

from core.batch.draft import Draft
from core.batch.file_keys import FileKey
from core.batch.sheet import Sheet, SheetRow
from core.batch.typed import text_of
from core.printable import printable
from tui.form.lines import covered
from tui.theme import Tone
from tui.widgets.line_table import Column, LineTable
from tui.widgets.line_widget import Cell, Line

_LEAST = 18  # cells a column
_WIDEST = 200


class SheetTable(LineTable[SheetRow]):
    """Shows a sheet of a draft. `at` is the column that has the cursor."""

    def __init__(self, draft: Draft, sheet: Sheet) -> None:
        super().__init__(classes="pane", id="sheet")
        self.sheet = sheet
        self.at = 0
        self._draft = draft
        self._keys = list(sheet.columns.values())
        self._places: Mapping[int, int] = {}
        self._from = 0  # the first column that is seen

    @property
    def key(self) -> FileKey:
        """The column that has the cursor."""
        return self._keys[self.at]

    def columns(self) -> Sequence[Column[SheetRow]]:
        """A sign where something is wrong, the number, and columns around the cursor."""
        fits = max((self.size.width - 10) // _LEAST, 1)
        self._from = min(max(self._from, self.at - fits + 1), self.at)
        return (
            Column("", 1, self._sign_of),
            Column("", 6, lambda row: Cell(f"{self._places.get(row.number, 0) + 1:,}", Tone.DIM), right=True),
            *(Column(key.name, 0, self._cell(key)) for key in self._keys[self._from : self._from + fits]),
        )

    def key_of(self, item: SheetRow) -> str:
        """Its number, which it keeps."""
        return str(item.number)

    def arrow(self, column: Column[SheetRow]) -> str:
        """Where the cursor is."""
        return "▾" if column.title == self.key.name else ""

    def empty(self) -> Line:
        """How to get one."""
        return (Cell("  Nothing here yet. Add a row, paste some, or import a list.", Tone.DIM),)

    def path(self, row: SheetRow) -> str:
        """The row as problems name it."""
        return f"{self.sheet.key}[{self._places.get(row.number, 0) + 1}]"

    def refill(self) -> None:
        """Show the rows as they are now."""
        self._places = {row.number: index for index, row in enumerate(self.sheet.rows)}
        self.show(tuple(self.sheet.rows))

    def turn(self, columns: int) -> None:
        """Move the cursor by so many columns."""
        self.at = max(0, min(self.at + columns, len(self._keys) - 1))
        self._laid_out = -1
        self.refresh()

    def _sign_of(self, row: SheetRow) -> Cell:
        return Cell("✗", Tone.BAD) if self._draft.problems_at(self.path(row)) else Cell(" ")

    def _cell(self, key: FileKey) -> Callable[[SheetRow], Cell]:
        def cell(row: SheetRow) -> Cell:
            text = printable(text_of(row.values.get(key.name)), _WIDEST)
            if self._draft.problems_at(f"{self.path(row)}.{key.name}"):
                return Cell(covered(key, text, wrong=True) or "missing", Tone.BAD)
            return Cell(text) if text else Cell("·", Tone.DIM)

        return cell
