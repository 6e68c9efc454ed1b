"""Connections beyond the first: as many as are free, and back as soon as somebody else needs one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.engine.limits import Connections, Need
from core.engine.spare import Spare
from core.store.database import Database
from core.store.lease import Runner
from core.store.slots import Slots
from tests.core.engine.test_limits import NEW, Asker, ManualClock, Until


class Place:
    """A destination that allows so many connections, and a mailbox that has one."""

    def __init__(self, folder: Path, clock: ManualClock, allowed: int) -> None:
        self.database = Database.open(folder)
        self.clock = clock
        self.allowed = allowed
        self.runners = [Runner(self.database)]
        self.slots = Slots(self.database, self.runners[0], clock)
        self.connections = Connections(self.slots, clock)
        self.mailbox = Asker(self.connections, self.need())

    def need(self) -> Need:
        return Need(NEW, self.allowed)

    def spare(self) -> Spare:
        return Spare(self.connections, self.need, self.clock)

    def used(self) -> int:
        with self.database.reading() as connection:
            return int(connection.exec_driver_sql("SELECT coalesce(sum(used), 0) FROM slot").scalar_one())

    def elsewhere(self) -> Slots:
        """Another process."""
        self.runners.append(Runner(self.database))
        return Slots(self.database, self.runners[-1], self.clock)

    def close(self) -> None:
        self.mailbox.end()
        for runner in self.runners:
            runner.close()
        self.database.close()


@pytest.fixture
def place(tmp_path: Path, no_thread_left: None, until: Until) -> Iterator[Callable[[int], Place]]:
    places: list[Place] = []

    def make(allowed: int) -> Place:
        places.append(Place(tmp_path, ManualClock(), allowed))
        until(lambda: places[-1].mailbox.granted)
        return places[-1]

    yield make
    for one in places:
        one.close()


def most(spare: Spare) -> int:
    """How many requests may be under way at once."""
    flying = 0
    while spare.another(flying):
        flying += 1
    return flying


def test_as_many_as_are_free_and_all_of_them_back_at_the_end(place: Callable[[int], Place]) -> None:
    here = place(4)
    with here.spare() as spare:
        assert here.used() == 1, "what is not needed is not taken"
        assert most(spare) == 4
        assert here.used() == 4
    assert here.used() == 1


def test_the_first_request_needs_no_spare_one(place: Callable[[int], Place]) -> None:
    here = place(1)
    with here.spare() as spare:
        assert most(spare) == 1
        assert here.used() == 1


def test_who_was_refused_asks_again_after_a_while(place: Callable[[int], Place]) -> None:
    here = place(2)
    other = here.elsewhere()
    assert other.acquire(NEW, 2)
    with here.spare() as spare:
        assert most(spare) == 1
        other.release(NEW)
        assert most(spare) == 1, "asked a moment ago"
        here.clock.at += 1.1
        assert most(spare) == 2


def test_what_another_mailbox_waits_for_is_given_back(place: Callable[[int], Place], until: Until) -> None:
    here = place(3)
    with here.spare() as spare:
        assert most(spare) == 3
        waiting = Asker(here.connections, here.need())
        until(lambda: here.connections.crowded(NEW))
        assert not spare.another(3), "three are under way still"
        assert waiting.granted is None
        assert not spare.another(2)
        until(lambda: waiting.granted)
        assert most(spare) == 2
        waiting.end()


def test_none_is_kept_while_no_request_is_under_way(place: Callable[[int], Place], until: Until) -> None:
    """A source may take minutes over a message, and whoever waits meanwhile is not seen."""
    here = place(3)
    with here.spare() as spare:
        assert most(spare) == 3
        spare.idle()
        assert here.used() == 1
        waiting = Asker(here.connections, here.need())
        until(lambda: waiting.granted)
        waiting.end()
        until(lambda: here.used() == 1)
        assert most(spare) == 3


def test_what_another_process_waits_for_is_given_back_within_a_second(place: Callable[[int], Place]) -> None:
    here = place(2)
    other = here.elsewhere()
    with here.spare() as spare:
        assert most(spare) == 2
        here.clock.at += 1.1
        assert not other.acquire(NEW, 2)
        assert not spare.another(1)
        assert here.used() == 1
        assert other.acquire(NEW, 2)
        here.clock.at += 1.1
        assert most(spare) == 1
        other.release(NEW)
        here.clock.at += 1.1
        assert most(spare) == 2


def test_a_throttle_takes_the_spare_ones_first(place: Callable[[int], Place]) -> None:
    here = place(4)
    with here.spare() as spare:
        assert most(spare) == 4
        assert not here.connections.throttled(NEW), "the mailbox itself may stay"
        assert not spare.another(0) or here.used() <= 2
        assert here.used() <= 2
        here.clock.at += 61
        assert most(spare) == 3, "one more each minute"


def test_fewer_when_the_batch_allows_fewer_now(place: Callable[[int], Place]) -> None:
    here = place(4)
    with here.spare() as spare:
        assert most(spare) == 4
        here.allowed = 2
        here.connections.allow(here.need())
        spare.another(1)
        assert here.used() == 1
        here.clock.at += 1.1
        assert most(spare) == 2
