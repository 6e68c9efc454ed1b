"""A question with a few answers, each with its letter; the safe answer is chosen to begin with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from tui import keys
from tui.format import fit, wrap
from tui.safe import entitle
from tui.theme import Tone
from tui.widgets.line_block import LineBlock
from tui.widgets.line_table import MARK
from tui.widgets.line_widget import Cell, Line

_WIDTH = 52  # of the text, in cells


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: the letter that gives it, in words, and what comes of it."""

    letter: str
    words: str
    meaning: str = ""


class Choice(ModalScreen[str | None], inherit_bindings=False):
    """Ends with the letter of the answer, or None. The first answer is the safe one."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("choice.")

    def __init__(self, title: str, question: Sequence[str], answers: Sequence[Answer]) -> None:
        super().__init__()
        self._title = title
        self._question = [line for text in question for line in wrap(text, _WIDTH)]
        self._answers = answers
        self._chosen = 0

    def compose(self) -> ComposeResult:
        """One block of lines in a frame."""
        yield LineBlock(classes="dialog")

    def on_mount(self) -> None:
        """Show the question."""
        entitle(self.query_one(LineBlock), self._title)
        self._draw()

    def on_key(self, event: events.Key) -> None:
        """Take an answer by its letter."""
        if any(answer.letter == event.character for answer in self._answers):
            event.stop()
            self.dismiss(event.character)

    def action_next(self) -> None:
        """Choose the next answer."""
        self._choose(self._chosen + 1)

    def action_previous(self) -> None:
        """Choose the one before."""
        self._choose(self._chosen - 1)

    def action_take(self) -> None:
        """Give the chosen answer."""
        self.dismiss(self._answers[self._chosen].letter)

    def action_cancel(self) -> None:
        """Give none."""
        self.dismiss(None)

    def _choose(self, index: int) -> None:
        self._chosen = index % len(self._answers)
        self._draw()

    def _draw(self) -> None:
        lines: list[Line] = [(), *((Cell(f" {line}"),) for line in self._question), ()]
        words = max(cell_len(answer.words) for answer in self._answers)
        for index, answer in enumerate(self._answers):
            chosen = index == self._chosen
            lines.append(
                (
                    Cell(f" {MARK if chosen else ' '} ", Tone.KEY),
                    Cell(f"{answer.letter}  ", Tone.KEY),
                    Cell(fit(answer.words, words), Tone.TITLE if chosen else Tone.PLAIN),
                    Cell(f"  {answer.meaning}", Tone.DIM),
                )
            )
        lines.append(())
        block = self.query_one(LineBlock)
        longest = max(cell_len("".join(cell.text for cell in line)) for line in lines)
        block.styles.width = max(longest + 3, _WIDTH + 6)  # with the frame and a blank
        block.styles.height = len(lines) + 2
        block.show(lines)
