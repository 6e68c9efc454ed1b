"""How much of a batch runs at once, over how many connections, how fast and when: changed while it runs.

What is changed counts at once for whoever runs the batch. It differs from the batch file until it is written back.
"""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UserError
from core.store.database import Database
from core.store.dials import Dials, Setting
from core.store.views import BatchView
from tui.bridge import Bridge
from tui.screens.choice import Answer
from tui.theme import Tone

if TYPE_CHECKING:  # pydantic behind it is slow to import
    from core.batch.definition import Batch
    from core.batch.dials import Dial

#: The letter of each, what to call it, and what may be typed; in the order of the batch file's tables.
_ASKED = {
    "m": ("options.mailboxes_at_once", "Mailboxes at once", "1 to 500"),
    "s": ("source.max_connections", "Connections to the source", "1 to 1000"),
    "d": ("destination.max_connections", "Connections to the destination", "1 to 1000"),
    "b": ("options.bandwidth", "Bandwidth", 'such as "20 MB/s"; empty: no limit'),
    "h": ("options.active_hours", "Active hours", 'such as "20:00-06:00"; empty: always'),
}
_WRITE, _FILE = "w", "f"
_UNLIMITED = {"options.bandwidth": "no limit", "options.active_hours": "always"}


class Limits:
    """Asks for them, one after the other, until nothing more is to be changed."""

    def __init__(self, database: Database, bridge: Bridge) -> None:
        self._dials = Dials(database)
        self._bridge = bridge

    async def change(self, batch: BatchView) -> None:
        """Show how they stand, and take another value for one of them, or for all what the file says."""
        while True:
            standing = await asyncio.to_thread(self._dials.read, batch.name)
            letter = await self._bridge.choose(f"Limits of {batch.name}", _question(standing), _answers(standing))
            if letter is None:
                return
            if letter == _WRITE:
                await self._write(batch, standing)
            elif letter == _FILE:
                await asyncio.to_thread(self._forget, batch.name, standing)
            else:
                await self._ask(batch, letter, standing)

    async def _ask(self, batch: BatchView, letter: str, standing: dict[str, Setting]) -> None:
        key, word, hint = _ASKED[letter]
        text = await self._bridge.typed(f"{word}:", standing[key].now, hint)
        if text is None:
            return
        try:
            await asyncio.to_thread(self._turn, batch, key, text, standing)
        except UserError as error:
            await self._bridge.problems(f"{word} cannot be that", error.problems)

    def _turn(self, batch: BatchView, key: str, text: str, standing: dict[str, Setting]) -> None:
        from core.batch.dials import Dial, check
        from core.engine.live import check_dials

        value = check(Dial(key), text)
        if batch.path.exists():
            changed = {Dial(other): setting.now for other, setting in standing.items()}
            check_dials(_load(batch.path), changed | {Dial(key): value})
        self._dials.turn(batch.name, key, value)

    def _forget(self, batch: str, standing: dict[str, Setting]) -> None:
        for key in _turned(standing):
            self._dials.turn(batch, key, None)

    async def _write(self, batch: BatchView, standing: dict[str, Setting]) -> None:
        from core.batch.dials import Dial

        title = f"{batch.path.name} cannot be written"
        try:
            if await asyncio.to_thread(_commented, batch.path):
                question = "The file has comments. They will be lost from it, and stay in its .bak only."
                if not await self._bridge.sure(f"Write {batch.path.name}", question, "Write it without them"):
                    return
            await asyncio.to_thread(_write, batch.path, {Dial(key): value for key, value in _turned(standing).items()})
            await asyncio.to_thread(self._forget, batch.name, standing)
        except UserError as error:
            await self._bridge.problems(title, error.problems)
        else:
            self._bridge.flash(f"written to {batch.path}", Tone.GOOD)


def _question(standing: dict[str, Setting]) -> list[str]:
    number = len(_turned(standing))
    differs = f"{number} of them {'differs' if number == 1 else 'differ'} from the batch file." if number else ""
    return ["They count at once, for whoever runs the batch.", *([differs] if differs else [])]


def _answers(standing: dict[str, Setting]) -> list[Answer]:
    answers = [
        Answer(letter, word, _said(key, standing[key])) for letter, (key, word, _) in _ASKED.items() if key in standing
    ]
    if _turned(standing):
        answers.append(Answer(_WRITE, "Write them to the batch file"))
        answers.append(Answer(_FILE, "Back to what the file says"))
    return answers


def _said(key: str, setting: Setting) -> str:
    def word(text: str) -> str:
        return text or _UNLIMITED.get(key, "")

    return word(setting.now) + ("" if setting.turned is None else f" (in the file: {word(setting.filed)})")


def _turned(standing: dict[str, Setting]) -> dict[str, str]:
    return {key: setting.turned for key, setting in standing.items() if setting.turned is not None}


def _load(path: Path) -> "Batch":
    from core.batch.load import load

    return load(path)


def _commented(path: Path) -> bool:
    from core.batch.comments import has_comments

    _load(path)  # all that is wrong with it is told before anything else
    return has_comments(path.read_text(encoding="utf-8-sig"))


def _write(path: Path, changes: "dict[Dial, str]") -> None:
    from core.batch.dials import turned
    from core.batch.save import save

    save(turned(_load(path), changes), path)
