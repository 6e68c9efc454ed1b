"""How much one mailbox asks of the destination in one request, after the server has asked for less."""


class Window:
    """Messages a request: half as many after each throttle, and a twentieth more with each request that went through.

    So little is sent in vain where a server stops in the middle of a request, and all is as before soon after. Pure.
    """

    def __init__(self) -> None:
        self._size: int | None = None  # None: as many as the destination takes

    def size(self, most: int) -> int:
        """How many messages the next request may carry, of at most `most`; at least one."""
        return most if self._size is None else max(1, min(self._size, most))

    def throttled(self, sent: int) -> None:
        """A request of so many messages was throttled."""
        self._size = max(1, min(self.size(sent), sent) // 2)

    def went_through(self, sent: int, most: int) -> None:
        """A request of so many messages was not; the destination takes `most`."""
        if self._size is None or sent < self.size(most):
            return
        self._size += max(1, most // 20)
        if self._size >= most:
            self._size = None
