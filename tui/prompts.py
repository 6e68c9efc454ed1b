"""What is asked for in the line at the bottom, and what comes of it."""

from typing import Any

from textual.app import App

from tui.keymap import Keymap
from tui.screens.prompt import Prompt
from tui.widgets.list_table import AnyList
from tui.widgets.log_panel import LogPanel

_KEPT = 20  # answers that can be recalled, of each kind


class Prompts:
    """Asks on the screen of an app. `past` holds what was typed, by what it was for, the newest last."""

    def __init__(self, app: App[Any], keymap: Keymap) -> None:
        self.past: dict[str, list[str]] = {}
        self._app = app
        self._keymap = keymap

    def filter(self, table: AnyList) -> None:
        """A filter for a list, in force while it is typed; Esc takes it off and goes back to where one was.

        The one before is recalled: the first character takes its place, Enter takes it again.
        """
        kind, held = f"filter {table.id}", table.current

        def done(text: str | None) -> None:
            table.filter(text or "")
            if text:
                self._keep(kind, text)
            elif held is not None:
                table.choose(table.key_of(held))

        past = self.past.get(kind, [])
        text = table.look.filter or (past[-1] if past else "")
        table.filter(text)
        prompt = Prompt(
            self._keymap,
            "Filter",
            text,
            hint="words that must be there; !word must not; Esc shows all",
            past=past,
            live=table.filter,
        )
        self._app.push_screen(prompt, done)

    def search(self, log: LogPanel) -> None:
        """Something to look for in the log, found while it is typed; Esc goes back to where one was."""
        follow, top = log.follow, log.top

        def done(text: str | None) -> None:
            if text:
                self._keep("search", text)
                return
            log.look_for("")
            log.go_back(top, follow=follow)

        past = self.past.get("search", [])
        text = log.search.wanted or (past[-1] if past else "")
        log.look_for(text)
        prompt = Prompt(
            self._keymap, "Search", text, hint="any part of a line; Esc leaves", past=past, live=log.look_for
        )
        self._app.push_screen(prompt, done)

    async def file(self, suggested: str) -> str | None:
        """The name of a file to write to; None when there is to be none."""
        prompt = Prompt(self._keymap, "Write to", suggested, hint="a file that is not there yet")
        return await self._app.push_screen_wait(prompt) or None

    def _keep(self, kind: str, text: str) -> None:
        past = [other for other in self.past.get(kind, []) if other != text]
        self.past[kind] = [*past, text][-_KEPT:]
