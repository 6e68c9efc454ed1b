"""The page for what a batch file has many of: mailboxes, folder patterns, pairs of folders."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events, on

from core.batch.draft import Draft, Place
from core.batch.file_keys import FileKey
from core.batch.problem import Problem
from core.batch.sheet import SheetRow
from core.batch.typed import text_of
from core.printable import printable
from tui.form.page import FormPage
from tui.form.pasted import rows_of
from tui.form.sheet_table import SheetTable
from tui.format import count
from tui.keymap import Keymap
from tui.theme import Tone
from tui.widgets.line_table import LineTable

if TYPE_CHECKING:
    from tui.form.desk import FormDesk

MAILBOXES = ("mailboxes",)


class SheetPage(FormPage):
    """Rows are added, pasted, imported, changed cell by cell, taken out."""

    HINTS = ("form.add", "form.take", "form.leave_out", "form.import", "form.save", "form.try", "form.problem")
    table: SheetTable

    def __init__(self, draft: Draft, place: Place, desk: "FormDesk", keymap: Keymap) -> None:
        self.sheet = draft.sheets[place]
        super().__init__(draft, keymap, SheetTable(draft, self.sheet), self.sheet.key)
        self._desk = desk

    def refill(self) -> None:
        """All rows as they are now."""
        self.table.refill()

    def at_hand(self) -> tuple[FileKey | None, Sequence[Problem]]:
        """Of the cell under the cursor; of the row, or of all, where nothing is wrong with it alone."""
        row: SheetRow | None = self.table.current
        if row is None:
            return self.table.key, self.draft.problems_at(self.sheet.key)
        path = self.table.path(row)
        return self.table.key, (self.draft.problems_at(f"{path}.{self.table.key.name}") or self.draft.problems_at(path))

    def is_wrong(self, item: SheetRow) -> bool:
        """Whether a problem is in that row."""
        return bool(self.draft.problems_at(self.table.path(item)))

    # --- keys ------------------------------------------------------------------------------------------------------

    def action_left(self) -> None:
        """A column back."""
        self.table.turn(-1)
        self.tell()

    def action_right(self) -> None:
        """A column on."""
        self.table.turn(1)
        self.tell()

    def action_add(self) -> None:
        """Another row, below this one; its cells are asked for one after the other."""
        current: SheetRow | None = self.table.current
        (row,) = self.sheet.add([{}], None if current is None else current.number)
        self.table.turn(-self.table.at)
        self.changed()
        self.table.choose(str(row.number))
        self.run_worker(self._fill(row), group="form")

    async def _fill(self, row: SheetRow) -> None:
        """Ask for what every row needs; a row of which nothing was told goes again."""
        needed = sum(not key.optional for key in self.sheet.columns.values())
        for _ in range(needed):
            if not await self._type(row):
                break
            if self.table.at < needed - 1:
                self.action_right()
        if not self.sheet.rows[self.sheet.index(row.number)].values:
            self.sheet.remove(row.number)
            self.changed()

    @on(LineTable.Opened)
    def action_take(self) -> None:
        """Change the cell under the cursor."""
        row: SheetRow | None = self.table.current
        if row is not None:
            self.run_worker(self._type(row), group="form")

    async def _type(self, row: SheetRow) -> bool:
        key = self.table.key

        def put(text: str) -> None:
            self.sheet.put(row.number, key.name, text)
            self.changed()

        before = self.sheet.text(row.number, key.name)
        text = await self.typed(f"{key.name} =", before, key.allowed or key.what, put)
        if text is not None:
            put(text)
        return text is not None

    def action_leave_out(self) -> None:
        """Take the row out; the empty ones first to go are those that say nothing."""
        row: SheetRow | None = self.table.current
        if row is not None:
            what = text_of(next(iter(row.values.values()), "an empty row"))
            self.sheet.remove(row.number)
            self.changed()
            self.flash(f"Taken out: {what}", Tone.DIM)

    def on_paste(self, event: events.Paste) -> None:
        """Take rows from the clipboard."""
        event.stop()
        self.run_worker(self._paste(event.text), group="form")

    async def _paste(self, text: str) -> None:
        if self.sheet.place == MAILBOXES and await self._desk.take_list(self, text, "what was pasted"):
            return
        try:
            rows = rows_of(text, list(self.sheet.columns))
        except ValueError as error:
            self.flash(f"Nothing was pasted: {printable(str(error))}", Tone.BAD)
            return
        current: SheetRow | None = self.table.current
        self.sheet.add(rows, None if current is None else current.number)
        self.changed()
        self.flash(f"{count(len(rows))} rows pasted", Tone.GOOD)

    def action_import_list(self) -> None:
        """Import mailboxes from a CSV file."""
        if self.sheet.place == MAILBOXES:
            self.run_worker(self._desk.import_list(self), exclusive=True, group="form")
        else:
            self.flash("Only mailboxes are imported", Tone.DIM)

    def action_try_out(self) -> None:
        """Try out the mailbox under the cursor."""
        index = self.table.cursor if self.sheet.place == MAILBOXES else 0
        self.run_worker(self._desk.try_out(self, index), exclusive=True, group="try")

    def action_save(self) -> None:
        """Write the file."""
        self.run_worker(self._desk.save(self), exclusive=True, group="save")

    def action_close(self) -> None:
        """Back to the form."""
        self.dismiss()
