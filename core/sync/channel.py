"""A bounded queue between two threads that either side can close."""

from collections import deque
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


class Channel(Generic[T]):
    """Hands items from one thread to another, at most `size` waiting. `queue.Queue` cannot be closed before 3.13."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: deque[T] = deque()
        self._changed = Condition()
        self._closed = False

    def put(self, item: T) -> bool:
        """Wait for room and put; False when the channel was closed, and the item was not taken."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._items) < self._size)
            if self._closed:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def get(self) -> T | None:
        """Wait for the next item; None when the channel is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._items))
            if not self._items:
                return None
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def empty(self) -> bool:
        """Whether `get` would wait."""
        with self._changed:
            return not self._items

    def end(self) -> None:
        """No more will be put; what waits is still taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self) -> list[T]:
        """Nobody will take any more; returns what was left."""
        with self._changed:
            self._closed = True
            rest = list(self._items)
            self._items.clear()
            self._changed.notify_all()
            return rest
