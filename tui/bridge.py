"""What asks and tells on the screen, for who knows no screen."""

from collections.abc import Sequence
from typing import Protocol

from core.secret import Secret
from core.store.left_out import LeftOut
from tui.screens.choice import Answer
from tui.theme import Tone


class Bridge(Protocol):
    """What the helm needs of the screen."""

    def flash(self, word: str, tone: Tone = Tone.PLAIN) -> None:
        """Say a word at the bottom."""
        ...

    async def sure(self, title: str, question: str, answer: str) -> bool:
        """Ask before something that is hard to take back."""
        ...

    async def choose(self, title: str, question: Sequence[str], answers: Sequence[Answer]) -> str | None:
        """Ask which of these; the letter of the answer, or None."""
        ...

    async def typed(self, label: str, text: str, hint: str) -> str | None:
        """Ask for a line of text; None when there is no answer."""
        ...

    async def left_out(self, mailbox: str, found: Sequence[LeftOut], *, more: bool) -> None:
        """Show messages that are not copied, until they were seen; `more`: there are others."""
        ...

    async def secret(self, text: str) -> Secret | None:
        """Ask for a secret."""
        ...

    async def problems(self, title: str, problems: Sequence[str]) -> None:
        """Show what is wrong, until it was seen."""
        ...
