"""What the helm asks and tells: questions in front of the dashboard, words below it."""

from collections.abc import Callable, Sequence
from typing import Any

from textual.app import App

from core.secret import Secret
from core.store.left_out import LeftOut
from tui.keymap import Keymap
from tui.screens.choice import Answer, Choice
from tui.screens.left_out import LeftOutPage
from tui.screens.problems import Problems
from tui.screens.prompt import Prompt
from tui.screens.secret import AskSecret
from tui.theme import Tone


class Dialogs:
    """Asks on the screen of an app; in workers, because each question waits for its answer."""

    def __init__(self, app: App[Any], flash: Callable[[str, Tone], None], keymap: Keymap) -> None:
        self._app = app
        self._keymap = keymap
        self._flash = flash

    def flash(self, word: str, tone: Tone = Tone.PLAIN) -> None:
        """Say a word at the bottom."""
        self._flash(word, tone)

    async def sure(self, title: str, question: str, answer: str) -> bool:
        """Ask before something that is hard to take back; No is the answer to begin with."""
        answers = (Answer("n", "No"), Answer("y", answer))
        return await self._app.push_screen_wait(Choice(title, [question], answers)) == "y"

    async def choose(self, title: str, question: Sequence[str], answers: Sequence[Answer]) -> str | None:
        """Ask which of these; the letter of the answer, or None."""
        return await self._app.push_screen_wait(Choice(title, question, answers))

    async def typed(self, label: str, text: str, hint: str) -> str | None:
        """Ask for a line of text; None when there is no answer."""
        return await self._app.push_screen_wait(Prompt(self._keymap, label, text, hint=hint))

    async def left_out(self, mailbox: str, found: Sequence[LeftOut], *, more: bool) -> None:
        """Show messages that are not copied, until they were seen; `more`: there are others."""
        await self._app.push_screen_wait(LeftOutPage(mailbox, found, more=more))

    async def secret(self, text: str) -> Secret | None:
        """Ask for a secret; None when there is no answer."""
        return await self._app.push_screen_wait(AskSecret(self._keymap, text))

    async def problems(self, title: str, problems: Sequence[str]) -> None:
        """Show what is wrong, until it was seen."""
        await self._app.push_screen_wait(Problems(title, problems))
