"""Why a pass is no faster: what its writing thread waited for over the last minute."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from core.clock import Clock

#: Seconds that are looked back on, and those that must have passed before anything is said.
WINDOW = 60.0
_SOON = 5.0
#: Less than this part of the time is not worth a word.
_LEAST = 0.05


class Cause(StrEnum):
    """Whom a pass waits for."""

    SOURCE = "the source"
    DESTINATION = "the destination"
    THROTTLE = "a throttle"
    OURS = "a limit of ours"  # bandwidth, or the memory that all mailboxes share


class Causes:
    """Adds up waits. Used by one thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.monotonic()
        self._waits: deque[tuple[float, Cause, float]] = deque()  # when it ended, for whom, seconds

    @contextmanager
    def waiting(self, cause: Callable[[], Cause]) -> Iterator[None]:
        """What happens inside is waited for; `cause` is asked when it is over."""
        began = self._clock.monotonic()
        try:
            yield
        finally:
            ended = self._clock.monotonic()
            if ended > began:
                self._waits.append((ended, cause(), ended - began))

    def sentence(self) -> str:
        """Who took how much of the time, most first; nothing as long as that means little."""
        now = self._clock.monotonic()
        since = max(self._began, now - WINDOW)
        while self._waits and self._waits[0][0] <= since:
            self._waits.popleft()
        if now - since < _SOON:
            return ""
        shares: Counter[Cause] = Counter()
        for ended, cause, seconds in self._waits:
            shares[cause] += min(seconds, ended - since) / (now - since)  # type: ignore[assignment]  # parts of one
        told = [f"{cause} {share:.0%}" for cause, share in shares.most_common() if share >= _LEAST]
        return f"waits for {', '.join(told)}" if told else ""
