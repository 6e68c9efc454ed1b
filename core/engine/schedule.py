"""Which mailbox is due when, and how many may be out at once."""

import heapq
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from core.clock import Clock

T = TypeVar("T")


def next_pass(began: float, now: float, every: float) -> float:
    """When the next pass is due: `every` seconds after the last one began, at once when that took longer."""
    return max(now, began + every)


class Timetable(Generic[T]):
    """Items and the moments they are due, for any number of takers.

    `held_until` says before which moment nothing is given out at all, whatever is due; `wake` tells that its answer has
    changed. Moments are those of the monotonic clock. Items due at the same moment come in the order of their `rank`,
    the lowest first, and then in the order they were put. No more than `allowed` are given out and not yet `done`.
    """

    def __init__(self, clock: Clock, held_until: Callable[[], float]) -> None:
        self._clock = clock
        self._held_until = held_until
        self._heap: list[tuple[float, int, int, T]] = []
        self._current: dict[T, int] = {}  # an item's newest number; older entries of the heap are void
        self._count = 0
        self._closed = False
        self._out = 0
        self._allowed: int | None = None
        self._changed = threading.Condition()

    def put(self, item: T, due: float, rank: int = 0) -> None:
        """Give `item` out at `due`; an earlier appointment of it is forgotten."""
        with self._changed:
            self._count += 1
            self._current[item] = self._count
            heapq.heappush(self._heap, (due, rank, self._count, item))
            self._changed.notify()

    def drop(self, item: T) -> bool:
        """Forget `item`; False when it was not waiting, because somebody has just taken it."""
        with self._changed:
            return self._current.pop(item, None) is not None

    def take(self) -> T | None:
        """Wait for the next item that is due; None once closed."""
        with self._changed:
            while not self._closed:
                due = self._next_due()
                if due is None or (self._allowed is not None and self._out >= self._allowed):
                    self._changed.wait()
                    continue
                wait = max(due, self._held_until()) - self._clock.monotonic()
                if wait <= 0:
                    *_, item = heapq.heappop(self._heap)
                    del self._current[item]
                    self._out += 1
                    self._changed.notify()  # perhaps another is due
                    return item
                self._changed.wait(min(wait, threading.TIMEOUT_MAX))
            return None

    def done(self) -> None:
        """Whoever took an item has done with it."""
        with self._changed:
            self._out -= 1
            self._changed.notify_all()

    def allow(self, number: int) -> None:
        """From now on at most so many may be out; those that are already, stay."""
        with self._changed:
            self._allowed = number
            self._changed.notify_all()

    def wake(self) -> None:
        """Ask `held_until` again."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Give nothing out any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next_due(self) -> float | None:
        while self._heap:
            due, _, number, item = self._heap[0]
            if self._current.get(item) == number:
                return due
            heapq.heappop(self._heap)
        return None
