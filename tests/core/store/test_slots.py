from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from core.store import schema
from core.store.database import Database
from core.store.lease import Runner
from core.store.slots import Slots

HOST = "imap.old.example:993"

#: Obeys lines such as "acquire 4", "release" and "release 4".
OBEYING = """
    import sys
    from pathlib import Path
    from core.store.database import Database
    from core.store.lease import Runner
    from core.store.slots import Slots
    with Database.open(Path(sys.argv[1])) as database:
        runner = Runner(database)
        slots = Slots(database, runner)
        for line in sys.stdin:
            word, *number = line.split()
            if word == "acquire":
                print(slots.acquire(sys.argv[2], int(number[0])), flush=True)
            else:
                print(slots.release(sys.argv[2], *map(int, number)), flush=True)
        runner.close()
"""


@pytest.fixture
def make_slots(database: Database, clock: Any) -> Iterator[Callable[[], Slots]]:
    """As many processes as one likes, as far as slots are concerned."""
    runners: list[Runner] = []

    def make() -> Slots:
        runners.append(Runner(database, clock))
        return Slots(database, runners[-1], clock)

    yield make
    for runner in runners:
        runner.close()


def rows(database: Database) -> list[tuple[str, int, int]]:
    with database.reading() as connection:
        columns = (schema.slot.c.endpoint, schema.slot.c.used, schema.slot.c.allowed)
        return sorted(map(tuple, connection.execute(select(*columns))))


def fill(slots: Slots, limit: int, endpoint: str = HOST) -> int:
    """How many can be had."""
    number = 0
    while slots.acquire(endpoint, limit):
        number += 1
    return number


def ask(other: Any, line: str) -> str:
    other.tell(line)
    return str(other.line())


def test_no_more_than_the_limit(make_slots: Callable[[], Slots], database: Database) -> None:
    slots = make_slots()
    assert fill(slots, 3) == 3
    assert fill(slots, 2, "other:443") == 2
    slots.release(HOST)
    assert fill(slots, 3) == 1
    assert rows(database) == [(HOST, 3, 3), ("other:443", 2, 2)]


def test_what_is_given_back_twice_is_given_back_once(make_slots: Callable[[], Slots], database: Database) -> None:
    slots, others = make_slots(), make_slots()
    assert others.acquire(HOST, 4)
    assert slots.acquire(HOST, 4)
    slots.release(HOST)
    slots.release(HOST)
    slots.release("never seen")
    assert rows(database) == [(HOST, 1, 4)]
    assert fill(slots, 4) == 3


def test_the_lowest_limit_counts_for_all(make_slots: Callable[[], Slots]) -> None:
    first, second = make_slots(), make_slots()
    assert first.acquire(HOST, 2)
    assert first.acquire(HOST, 2)
    assert not second.acquire(HOST, 5)
    first.release(HOST)
    assert second.acquire(HOST, 5)
    assert not second.acquire(HOST, 5)
    first.release(HOST)
    assert fill(second, 5) == 4


def test_a_lower_limit_gets_its_turn(make_slots: Callable[[], Slots], clock: Any) -> None:
    """Who allows less waits until there is less; nobody takes more meanwhile."""
    many, few = make_slots(), make_slots()
    assert fill(many, 4) == 4
    for left in (3, 2, 1):
        assert not few.acquire(HOST, 2)
        many.release(HOST)
        assert not many.acquire(HOST, 4), left
        clock.forward(1.5)
    assert few.acquire(HOST, 2)
    few.release(HOST)
    assert fill(many, 4) == 3


def test_the_lowest_limit_of_several_batches_of_one_process(make_slots: Callable[[], Slots]) -> None:
    slots = make_slots()
    assert slots.acquire(HOST, 2)
    assert slots.acquire(HOST, 5)
    assert not slots.acquire(HOST, 5)
    slots.release(HOST, 2)
    slots.release(HOST, 2)  # there is no other of that kind
    assert fill(slots, 5) == 4
    for _ in range(5):
        slots.release(HOST, 5)
    assert fill(slots, 7) == 7


def test_a_process_may_keep_to_less_for_the_moment(make_slots: Callable[[], Slots]) -> None:
    slots, others = make_slots(), make_slots()
    assert slots.acquire(HOST, 6, now=2)
    assert slots.acquire(HOST, 6, now=2)
    assert not slots.acquire(HOST, 6, now=2)
    assert fill(others, 6) == 4
    others.release(HOST)
    assert not slots.acquire(HOST, 6, now=2)
    assert slots.acquire(HOST, 6, now=3)


