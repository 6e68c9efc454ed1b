"""What the pages of a form have in common: a head, a table, advice on the line at hand, keys."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from core.batch.draft import Draft, problems_of
from core.batch.file_keys import FileKey
from core.batch.problem import Problem
from tui import keys
from tui.form.advice import advice
from tui.format import count, fit
from tui.keymap import Keymap
from tui.keys import Group
from tui.panes import WIDE
from tui.screens.help import Help
from tui.screens.prompt import Prompt
from tui.theme import Tone
from tui.widgets.key_bar import KeyBar
from tui.widgets.line_block import LineBlock
from tui.widgets.line_table import LineTable
from tui.widgets.line_widget import Cell

_LAST = ("form.help", "form.close")


class FormPage(Screen[None], inherit_bindings=False):
    """Shows a draft and looks for problems after each change, in a thread: a batch may have 50,000 mailboxes."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("form.", at_once=True)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - as Textual declares them
    HINTS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, draft: Draft, keymap: Keymap, table: LineTable[Any], title: str) -> None:
        super().__init__()
        self.draft = draft
        self.keymap = keymap
        self.table = table
        self.key_bar = KeyBar(keymap, id="keys")
        self._title = title
        self._unsaved = False
        self._head = LineBlock(id="form-head")
        self._advice = LineBlock(id="form-advice")

    def compose(self) -> ComposeResult:
        """The four, below each other."""
        yield self._head
        yield self.table
        yield self._advice
        yield self.key_bar

    def on_mount(self) -> None:
        """Begin at the top."""
        self.set_focus(self.table)
        self.changed()

    def on_resize(self) -> None:
        """Write everything anew."""
        self.call_after_refresh(self.tell)

    def on_screen_resume(self) -> None:
        """Another page may have changed something."""
        self.changed()

    # --- what is shown ---------------------------------------------------------------------------------------------

    @abstractmethod
    def refill(self) -> None:
        """Show the draft as it is now."""

    @abstractmethod
    def at_hand(self) -> tuple[FileKey | None, Sequence[Problem]]:
        """The key that the cursor is on, and what is wrong there."""

    def changed(self) -> None:
        """The draft may say something else: show it, and look for problems."""
        self._unsaved = self.draft.unsaved
        self.refill()
        self.tell()
        # The function, not a coroutine: one that another takes the place of at once would never be awaited.
        self.run_worker(self._look, exclusive=True, group="look")  # type: ignore[arg-type]

    async def _look(self) -> None:
        revision = self.draft.revision
        found = await asyncio.to_thread(problems_of, self.draft.tables())
        if self.draft.revision == revision:
            self.draft.looked(found)
            self.refill()
            self.tell()

    @on(LineTable.Moved)
    def tell(self) -> None:
        """Write head, advice and keys."""
        number = len(self.draft.problems)
        wrong = f"{count(number)} problem{'' if number == 1 else 's'}" if number else "nothing wrong"
        told = (
            Cell(f" {wrong} ", Tone.BAD if number else Tone.GOOD),
            Cell(" not saved" if self._unsaved else "", Tone.WAIT),
        )
        title = fit(self._title, max(self._head.size.width - sum(len(cell.text) for cell in told) - 2, 8)).rstrip()
        self._head.show([(Cell(f" {title} ", Tone.TITLE), *told)])
        self._advice.show(advice(*self.at_hand(), max(self._advice.size.width, 20)))
        self.key_bar.hint((), self.HINTS, _LAST)

    def flash(self, word: str, tone: Tone = Tone.PLAIN) -> None:
        """Say a word at the bottom."""
        self.key_bar.flash(word, tone)

    # --- keys ------------------------------------------------------------------------------------------------------

    async def typed(self, label: str, text: str, hint: str, live: Callable[[str], object] | None = None) -> str | None:
        """Ask for a line of text. `live` is told of all that is typed, and of `text` again when nothing came of it."""
        answer = await self.app.push_screen_wait(Prompt(self.keymap, label, text, hint=hint, live=live))
        if answer is None and live is not None:
            live(text)
        return answer

    def action_problem(self) -> None:
        """To the next line with a problem."""
        self._to_problem(1)

    def action_problem_back(self) -> None:
        """To the one before."""
        self._to_problem(-1)

    def _to_problem(self, step: int) -> None:
        total = len(self.table.items)
        for place in range(1, total + 1):
            index = (self.table.cursor + step * place) % total
            if self.is_wrong(self.table.items[index]):
                self.table.move_to(index)
                return
        self.flash("Nothing is wrong here", Tone.GOOD)

    @abstractmethod
    def is_wrong(self, item: Any) -> bool:
        """Whether something is wrong with that line."""

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(Help(self.keymap, first=Group.FORM))
