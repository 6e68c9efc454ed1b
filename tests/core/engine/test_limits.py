"""Connections: never more than allowed, first come first served, narrower after a throttle."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.engine.limits import Connections, Need
from core.engine.steering import PassControl
from core.status import Wish
from core.store.database import Database
from core.store.lease import Runner
from core.store.slots import Slots

Until = Callable[[Callable[[], object]], None]

OLD, NEW, OTHER = "old.example:993", "new.example:443", "other.example:993"


@dataclass
class ManualClock:
    at: float = 1000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def slots(tmp_path: Path, no_thread_left: None) -> Iterator[Slots]:
    database = Database.open(tmp_path)
    runner = Runner(database)
    yield Slots(database, runner)
    runner.close()
    database.close()


class Asker:
    """A mailbox that asks for connections in a thread, and holds them until told to give them back."""

    def __init__(self, connections: Connections, *needs: Need) -> None:
        self.control = PassControl()
        self.granted: bool | None = None
        self._done = threading.Event()
        self._connections = connections
        self._needs = needs
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        with self._connections.held(self._needs, self.control) as granted:
            self.granted = granted
            self._done.wait(20)

    def end(self) -> None:
        self._done.set()
        self._thread.join(20)
        assert not self._thread.is_alive()


def test_no_more_than_allowed_and_in_the_order_of_asking(slots: Slots, clock: ManualClock, until: Until) -> None:
    connections = Connections(slots, clock)
    askers: list[Asker] = []

    def granted() -> list[bool]:
        return [asker.granted is True for asker in askers]

    def stands(*expected: bool) -> bool:
        return granted() == list(expected) and len(connections._waiting) == expected.count(False)

    for number in range(5):
        askers.append(Asker(connections, Need(OLD, 2), Need(NEW, 9)))
        until(lambda: stands(*[True, True, False, False, False][: len(askers)]))
        assert len(askers) == number + 1
    while askers:
        askers.pop(0).end()
        until(lambda: stands(*[True, True, False, False][: len(askers)]))


def test_who_waits_for_one_endpoint_does_not_hold_up_another(slots: Slots, clock: ManualClock, until: Until) -> None:
    connections = Connections(slots, clock)
    holder = Asker(connections, Need(OLD, 1))
    until(lambda: holder.granted)
    waiting = Asker(connections, Need(OLD, 1), Need(NEW, 1))
    until(lambda: len(connections._waiting) == 1)
    other = Asker(connections, Need(OTHER, 1))
    until(lambda: other.granted)
    assert waiting.granted is None
    for asker in (holder, waiting, other):
        asker.end()


def test_nothing_is_kept_of_a_grant_that_could_not_be_whole(slots: Slots, clock: ManualClock, until: Until) -> None:
    connections = Connections(slots, clock)
    holder = Asker(connections, Need(NEW, 1))
    until(lambda: holder.granted)
    waiting = Asker(connections, Need(OLD, 1), Need(NEW, 1))
    until(lambda: len(connections._waiting) == 1)
    waiting.control.obey(Wish.STOP)
    until(lambda: waiting.granted is False)
    late = Asker(connections, Need(OLD, 1))
    until(lambda: late.granted)
    for asker in (holder, waiting, late):
        asker.end()


def test_opposite_batches_between_two_full_servers_do_not_wait_for_each_other(
    slots: Slots, clock: ManualClock, until: Until
) -> None:
    connections = Connections(slots, clock)
    askers = [
        Asker(connections, *(needs if number % 2 else reversed(needs)))
        for number in range(6)
        for needs in ([Need(OLD, 1), Need(NEW, 1)],)
    ]
    left = set(askers)
    while left:
        until(lambda: any(asker.granted for asker in left))
        granted = {asker for asker in left if asker.granted}
        for asker in granted:
            asker.end()
        left.difference_update(granted)


def test_a_throttle_halves_and_a_minute_gives_one_back(slots: Slots, clock: ManualClock, until: Until) -> None:
    connections = Connections(slots, clock)
    held = [Asker(connections, Need(OLD, 9)) for _ in range(4)]
    until(lambda: all(asker.granted for asker in held))
    connections.throttled(OLD)
    for asker in held[:3]:
        asker.end()
    second = Asker(connections, Need(OLD, 9))
    until(lambda: second.granted)
    third = Asker(connections, Need(OLD, 9))
    until(lambda: len(connections._waiting) == 1)
    clock.at += 59
    assert third.granted is None
    clock.at += 1
    until(lambda: third.granted)
    for asker in (held[3], second, third):
        asker.end()


class Crowd:
    """Mailboxes that hold a connection to one endpoint; who leaves takes the next place when there is one."""

    def __init__(self, connections: Connections, until: Until, *, allowed: int = 16) -> None:
        self.connections = connections
        self.until = until
        self.need = Need(NEW, allowed)
        self.askers: list[Asker] = []

    def ask(self, number: int) -> None:
        self.askers += [Asker(self.connections, self.need) for _ in range(number)]

    @property
    def holding(self) -> list[Asker]:
        return [asker for asker in self.askers if asker.granted]

    def holds(self, number: int) -> None:
        """So many hold one, and all others that ask stand in line."""
        self.until(lambda: len(self.holding) == number == self.connections._used[NEW])
        self.until(lambda: len(self.connections._waiting) == len(self.askers) - number)

    def throttle(self, *who: Asker) -> list[bool]:
        """The endpoint asks these to slow down; those that are one too many give theirs back and ask again."""
        told = [self.connections.throttled(NEW) for _ in who]
        for asker, leaves in zip(who, told, strict=True):
            if leaves:
                self.askers.remove(asker)
                asker.end()
                self.ask(1)
        return told

    def end(self) -> None:
        for asker in self.askers:
            asker.control.obey(Wish.STOP)
        for asker in self.askers:
            asker.end()


@pytest.fixture
def crowd(slots: Slots, clock: ManualClock, until: Until) -> Iterator[Crowd]:
    crowd = Crowd(Connections(slots, clock), until)
    yield crowd
    crowd.end()


def test_one_throttle_that_many_hear_halves_once(crowd: Crowd) -> None:
    crowd.ask(8)
    crowd.holds(8)
    assert crowd.throttle(*crowd.holding).count(True) == 4
    crowd.holds(4)


def test_each_further_throttle_halves_again_down_to_one(crowd: Crowd) -> None:
    crowd.ask(8)
    crowd.holds(8)
    for left in (4, 2, 1, 1):
        crowd.throttle(*crowd.holding)
        crowd.holds(left)


def test_the_last_one_is_not_told_to_leave(crowd: Crowd) -> None:
    crowd.ask(1)
    crowd.holds(1)
    assert crowd.throttle(*crowd.holding) == [False]


def test_they_come_back_one_a_minute_up_to_what_is_allowed(crowd: Crowd, clock: ManualClock) -> None:
    crowd.need = Need(NEW, 5)
    crowd.ask(9)
    crowd.holds(5)
    crowd.throttle(*crowd.holding)
    for held in (2, 3, 4, 5, 5, 5):
        crowd.holds(held)
        clock.at += 60


def test_a_throttle_on_the_way_up_halves_what_there_is_by_then(crowd: Crowd, clock: ManualClock) -> None:
    crowd.ask(12)
    crowd.holds(12)
    crowd.throttle(*crowd.holding)
    crowd.holds(6)
    clock.at += 120
    crowd.holds(8)
    crowd.throttle(*crowd.holding)
    crowd.holds(4)


def test_while_it_goes_on_nothing_comes_back(crowd: Crowd, clock: ManualClock) -> None:
    """Whoever is still under way from before hears it, too: the minute begins anew."""
    crowd.ask(8)
    crowd.holds(8)
    for left in (7, 6, 5, 4):
        assert crowd.throttle(crowd.holding[0]) == [True]
        crowd.holds(left)
        clock.at += 59
    clock.at += 1
    crowd.holds(5)


def test_others_are_not_held_up(crowd: Crowd, until: Until) -> None:
    crowd.ask(4)
    crowd.holds(4)
    crowd.throttle(*crowd.holding)
    crowd.holds(2)
    other = Asker(crowd.connections, Need(OTHER, 4))
    until(lambda: other.granted)
    other.end()


def test_a_server_that_is_both_ends_is_never_too_narrow_for_one_mailbox(
    slots: Slots, clock: ManualClock, until: Until
) -> None:
    connections = Connections(slots, clock)
    both = [Need(NEW, 9), Need(NEW, 9)]
    first = Asker(connections, *both)
    until(lambda: first.granted)
    connections.throttled(NEW)
    connections.throttled(NEW)
    first.end()
    second = Asker(connections, *both)
    until(lambda: second.granted)
    second.end()
