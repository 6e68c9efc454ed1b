"""Copying and exporting what the log says; from the store and the events, never from the screen."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from textual.app import App

from core.clock import Clock
from core.errors import StateError, UserError
from core.event import Event
from core.store.database import Database
from core.store.events import EventLog
from tui import log_file
from tui.format import count
from tui.log_lines import Record
from tui.prompts import Prompts
from tui.safe import to_clipboard
from tui.screens.choice import Answer, Choice
from tui.screens.problems import Problems
from tui.theme import Tone
from tui.tick import Focus


class LogDesk:
    """Writes files in threads, and says where they are."""

    def __init__(
        self, app: App[Any], database: Database, clock: Clock, prompts: Prompts, flash: Callable[[str, Tone], None]
    ) -> None:
        self._app = app
        self._database = database
        self._clock = clock
        self._prompts = prompts
        self._flash = flash

    async def copy(self, focus: Focus, records: Sequence[Record]) -> None:
        """Put these events into a file, and as many as it takes into the terminal's clipboard."""
        if not records:
            self._flash("There is nothing to copy.", Tone.DIM)
            return
        path = log_file.name_for(self._database.folder, focus, self._clock.now(), "copied")
        events = [event for _, event in records]
        text, lines = log_file.clip(map(log_file.text_of, events))
        to_clipboard(self._app, text)
        held = "all of them" if lines == len(events) else f"the first {count(lines)} of them"
        await self._write(path, events, f"; {held} in the clipboard, if this terminal takes it")

    async def export(self, focus: Focus) -> None:
        """Ask for a file, and write all of the log into it."""
        path = await self._prompts.file(str(log_file.name_for(self._database.folder, focus, self._clock.now())))
        if path is not None:
            await self._write(Path(path), log_file.whole(EventLog(self._database), focus))

    async def _write(self, path: Path, events: Iterable[Event], more: str = "") -> None:
        try:
            path, written = await asyncio.to_thread(log_file.write, path, events)
        except (UserError, StateError) as error:
            await self._app.push_screen_wait(Problems("The log cannot be written", error.problems))
            return
        said = f"{count(written)} {'line' if written == 1 else 'lines'} in {_short(path)}{more}"
        if len(said) + 1 < self._app.size.width:
            self._flash(said, Tone.PLAIN)
        else:  # where it is must not be cut off
            await self._app.push_screen_wait(Choice("Written", [said], [Answer("o", "OK")]))


def _short(path: Path) -> str:
    """The path, with ~ for the home folder."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
