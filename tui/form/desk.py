"""What a form does beyond its own page: opens and saves files, imports lists, tries servers out.

Files and servers are waited for in threads.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App

from core.batch import csv, csv_text
from core.batch.definition import Batch, Mailbox
from core.batch.draft import Draft
from core.batch.from_list import Taken, taken
from core.batch.problem import ProblemsError
from core.batch.prompt import answer
from core.batch.readiness import unanswered
from core.batch.secret_table import table_beside
from core.batch.values import check_name
from core.errors import MailcutoverError, UserError
from core.ports.failure import Side
from core.printable import printable
from tui.bridge import Bridge
from tui.form.form import Form
from tui.form.goes_page import GoesPage
from tui.form.page import FormPage
from tui.form.trying import Trying
from tui.format import count
from tui.keymap import Keymap
from tui.runs import Runs
from tui.screens.choice import Answer
from tui.theme import Tone

if TYPE_CHECKING:
    from tui.form.sheet_page import SheetPage

T = TypeVar("T")

_SAVE, _LOSE = "s", "d"


class FormDesk:
    """One form at a time. `saved` is told the name of each batch that was written."""

    def __init__(
        self, app: App[Any], runs: Runs, bridge: Bridge, keymap: Keymap, saved: Callable[[str], object], folder: Path
    ) -> None:
        self._app = app
        self._runs = runs
        self._bridge = bridge
        self._keymap = keymap
        self._saved = saved
        self._folder = folder  # for new files

    async def open(self, file: Path | None) -> None:
        """A form for the batch in a file, or for a new one. It stays until it is closed."""
        draft = Draft({})
        if file is not None:
            opened = await self._guarded(f"{file.name} cannot be opened", lambda: asyncio.to_thread(Draft.open, file))
            if opened is None:
                return
            draft = opened
        title = f"Edit {file.name}" if file is not None else "New batch"
        await self._app.push_screen_wait(Form(draft, self, self._keymap, title))

    # --- saving ----------------------------------------------------------------------------------------------------

    async def save(self, page: FormPage) -> bool:
        """Write the file, when nothing is wrong and nothing would be lost unasked. Whether it was written."""
        draft = page.draft
        await asyncio.to_thread(draft.look)
        page.refill()
        page.tell()
        if draft.problems:
            await self._bridge.problems("This cannot be saved yet", _told(draft))
            return False
        if draft.file is None:
            draft.file = self._file_of(draft)
        file = draft.file

        async def write() -> Batch | None:
            return await asyncio.to_thread(draft.save) if await self._may(draft, file) else None

        batch = await self._guarded(f"{file.name} cannot be saved", write)
        if batch is None:
            if draft.text is None:
                draft.file = None  # another name gives another file
            return False
        known = await self._guarded(f"{file.name} cannot be opened", lambda: asyncio.to_thread(self._runs.add, file))
        if known is not None:
            self._saved(known)
        page.changed()
        page.flash(f"saved as {file}", Tone.GOOD)
        return True

    async def _may(self, draft: Draft, file: Path) -> bool:
        """Whether nothing is in the way of writing, or the user does not mind."""
        if await asyncio.to_thread(draft.in_the_way):
            if draft.text is None:
                raise UserError(printable(f"{file}: is there already; give this batch another name"))
            question = f"{file.name} was changed since it was opened here. That will be in its .bak only."
            if not await self._bridge.sure(f"Write {file.name}", question, "Write it anyway"):
                return False
        if draft.loses_comments:
            question = "The file has comments. They will be lost from it, and stay in its .bak only."
            return await self._bridge.sure(f"Write {file.name}", question, "Write it without them")
        return True

    async def close(self, page: FormPage) -> None:
        """Close the form; ask first when something is not saved."""
        if page.draft.unsaved:
            answers = (
                Answer("c", "Go on editing"),
                Answer(_SAVE, "Save and close"),
                Answer(_LOSE, "Close without saving", "what was typed is lost"),
            )
            chosen = await self._bridge.choose("Close", ["Something here is not saved."], answers)
            if chosen != _LOSE and not (chosen == _SAVE and await self.save(page)):
                return
        page.dismiss()

    def _file_of(self, draft: Draft) -> Path:
        """The file of a new batch. Raises ValueError for a name that is none; a checked draft has one."""
        return self._folder / f"{check_name(draft.text_at(('name',)))}.toml"

    # --- lists of mailboxes ------------------------------------------------------------------------------------------

    async def import_list(self, page: "SheetPage") -> None:
        """Ask for a CSV file, and take the mailboxes in it."""
        text = await page.typed("Import", "", "a CSV file: EmailAddress,UserName,Password[,UserRoot]; or imapsync's")
        if not text:
            return
        path = _home(text)
        read = await self._guarded(f"{path.name} cannot be imported", lambda: asyncio.to_thread(_listed, path))
        if read is not None and not await self.take_list(page, read, path.name):
            what = "its first line is not EmailAddress,UserName,Password[,UserRoot], nor are its lines imapsync's"
            await self._bridge.problems(f"{path.name} cannot be imported", [what])

    async def take_list(self, page: "SheetPage", text: str, name: str) -> bool:
        """Take the mailboxes of a list, its passwords into a file of their own. False where the text is no list."""
        first = text.lstrip("\ufeff").partition("\n")[0].lower()
        if "emailaddress" not in first and first.count(";") < 5:
            return False
        draft = page.draft
        tables = draft.tables()

        def understand() -> Taken:
            return taken(csv.mailboxes(text), _table(tables, "source"), _table(tables, "destination"))

        try:
            found = await asyncio.to_thread(understand)
        except ProblemsError as error:
            problems = error.problems
        else:
            problems = found.problems
        if problems:
            await self._bridge.problems(f"{name} cannot be imported", [problem.line(name) for problem in problems])
            return True
        rows = await self._guarded(
            f"{name} cannot be imported", lambda: asyncio.to_thread(found.keep, self._secrets_of(draft, found))
        )
        if rows is not None:
            page.sheet.add(rows)
            page.changed()
            page.flash(f"{count(len(rows))} mailboxes taken from {name}", Tone.GOOD)
            notes = list(found.notes)
            if found.secrets:
                where = self._secrets_of(draft, found)
                notes.append(printable(f"{count(found.secrets)} passwords are in {where}, which only you can read"))
            if notes:
                await self._bridge.problems("Taken", notes)
        return True

    def _secrets_of(self, draft: Draft, found: Taken) -> Path:
        """The file for the passwords of a list. Raises UserError while there is no name for it."""
        if draft.file is not None:
            return table_beside(draft.file)
        try:
            return table_beside(self._file_of(draft))
        except ValueError as error:
            if not found.secrets:
                return Path()
            raise UserError(printable(f"Name the batch first, for the file of its passwords: {error}")) from None

    # --- trying out --------------------------------------------------------------------------------------------------

    async def try_out(self, page: FormPage, index: int) -> None:
        """Sign in somewhere, or see where folders would go; with the mailbox of that number."""
        draft = page.draft
        await asyncio.to_thread(draft.look)
        if draft.problems:
            await self._bridge.problems("Mend this first", _told(draft))
            return
        batch = await asyncio.to_thread(draft.batch)
        if draft.file is None:
            batch = batch.at(self._file_of(draft))
        mailbox = batch.mailboxes[index]
        answers = (
            Answer("s", "Sign in at the source", printable(mailbox.source)),
            Answer("d", "Sign in at the destination", printable(mailbox.destination)),
            Answer("f", "See where its folders would go"),
        )
        letter = await self._bridge.choose("Try out", ["Nothing is written anywhere."], answers)
        if letter is None or not await self._answered(batch, mailbox):
            return
        trial = await asyncio.to_thread(self._runs.trial)
        if letter == "f":
            folders = await self._tried("where the folders go", trial.cancel, lambda: trial.folders(batch, mailbox))
            if folders is not None:
                await self._app.push_screen_wait(GoesPage(printable(mailbox.source), folders))
            return
        side = Side.SOURCE if letter == "s" else Side.DESTINATION
        said = await self._tried(f"to sign in at the {side}", trial.cancel, lambda: trial.sign_in(batch, mailbox, side))
        if said is not None:
            page.flash(said, Tone.GOOD)

    async def _answered(self, batch: Batch, mailbox: Mailbox) -> bool:
        """Ask for the secrets that somebody types. False when there is no answer."""
        for text in unanswered(batch, [mailbox]):
            secret = await self._bridge.secret(text)
            if secret is None:
                return False
            answer(text, secret)
        return True

    async def _tried(self, what: str, cancel: Callable[[], None], work: Callable[[], T]) -> T | None:
        trying = Trying(f"Trying {what} ...", cancel)
        self._app.push_screen(trying)
        try:
            return await self._guarded("That does not work yet", lambda: asyncio.to_thread(work), over=trying)
        finally:
            if trying.is_attached:
                trying.dismiss()

    async def _guarded(
        self, title: str, work: Callable[[], Awaitable[T | None]], over: Trying | None = None
    ) -> T | None:
        """What comes of it; what goes wrong is shown, and None comes of it."""
        try:
            return await work()
        except UserError as error:
            problems = list(error.problems)
        except MailcutoverError as error:
            problems = [str(error)]
        if over is not None:
            over.dismiss()
        await self._bridge.problems(title, problems)
        return None


def _home(text: str) -> Path:
    """A path as somebody types it; ~ is his home."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - that of Path raises for a user that is none


def _listed(path: Path) -> str:
    """The text of a list. Raises UserError; a pipe, which may never end, would hold up the end of the console."""
    if path.exists() and not path.is_file():
        raise UserError(printable(f"{path}: is not a file; name a CSV file"))
    return csv_text.read(path)


def _told(draft: Draft) -> list[str]:
    return [printable(f"{problem.key}: {problem.text}") for problem in draft.problems]


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = tables.get(name)
    return value if isinstance(value, Mapping) else {}
