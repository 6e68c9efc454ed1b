"""How long to wait before the next try, and when to give up.

Two things are told apart. An endpoint that does not answer concerns every mailbox of it: `Reach`. A mailbox whose link
breaks in the middle concerns itself: `Backoff`. A throttle never counts as a failed try.
"""

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits in seconds. Before the first success in a run three tries in 60 s; after it they grow, 5 s to 5 min.

    `grace`: how long after a stop a silent server is waited for where nothing changes by its answer.
    """

    before_first: tuple[float, ...] = (20.0, 40.0)
    shortest: float = 5.0
    longest: float = 300.0
    grace: float = 10.0

    def growing(self, tries: int) -> float:
        """The wait after so many failed tries in a row; doubles each time."""
        return min(self.longest, self.shortest * 2.0 ** min(tries - 1, 30))


class Reach:
    """Whether an endpoint answers, as one run of a batch has seen it.

    With `insist` (``--watch``) an endpoint that never answered is waited for as if it had. Several mailboxes try at
    once: a try that began before the wait after the last counted one was over is the same try.
    """

    def __init__(self, patience: Patience, *, insist: bool = False) -> None:
        self._patience = patience
        self._insist = insist
        self._lock = threading.Lock()
        self._reached = False
        self._failures = 0  # in a row
        self._answered = float("-inf")
        self._silent_until = float("-inf")
        self._throttled_until = float("-inf")

    @property
    def held_until(self) -> float:
        """No mailbox begins here before this moment of the monotonic clock."""
        with self._lock:
            return max(self._silent_until, self._throttled_until)

    def answered(self, now: float) -> None:
        """A sign-in succeeded. That ends no throttle: who asked for time gets it."""
        with self._lock:
            self._reached = True
            self._failures = 0
            self._answered = now
            self._silent_until = float("-inf")

    def silent(self, began: float, now: float) -> float | None:
        """A try to connect, begun at `began`, failed: seconds to wait, or None when the tries are spent."""
        with self._lock:
            overtaken = began < self._answered  # somebody else got through meanwhile: not the endpoint's trouble
            if not overtaken and began >= self._silent_until:
                self._failures += 1
            if self._reached or self._insist:
                wait = self._patience.growing(max(1, self._failures))
            elif self._failures > len(self._patience.before_first):
                return None
            else:
                wait = self._patience.before_first[self._failures - 1]
            if not overtaken:
                self._silent_until = max(self._silent_until, now + wait)
            return wait

    def throttled(self, now: float, seconds: float) -> None:
        """The server asked for time; nobody begins here before it is over."""
        with self._lock:
            self._throttled_until = max(self._throttled_until, now + seconds)


class Backoff:
    """One mailbox's waits: they grow until something moves; given up after `give_up_after` seconds without that."""

    def __init__(self, patience: Patience, give_up_after: float) -> None:
        self._patience = patience
        self._give_up_after = give_up_after
        self._tries = 0
        self._since: float | None = None  # the first failure since something moved
        self._moved = False

    def moved(self) -> None:
        """A message, or a change of flags, went through."""
        self._moved = True

    def failed(self, now: float, wait: float | None = None) -> float | None:
        """Seconds to wait now; None to give up. `wait` is what was asked for, obeyed as it is; None: grow.

        Whoever asks for less again and again, and nothing moves in between, gets what grows all the same.
        """
        if self._moved or self._since is None:
            self._moved = False
            self._tries = 0
            self._since = now
        left = self._give_up_after - (now - self._since)
        if left <= 0:
            return None
        self._tries += 1
        if wait is None:
            return min(self._patience.growing(self._tries), left)
        return wait if self._tries == 1 else max(wait, min(self._patience.growing(self._tries - 1), left))
