"""More than one connection of a mailbox to its destination, as long as nobody else waits for them."""

import math
from collections.abc import Callable
from types import TracebackType
from typing import Self

from core.clock import Clock
from core.engine.limits import Connections, Grant, Need

#: How often who was refused asks again, and whoever has some looks for other processes that wait. Seconds.
_LOOK = 1.0


class Spare:
    """Those of one mailbox beyond the first. Used by one thread; leaving it gives them back.

    `need` is what the batch allows just now.
    """

    def __init__(self, connections: Connections, need: Callable[[], Need], clock: Clock) -> None:
        self._connections = connections
        self._need = need
        self._clock = clock
        self._endpoint = need().endpoint
        self._held: list[Grant] = []
        self._ask_at = self._look_at = -math.inf  # on the monotonic clock
        self._wanted = False  # by another process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.idle()

    def idle(self) -> None:
        """None is under way, perhaps for long: all of them are for who needs them."""
        if self._held:
            self._give_back(len(self._held))
            self._ask_at = -math.inf  # there are free ones again

    def another(self, flying: int) -> bool:
        """Whether one more request may be under way beside so many."""
        now = self._clock.monotonic()
        if (self._held or self._wanted) and now >= self._look_at:
            self._look_at = now + _LOOK
            self._wanted = self._connections.wanted(self._endpoint)
        if self._wanted or self._connections.crowded(self._endpoint):
            self._give_back(len(self._held) - max(0, flying - 1))
            return flying < 1
        if flying <= len(self._held):
            return True
        if now < self._ask_at:
            return False
        grant = self._connections.spare(self._need())
        if grant is None:
            self._ask_at = now + _LOOK
            return False
        self._held.append(grant)
        return True

    def _give_back(self, number: int) -> None:
        if number > 0:
            left, self._held = self._held[:number], self._held[number:]
            self._connections.give_back(left)
