"""``make pictures``: the README's pictures, drawn by the console itself from made-up batches.

The same every time, so that a picture only changes when the console does. Times are UTC.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from unittest.mock import patch

from core.store.database import Database
from tests.pictures.sample import StillClock, filled
from tui.app import Console
from tui.pace import Pace
from tui.runs import Runs

_HERE = Path(__file__).resolve().parents[2]
FOLDER, SAMPLES = _HERE / "docs" / "pictures", _HERE / "sample-configs"
_PATIENCE = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Picture:
    """What to show: the terminal's size, and the keys that lead there. `batch` is a sample file opened besides."""

    name: str
    size: tuple[int, int]
    keys: Sequence[str] = ()
    batch: str = ""


PICTURES = (
    Picture("dashboard", (132, 40), ("2",)),
    Picture("narrow", (80, 24), ("enter", "j", "j")),
    Picture("detail", (80, 24), ("enter", "j", "j", "enter")),
    Picture("log", (120, 16), ("4", "z", "L")),
    Picture("form", (100, 30), ("e", "j", "j", "j"), "dovecot-master-user.toml"),
)

#: The export names a font on a server of somebody else's; a page must not fetch it.
_FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONT = 'ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace'


def main() -> int:
    """Draw all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder)) as database, filled(database):
        for picture in PICTURES:
            path = FOLDER / f"{picture.name}.svg"
            path.write_text(asyncio.run(draw(database, picture)), encoding="utf-8")
            sys.stdout.write(f"{path}\n")
    return 0


async def draw(database: Database, picture: Picture) -> str:
    """One picture, as SVG."""
    clock = StillClock()
    files = [SAMPLES / picture.batch] if picture.batch else []
    app = Console(database, Runs(database, clock), clock, files, environ={"TERM": "xterm-256color"}, zone=UTC)
    async with steady(), app.run_test(size=picture.size) as pilot:
        await _settled(app)
        if picture.batch:
            await _until(lambda: _chosen(app) == picture.batch.removesuffix(".toml"))
        for key in picture.keys:
            await pilot.press(key)
            await _settled(app)
        await pilot.pause()
        return plain(app.export_screenshot(title="mailcutover"))


@asynccontextmanager
async def steady() -> AsyncIterator[None]:
    """A busy machine is no slow link, which the console would tell of."""
    with patch.object(Pace, "note"):
        yield


def plain(svg: str) -> str:
    """The picture with fonts of the reader's own machine."""
    return re.sub(r"font-family: [^;]*;", f"font-family: {_FONT};", _FONT_FACE.sub("", svg))


async def _settled(app: Console) -> None:
    """Wait until what the cursors are on has been read and shown, and a form has been looked through."""
    await _until(lambda: app.dashboard.seen == app.dashboard.wanted)
    await _until(lambda: all(worker.is_finished for worker in app.workers if worker.group == "look"))


def _chosen(app: Console) -> str:
    return app.dashboard.wanted.batch or ""


async def _until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not so():  # noqa: ASYNC110 - the screen has no event for it
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
