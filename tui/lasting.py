"""What a Textual app needs so that it can be ended from outside, and gives nothing away when it breaks."""

from typing import Any

from textual import events, on
from textual.app import App
from textual.message import Message
from textual.worker import WorkerFailed

from tui.driver import CameBack, SafeDriver
from tui.lean import Sent
from tui.screens.typing import Typing


class Leave(Message):
    """A signal says that it is time to go."""


class LastingApp(App[int], inherit_bindings=False):
    """Ends when it is told so from any thread. `fault` is what it crashed with, if it did."""

    fault: Exception | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sent = Sent()

    async def on_event(self, event: events.Event) -> None:
        """Hand what is typed or pasted to whatever takes text, before the next is looked at; else as Textual does."""
        if isinstance(event, events.Key) and isinstance(self.screen, Typing):
            self.screen.typed(event)
        elif isinstance(event, events.Paste) and isinstance(self.screen, Typing):
            self.screen.pasted(event.text)
        else:
            await super().on_event(event)

    @property
    def backlog(self) -> int:
        """Pieces of output that the terminal has not taken yet."""
        return self._driver.backlog if isinstance(self._driver, SafeDriver) else 0

    @on(CameBack)
    def action_redraw(self) -> None:
        """Draw the screen anew, as after something else has written on it."""
        self.sent.forget()
        self.refresh(layout=True)

    def leave(self) -> None:
        """From any thread: end soon."""
        self.post_message(Leave())

    def let_go(self) -> None:
        """From any thread: write nothing more."""
        if isinstance(self._driver, SafeDriver):
            self._driver.lost.set()

    def rescue(self) -> None:
        """From any thread: put the terminal back by force."""
        if isinstance(self._driver, SafeDriver):
            self._driver.rescue()

    def _display(self, screen: Any, renderable: Any) -> None:
        """Send no more than what has changed."""
        super()._display(screen, self.sent.lean(renderable))

    def _set_pointer_shape(self, shape: str) -> None:
        """Leave the mouse pointer alone: a terminal that does not know the command may print it."""

    def _handle_exception(self, error: Exception) -> None:
        """Keep a fault for whoever runs us; Textual would print it with all local variables, passwords too."""
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            error = error.error
        self.fault = self.fault or error
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()
