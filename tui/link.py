"""The thread that reads the store for the screen.

It hands over one tick and waits until that is shown before it reads the next, so that nothing piles up behind a slow
terminal. The engine's threads take no part in it. It begins before there is a screen: what it reads first is kept until
that is there to be painted for the first time.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from tui.pace import Pace
from tui.tick import Focus, Tick

_MOMENT = 0.25  # seconds that the first paint may wait for the store


class Read(Protocol):
    """Reads the store, in the link's thread only."""

    def __call__(self, focus: Focus) -> Tick:
        """What there is to show of what is looked at."""
        ...


class Link:
    """Reads at its pace, at once after `look`. `deliver` takes each tick, or the error that reading ended with.

    Only the first of them waits for whoever asks for it.
    """

    def __init__(self, read: Read, deliver: Callable[[Tick | Exception], object], pace: Pace) -> None:
        self.pace = pace
        self._read = read
        self._deliver = deliver
        self._focus = Focus()
        self._wake = threading.Event()
        self._shown = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._came = threading.Event()  # the first answer
        self._kept: Tick | Exception | None = None
        self._delivers = False
        self._handed = 0.0  # when the last tick was
        self._backlog = 0
        self._thread = threading.Thread(target=self._serve, name="link")

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def first(self, patience: float = _MOMENT) -> Tick | Exception | None:
        """The first answer; None when it takes longer than so many seconds, and is delivered as all others are."""
        self._came.wait(patience)
        with self._lock:
            self._delivers = True
            self._handed = time.monotonic()
            return self._kept

    def look(self, focus: Focus) -> None:
        """Look at something else; the next tick comes at once."""
        self._focus = focus
        self._wake.set()

    def shown(self, backlog: int) -> None:
        """The last tick was shown; when it came, so many writes to the terminal were still waiting."""
        self._backlog = backlog
        self._shown.set()

    def close(self) -> None:
        """End the thread and wait for it."""
        self._closing.set()
        self._wake.set()
        self._shown.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _serve(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            try:
                answer: Tick | Exception = self._read(self._focus)
            except Exception as error:  # noqa: BLE001 - the screen says it, or crashes with it
                answer = error
            self._shown.clear()
            if self._closing.is_set():
                return
            self._hand_over(answer)
            self._shown.wait()
            self.pace.note(time.monotonic() - self._handed, self._backlog)
            if not (isinstance(answer, Tick) and answer.news.more):
                self._wake.wait(self.pace.seconds)

    def _hand_over(self, answer: Tick | Exception) -> None:
        with self._lock:
            self._handed = time.monotonic()
            if not self._delivers:
                self._kept = answer
                self._came.set()
                return
        self._deliver(answer)