def test_two_processes_share(database: Database, make_slots: Callable[[], Slots], child: Callable[..., Any]) -> None:
    slots, other = make_slots(), child(OBEYING, database.folder, HOST)
    assert [ask(other, "acquire 3") for _ in range(2)] == ["True", "True"]
    assert fill(slots, 4) == 1
    assert ask(other, "release") == "None"
    assert fill(slots, 4) == 1
    assert ask(other, "acquire 3") == "False"
    assert other.end() == 0
    assert rows(database) == [(HOST, 2, 4)]
    assert fill(slots, 4) == 2


def test_what_a_dead_process_held_is_free(
    database: Database, make_slots: Callable[[], Slots], child: Callable[..., Any]
) -> None:
    slots, other = make_slots(), child(OBEYING, database.folder, HOST)
    assert [ask(other, "acquire 3") for _ in range(3)] == ["True"] * 3
    assert not slots.acquire(HOST, 3)
    other.kill()
    other.process.wait()
    assert fill(slots, 3) == 3
    assert rows(database) == [(HOST, 3, 3)]
    with database.reading() as connection:
        assert len(connection.execute(select(schema.lease.c.name)).all()) == 1


def test_who_has_fewer_gets_the_next(make_slots: Callable[[], Slots]) -> None:
    """A process that has all and asks again at once does not starve one that waits."""
    rich, poor = make_slots(), make_slots()
    assert fill(rich, 4) == 4
    assert not poor.acquire(HOST, 4)
    rich.release(HOST)
    assert not rich.acquire(HOST, 4)
    assert poor.acquire(HOST, 4)
    assert not poor.acquire(HOST, 4)
    rich.release(HOST)
    assert not rich.acquire(HOST, 4)  # two against one, and the one waits
    assert poor.acquire(HOST, 4)
    rich.release(HOST)
    assert rich.acquire(HOST, 4)  # one against two


def test_of_equals_the_one_that_waits_longest(make_slots: Callable[[], Slots], clock: Any) -> None:
    holder, first, second = make_slots(), make_slots(), make_slots()
    assert holder.acquire(HOST, 1)
    assert not first.acquire(HOST, 1)
    clock.forward(0.5)
    assert not second.acquire(HOST, 1)
    clock.forward(0.5)
    holder.release(HOST)
    assert not holder.acquire(HOST, 1)
    assert not second.acquire(HOST, 1)
    assert first.acquire(HOST, 1)


def test_who_stops_asking_waits_no_more(make_slots: Callable[[], Slots], clock: Any) -> None:
    holder, gone = make_slots(), make_slots()
    assert fill(holder, 2) == 2
    assert not gone.acquire(HOST, 2)
    holder.release(HOST)
    assert not holder.acquire(HOST, 2)
    clock.forward(3)
    assert holder.acquire(HOST, 2)
    holder.release(HOST)
    assert gone.acquire(HOST, 2)


def test_a_limit_that_nobody_waits_for_any_more_is_forgotten(make_slots: Callable[[], Slots], clock: Any) -> None:
    both, many = make_slots(), make_slots()
    assert both.acquire(HOST, 5)
    assert many.acquire(HOST, 5)
    assert not both.acquire(HOST, 2)
    assert not many.acquire(HOST, 5)
    clock.forward(3)
    assert fill(many, 5) == 3


def test_a_process_that_only_waited_leaves_nothing(make_slots: Callable[[], Slots], database: Database) -> None:
    holder, waiter = make_slots(), make_slots()
    assert holder.acquire(HOST, 1)
    assert not waiter.acquire(HOST, 1)
    assert len(rows(database)) == 2
    holder.release(HOST)
    assert waiter.acquire(HOST, 1)
    waiter.release(HOST)
    assert rows(database) == []


def test_many_threads_never_get_too_many(make_slots: Callable[[], Slots], database: Database) -> None:
    processes = [make_slots() for _ in range(3)]

    def attempt(number: int) -> bool:
        return processes[number % 3].acquire(HOST, 10)

    with ThreadPoolExecutor(12) as threads:
        got = sum(threads.map(attempt, range(60)))
    assert got <= 10
    assert sum(used for _, used, _ in rows(database)) == got


def test_who_would_like_one_more_holds_up_nobody(make_slots: Callable[[], Slots]) -> None:
    one, two = make_slots(), make_slots()
    assert one.acquire(HOST, 1)
    assert not two.acquire(HOST, 1, waits=False)
    assert not one.wanted(HOST)
    assert not two.acquire(HOST, 1)
    assert one.wanted(HOST)
    assert not two.wanted(HOST), "that is itself"
    one.release(HOST)
    assert two.acquire(HOST, 1)
    assert not one.wanted(HOST)
