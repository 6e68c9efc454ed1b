"""The threads that move mailboxes, each one mailbox at a time; the timetable says how many may be at it."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from core.engine.schedule import Timetable

T = TypeVar("T")


class Workers(Generic[T]):
    """Own threads, never an event loop's executor: that one has six threads on a machine with two cores (measured)."""

    def __init__(self, name: str, timetable: Timetable[T], work: Callable[[T], None]) -> None:
        self._name = name
        self._timetable = timetable
        self._work = work
        self._threads: list[threading.Thread] = []

    def grow(self, number: int) -> None:
        """See that there are so many, or more."""
        while len(self._threads) < number:
            thread = threading.Thread(target=self._run, name=f"{self._name} {len(self._threads) + 1}")
            thread.start()
            self._threads.append(thread)

    def join(self) -> None:
        """Wait until the timetable is closed and the last item is done."""
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (item := self._timetable.take()) is not None:
            try:
                self._work(item)
            finally:
                self._timetable.done()
