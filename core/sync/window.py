"""How much one mailbox asks of the destination at once, after the server has asked for less."""

from core.ports.destination import Limits


class Window:
    """Messages a request: half as many after each throttle, and a twentieth more with each request that went through.

    Requests at once: one after a throttle, and one more with each that went through as large as before. So little is
    sent in vain where a server stops in the middle of a request, and all is as before soon after. Pure.
    """

    def __init__(self) -> None:
        self._size: int | None = None  # None: as many as the destination takes
        self._at_once: int | None = None  # so, too

    @property
    def careful(self) -> bool:
        """Whether what the next request may be depends on what becomes of this one."""
        return self._size is not None

    def size(self, most: int) -> int:
        """How many messages the next request may carry, of at most `most`; at least one."""
        return most if self._size is None else max(1, min(self._size, most))

    def at_once(self, most: int) -> int:
        """How many requests may be under way, of at most `most`; at least one."""
        return most if self._at_once is None else max(1, min(self._at_once, most))

    def throttled(self, sent: int) -> None:
        """A request of so many messages was throttled."""
        self._size = max(1, min(self.size(sent), sent) // 2)
        self._at_once = 1

    def went_through(self, sent: int, size: int, limits: Limits) -> None:
        """A request of so many messages, of `size` bytes, was not; `limits` are what the destination takes."""
        most = limits.batch_messages
        # Large messages are as many as their bytes allow, and would never be as many as might be.
        full = sent >= self.size(most) or 2 * size >= limits.batch_bytes
        if self._size is not None and full:
            self._size += max(1, most // 20)
            if self._size >= most:
                self._size = None
        elif self._size is None and self._at_once is not None:
            self._at_once += 1
            if self._at_once >= limits.at_once:
                self._at_once = None
