"""How many connections an endpoint gets after it asked us to slow down: half, and one more each minute. Pure."""

#: After a throttle the number of connections grows again by one in so many seconds.
WIDEN = 60.0


class Narrowing:
    """What this process keeps to at one endpoint. `now` is in seconds, on a clock that only goes forward."""

    def __init__(self) -> None:
        self._limit: int | None = None
        self._since = 0.0  # the last time that the endpoint asked us to slow down
        self._leaving = 0  # how many were told to give theirs back, and have not

    def limit(self, now: float) -> int | None:
        """How many connections there may be; None: as many as the batch allows."""
        return None if self._limit is None else self._limit + int((now - self._since) / WIDEN)

    def throttled(self, used: int, now: float, spare: int = 0) -> bool:
        """Who holds one of `used` connections was asked to slow down; whether he is to give it back: one too many.

        Those that were under way when it got less are no reason to give it still less: one throttle is heard by many.
        So many of them are `spare`, and are given back by themselves.
        """
        limit = self.limit(now)
        self._limit = max(1, used // 2) if limit is None or used <= limit else limit
        self._since = now
        if used - spare - self._leaving <= self._limit:
            return False
        self._leaving += 1
        return True

    def given_back(self) -> None:
        """One of the connections is no longer used."""
        self._leaving = max(0, self._leaving - 1)
