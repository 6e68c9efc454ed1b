"""SIGTERM, SIGINT and SIGHUP while the console is on the screen.

Plain `signal.signal` handlers, because an event loop that waits for a stalled terminal never runs its own. They only
leave a note; a thread of this module acts on it: the runs are told to stop, the screen to end, and when it does not,
the terminal is let go of.
"""

import os
import queue
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Protocol

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Screen(Protocol):
    """What must end on a signal; its calls are made from a thread."""

    def leave(self) -> None:
        """End soon, if you still can."""
        ...

    def let_go(self) -> None:
        """Give the terminal up: nothing is written to it any more, so that nothing waits for it."""
        ...

    def rescue(self) -> None:
        """Put the terminal back by force."""
        ...


class Signals:
    """From `install` to `restore`, signals stop the runs and end the screen. A second signal stops them at once.

    `stop` is called with whether to cut what is in flight, `hang_up` when the terminal is gone. `ended` is set when the
    screen is gone; when it is not, `patience` seconds after a signal, the terminal is given up, and after as long again
    the screen is left behind: `last_resort` must end the process.
    """

    def __init__(
        self,
        screen: Screen,
        stop: Callable[[bool], None],
        hang_up: Callable[[], None],
        last_resort: Callable[[], None],
        *,
        patience: float = 3.0,
    ) -> None:
        self.received: int | None = None
        self.ended = threading.Event()
        self._screen = screen
        self._stop = stop
        self._hang_up = hang_up
        self._last_resort = last_resort
        self._patience = patience
        self._notes: queue.SimpleQueue[int | None] = queue.SimpleQueue()  # put() may interrupt itself
        self._thread = threading.Thread(target=self._serve, name="signals", daemon=True)
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def install(self) -> None:
        """Take the signals over; in the main thread. One that is ignored, as under nohup, stays so."""
        self._thread.start()
        for number in _ENDING:
            before = signal.getsignal(number)
            if before is not signal.SIG_IGN:
                self._before[number] = before
                signal.signal(number, self._note)

    def restore(self) -> None:
        """Give them back; in the main thread."""
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()
        self._notes.put(None)
        self._thread.join()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._notes.put(number)

    def _serve(self) -> None:
        while (number := self._notes.get()) is not None:
            if self.received is None:
                self.received = number
                if number == signal.SIGHUP:
                    self._hang_up()
                else:
                    self._stop(False)
                threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
                self._screen.leave()
            elif number != signal.SIGHUP:
                self._stop(True)

    def _watch(self) -> None:
        if self.ended.wait(self._patience):
            return
        self._screen.let_go()
        self._screen.leave()
        if self.ended.wait(self._patience):
            return
        self._screen.rescue()
        self._last_resort()


def describe(number: int) -> str:
    """The name of a signal."""
    return signal.Signals(number).name


def end_process(code: int) -> None:
    """Leave without the main thread, which is stuck."""
    os._exit(code)
