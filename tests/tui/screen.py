"""The console under test: what it shows as text, keys that wait for what they bring about, golden dumps."""

import asyncio
import difflib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from core.clock import Clock
from core.engine.host import Host
from core.store.database import Database
from tests.pictures.sample import StillClock
from tui.app import Console
from tui.keymap import Keymap
from tui.pace import Pace
from tui.runs import Runs
from tui.session import Session
from tui.settings import Settings

GOLDEN = Path(__file__).parent / "golden"
PATIENCE = 20.0  # seconds after which a test gives up; nothing is measured
ENVIRON = {"TERM": "xterm-256color"}


class _Steady(Pace):
    """Never slower: how busy this machine is must not be told on the screen."""

    def note(self, late: float, backlog: int) -> None:
        pass


class Shown:
    """A console that runs in a terminal of a given size, headless."""

    def __init__(self, app: Console, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        """What the screen shows, blanks at the ends of lines left out."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips) + "\n"

    @property
    def ended(self) -> int | None:
        """The exit code, once it has ended."""
        return self.app.return_value

    @property
    def dashboard(self) -> Any:
        return self.app.dashboard

    async def until(self, so: Callable[[], object], what: str = "it") -> None:
        """Wait until something is so."""
        for _ in range(int(PATIENCE / 0.02)):
            if so():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"waited in vain for {what}:\n{self.text}")

    async def shows(self, *texts: str) -> None:
        """Wait until the screen shows all of these."""
        await self.until(lambda: all(text in self.text for text in texts), repr(texts))

    async def settle(self) -> None:
        """Wait until what the cursors are on is what is shown."""
        seen = 0

        def settled() -> bool:
            nonlocal seen
            seen = seen + 1 if self.dashboard.seen == self.dashboard.wanted else 0
            return seen > 2

        await self.until(settled, "what is looked at")
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Type, and wait until it has settled."""
        await self.pilot.press(*keys)
        await self.settle()


@asynccontextmanager
async def shown(
    database: Database,
    size: tuple[int, int] = (120, 40),
    *,
    files: Sequence[Path] = (),
    clock: Clock | None = None,
    make_host: Callable[[Database, Clock], Host] | None = None,
    read_only: bool = False,
    keymap: Keymap | None = None,
    session: Session | None = None,
    ascii_: bool = False,
) -> AsyncIterator[Shown]:
    """The console on this store, settled."""
    clock = clock or StillClock()
    runs = Runs(database, clock, make_host)
    app = Console(
        database,
        runs,
        clock,
        files,
        environ=ENVIRON,
        zone=UTC,
        settings=Settings(keymap=keymap or Keymap()),
        session=session,
        ascii_=ascii_,
        read_only=read_only,
    )
    app.link.pace = _Steady(app.link.pace.usual)
    try:
        async with app.run_test(size=size) as pilot:
            screen = Shown(app, pilot)
            await screen.settle()
            yield screen
    finally:
        await asyncio.to_thread(runs.close)


def run(test: Callable[[], Awaitable[None]]) -> None:
    """Run an asynchronous test."""
    asyncio.run(test())  # type: ignore[arg-type]


def golden(name: str, text: str) -> None:
    """The text equals the dump of that name. With MAILCUTOVER_GOLDEN=write it becomes that: look at the difference."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("MAILCUTOVER_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    was = path.read_text(encoding="utf-8").splitlines()
    changed = "\n".join(difflib.unified_diff(was, text.splitlines(), f"{name}, as it was", "as it is", lineterm=""))
    assert not changed, changed
