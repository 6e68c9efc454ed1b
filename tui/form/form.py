"""The form itself: every key of a batch file, with what counts without it and what is wrong."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on

from core.batch.draft import Draft
from core.batch.file_keys import FileKey
from core.batch.problem import Problem
from core.batch.typed import next_choice
from tui.form.form_table import FormTable
from tui.form.lines import FormLine, lines_of
from tui.form.page import FormPage
from tui.form.sheet_page import SheetPage
from tui.keymap import Keymap
from tui.theme import Tone
from tui.widgets.line_table import LineTable

if TYPE_CHECKING:
    from tui.form.desk import FormDesk


class Form(FormPage):
    """Ends when it is closed; what was saved by then, the desk has made known."""

    HINTS = ("form.take", "form.save", "form.problem", "form.try", "form.leave_out")

    def __init__(self, draft: Draft, desk: "FormDesk", keymap: Keymap, title: str) -> None:
        super().__init__(draft, keymap, FormTable(id="form", classes="pane"), title)
        self._desk = desk

    def refill(self) -> None:
        """All lines as they are now."""
        self.table.show(tuple(lines_of(self.draft)))

    def at_hand(self) -> tuple[FileKey | None, Sequence[Problem]]:
        """Of the line under the cursor."""
        line: FormLine | None = self.table.current
        return (None, ()) if line is None else (line.key, self.draft.problems_at(line.path))

    def is_wrong(self, item: FormLine) -> bool:
        """Headings are not; what stands below them is."""
        return item.key is not None and item.problems > 0

    # --- keys ------------------------------------------------------------------------------------------------------

    @on(LineTable.Opened)
    def action_take(self) -> None:
        """Type a value, take the next choice, open rows."""
        line: FormLine | None = self.table.current
        if line is None or line.key is None:
            return
        if line.many:
            self.app.push_screen(SheetPage(self.draft, line.place, self._desk, self.keymap))
        elif line.chosen:
            self._put(line, next_choice(line.key.choices, line.text or line.unset))
        else:
            self.run_worker(self._type(line, line.key), group="form")

    async def _type(self, line: FormLine, key: FileKey) -> None:
        hint = f"{line.unset} counts now" if line.unset else key.allowed
        text = await self.typed(f"{line.path} =", line.text, hint, lambda text: self._put(line, text))
        if text is not None:
            self._put(line, text)

    def _put(self, line: FormLine, text: str) -> None:
        self.draft.put(line.place, text)
        self.changed()

    def action_leave_out(self) -> None:
        """Leave the key out."""
        line: FormLine | None = self.table.current
        if line is not None and line.key is not None and not line.many:
            self._put(line, "")

    def action_save(self) -> None:
        """Write the file."""
        self.run_worker(self._desk.save(self), exclusive=True, group="save")

    def action_try_out(self) -> None:
        """Try out what it says, with the first mailbox."""
        self.run_worker(self._desk.try_out(self, 0), exclusive=True, group="try")

    def action_close(self) -> None:
        """Back; ask when something is not saved."""
        self.run_worker(self._desk.close(self), exclusive=True, group="save")

    def action_add(self) -> None:
        """Rows are added where they are."""
        self._say_where()

    action_import_list = action_left = action_right = action_add

    def _say_where(self) -> None:
        self.flash("Open the mailboxes, or a list of folders, for that", Tone.DIM)
