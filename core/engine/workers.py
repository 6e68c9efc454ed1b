"""The threads that move mailboxes: as many as `mailboxes_at_once`, each one mailbox at a time."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from core.engine.schedule import Timetable

T = TypeVar("T")


class Workers(Generic[T]):
    """Own threads, never an event loop's executor: that one has six threads on a machine with two cores (measured)."""

    def __init__(self, name: str, number: int, timetable: Timetable[T], work: Callable[[T], None]) -> None:
        self._timetable = timetable
        self._work = work
        self._threads = [threading.Thread(target=self._run, name=f"{name} {n}") for n in range(1, number + 1)]

    def start(self) -> None:
        """Begin to take items from the timetable."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until the timetable is closed and the last item is done."""
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _run(self) -> None:
        while (item := self._timetable.take()) is not None:
            self._work(item)
