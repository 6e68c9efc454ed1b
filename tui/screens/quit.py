"""Leaving while batches run here: how, and then waiting until they have come to a message boundary."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from tui import keys
from tui.runs import Runs
from tui.safe import entitle
from tui.screens.choice import Answer, Choice
from tui.theme import Tone
from tui.widgets.line_block import LineBlock
from tui.widgets.line_widget import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED = 3  # batches that are named in the question
_LOOK = 0.1  # seconds between two looks whether they have ended

CANCEL, KEEP, PAUSE, STOP = "c", "k", "p", "s"
_WORDS = {KEEP: "Handing over", PAUSE: "Pausing", STOP: "Stopping"}


def ask(names: "Sequence[str]") -> Choice:
    """The question how to leave."""
    running = "1 batch runs" if len(names) == 1 else f"{len(names)} batches run"
    more = len(names) - _NAMED
    named = f"{', '.join(names[:_NAMED])}{f' and {more} more' if more > 0 else ''}"
    return Choice(
        "Quit",
        [
            f"{running} in this process: {named}.",
            "",
            "What is in flight finishes first; whatever you choose, nothing is lost or sent twice.",
        ],
        (
            Answer(CANCEL, "Cancel", "stay here"),
            Answer(KEEP, "Keep running", "in the background; come back any time"),
            Answer(PAUSE, "Pause and quit", "shown as paused until it is started"),
            Answer(STOP, "Stop and quit", "shown as stopped until it is started"),
        ),
    )


class Stopping(ModalScreen[None], inherit_bindings=False):
    """Stays until nothing runs here any more. `how` is the answer to the question how to leave."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("stopping.")

    def __init__(self, runs: Runs, how: str) -> None:
        super().__init__()
        self._runs = runs
        self._how = how
        self._pausing = how == PAUSE
        self._block = LineBlock(classes="dialog", id="stopping")

    def compose(self) -> ComposeResult:
        """A line or two in a frame."""
        yield self._block

    def on_mount(self) -> None:
        """Tell them to end, and look on."""
        entitle(self._block, "Quit")
        if self._pausing:
            self.run_worker(self._runs.pause, thread=True)
        elif self._how == KEEP:
            self._runs.hand_over()
        else:
            self._runs.stop()
        self.set_interval(_LOOK, self._look)
        self._look()

    def _look(self) -> None:
        flying = self._runs.in_flight
        if self._pausing and not flying:
            self._pausing = False
            self._runs.stop()
        if self._runs.ended:
            self.dismiss()
            return
        word = _WORDS[self._how]
        self._block.show(
            [
                (),
                (Cell(f" ◑ {word}, {flying} in flight", Tone.WAIT),),
                (),
                (Cell(" x ", Tone.KEY), Cell("cut it: what is in flight is looked up next time", Tone.DIM)),
                (),
            ]
        )

    def action_cut(self) -> None:
        """Do not wait for what is in flight."""
        self._pausing = False
        self._runs.stop(now=True)
