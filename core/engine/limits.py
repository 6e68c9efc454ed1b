"""Connections to each endpoint: never more than allowed, over all mailboxes, batches and processes of a store."""

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from core.clock import Clock
from core.engine.narrowing import Narrowing
from core.store.slots import Slots
from core.sync.control import Control

#: How often a waiting mailbox asks again: another process does not tell when it gives a connection back. Seconds.
_LOOK = 0.25


@dataclass(frozen=True, slots=True)
class Need:
    """One connection to an endpoint (host:port), and how many its batch allows."""

    endpoint: str
    allowed: int
    batch: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    endpoints: frozenset[str]


@dataclass(slots=True, eq=False)
class Grant:
    """A connection that is held. One to `spare` is beyond what its mailbox cannot do without."""

    need: Need
    spare: bool = False


class Connections:
    """Grants connections to mailboxes in the order they asked.

    All that a mailbox needs is granted together, so that two never wait for each other. A mailbox that waits for one
    endpoint holds up only those that need the same one. An endpoint that throttles us gets half as many connections as
    it had, and one more for each minute in which it does not do so again.
    """

    def __init__(self, slots: Slots, clock: Clock) -> None:
        self._slots = slots
        self._clock = clock
        self._waiting: deque[_Waiter] = deque()
        self._grants: list[Grant] = []
        self._used: Counter[str] = Counter()
        self._narrow: defaultdict[str, Narrowing] = defaultdict(Narrowing)
        self._changed = threading.Condition()

    @contextmanager
    def held(self, needs: Sequence[Need], control: Control) -> Iterator[bool]:
        """Wait for these connections and hold them; yields False when stopping came first."""
        grants = self._acquire(needs, control)
        try:
            yield bool(grants)
        finally:
            self._release(grants)

    def spare(self, need: Need) -> Grant | None:
        """One connection more for who has one, if there is one that nobody waits for."""
        with self._changed:
            if self._crowded(need.endpoint) or not self._acquired(need, self._limit(need.endpoint), waits=False):
                return None
            grant = Grant(need, spare=True)
            self._grants.append(grant)
            return grant

    def give_back(self, grants: Sequence[Grant]) -> None:
        """These spare ones are no longer used."""
        with self._changed:
            for grant in grants:
                self._grants.remove(grant)
                self._give(grant.need)
            self._changed.notify_all()

    def crowded(self, endpoint: str) -> bool:
        """Whether somebody in this process waits for a connection to it, or there are more than may be just now."""
        with self._changed:
            return self._crowded(endpoint)

    def wanted(self, endpoint: str) -> bool:
        """Whether another process waits for a connection to it; a look at the store."""
        return self._slots.wanted(endpoint)

    def allow(self, need: Need) -> None:
        """A batch allows more or fewer connections to an endpoint from now on, for those that it holds already, too."""
        with self._changed:
            for grant in self._grants:
                if (grant.need.endpoint, grant.need.batch) == (need.endpoint, need.batch):
                    self._slots.allow(need.endpoint, grant.need.allowed, need.allowed)
                    grant.need = need
            self._changed.notify_all()

    def throttled(self, endpoint: str) -> bool:
        """The endpoint asked who holds a connection to it to slow down; whether to give it back: one too many."""
        with self._changed:
            spare = sum(grant.spare for grant in self._grants if grant.need.endpoint == endpoint)
            return self._narrow[endpoint].throttled(self._used[endpoint], self._clock.monotonic(), spare)

    def _acquire(self, needs: Sequence[Need], control: Control) -> list[Grant]:
        mine = _Waiter(frozenset(need.endpoint for need in needs))
        with self._changed:
            self._waiting.append(mine)
            try:
                while not control.stopping():
                    if self._turn(mine) and self._try(needs):
                        grants = [Grant(need) for need in needs]
                        self._grants += grants
                        return grants
                    self._changed.wait(_LOOK)
                return []
            finally:
                self._waiting.remove(mine)
                self._changed.notify_all()

    def _release(self, grants: Sequence[Grant]) -> None:
        with self._changed:
            for grant in grants:
                self._grants.remove(grant)
                self._narrow[grant.need.endpoint].given_back()
                self._give(grant.need)
            self._changed.notify_all()

    def _turn(self, mine: _Waiter) -> bool:
        """Whether nobody who asked earlier needs the same endpoint."""
        for other in self._waiting:
            if other is mine:
                return True
            if other.endpoints & mine.endpoints:
                return False
        return False

    def _try(self, needs: Sequence[Need]) -> bool:
        got: list[Need] = []
        both = Counter(need.endpoint for need in needs)  # one server may be both ends
        for need in needs:
            limit = self._limit(need.endpoint)
            if not self._acquired(need, None if limit is None else max(limit, both[need.endpoint])):
                for other in got:
                    self._give(other)
                return False
            got.append(need)
        return True

    def _acquired(self, need: Need, most: int | None, *, waits: bool = True) -> bool:
        if not self._slots.acquire(need.endpoint, need.allowed, now=most, waits=waits):
            return False
        self._used[need.endpoint] += 1
        return True

    def _limit(self, endpoint: str) -> int | None:
        """What this process keeps to after a throttle."""
        return self._narrow[endpoint].limit(self._clock.monotonic())

    def _crowded(self, endpoint: str) -> bool:
        limit = self._limit(endpoint)
        allowed = min((grant.need.allowed for grant in self._grants if grant.need.endpoint == endpoint), default=None)
        most = min((number for number in (limit, allowed) if number is not None), default=None)
        waits = any(endpoint in waiter.endpoints for waiter in self._waiting)
        return waits or (most is not None and self._used[endpoint] > most)

    def _give(self, need: Need) -> None:
        self._used[need.endpoint] -= 1
        self._slots.release(need.endpoint, need.allowed)
