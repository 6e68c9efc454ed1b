"""Room in memory for messages, shared by every mailbox of this process."""

import threading
from collections import deque

from core.sync.control import Control

#: Bytes of messages in memory at once. Twenty mailboxes together stay within 200 MB with it.
MEMORY = 64 << 20

#: How soon a waiting taker sees that it should stop, in seconds.
_LOOK = 0.2


class MemoryBudget:
    """`core.sync.control.Budget`: first come, first served, so that a large message is not passed by for ever."""

    def __init__(self, size: int = MEMORY) -> None:
        self.size = size
        self._used = 0
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def used(self) -> int:
        """Bytes granted and not yet given back."""
        with self._changed:
            return self._used

    def take(self, size: int, control: Control) -> bool:
        """Wait for room for `size` bytes; False when stopping came first.

        A size above the whole budget waits until it is alone, and then passes.
        """
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                while self._waiting[0] is not ticket or not self._fits(size):
                    if control.stopping():
                        return False
                    self._changed.wait(_LOOK)
                self._used += size
                return True
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()

    def also(self, size: int) -> None:
        """Count bytes that are there already, beyond what was taken for them."""
        with self._changed:
            self._used += size

    def give(self, size: int) -> None:
        """Give bytes back that `take` or `also` counted."""
        with self._changed:
            self._used -= size
            assert self._used >= 0, "more bytes given back than were taken"
            self._changed.notify_all()

    def _fits(self, size: int) -> bool:
        return self._used + size <= self.size or self._used == 0
