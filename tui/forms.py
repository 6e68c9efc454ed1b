"""Opens the form for batch files. What is behind it is slow to import, and needed only then."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App

from tui.bridge import Bridge
from tui.keymap import Keymap
from tui.runs import Runs


class Forms:
    """Opens one form at a time. `saved` is told the name of each batch that was written."""

    def __init__(
        self, app: App[Any], runs: Runs, bridge: Bridge, keymap: Keymap, saved: Callable[[str], object]
    ) -> None:
        self._app = app
        self._runs = runs
        self._bridge = bridge
        self._keymap = keymap
        self._saved = saved

    async def edit(self, file: Path) -> None:
        """The batch in this file."""
        await self._open(file, file.parent)

    async def new(self, folder: Path) -> None:
        """A batch whose file will be in this folder."""
        await self._open(None, folder)

    async def _open(self, file: Path | None, folder: Path) -> None:
        from tui.form.desk import FormDesk

        await FormDesk(self._app, self._runs, self._bridge, self._keymap, self._saved, folder).open(file)
