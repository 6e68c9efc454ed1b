"""The timetable: order, appointments, holds, closing."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import SystemClock
from core.engine.schedule import Timetable, next_pass

Until = Callable[[Callable[[], object]], None]


def timetable(held_until: Callable[[], float] = lambda: 0.0) -> Timetable[str]:
    return Timetable(SystemClock(), held_until)


@given(began=st.floats(0, 1e6), took=st.floats(0, 1e6), every=st.floats(0.001, 1e6))
def test_the_next_pass_is_never_in_the_past_nor_early(began: float, took: float, every: float) -> None:
    due = next_pass(began, began + took, every)
    assert due >= began + took
    assert due >= began + every
    assert due in {began + took, began + every}


def test_due_items_come_in_the_order_of_their_moments_then_as_put() -> None:
    table = timetable()
    for name, due in (("c", 3.0), ("a", 1.0), ("b", 1.0), ("first", -1.0)):
        table.put(name, due)
    assert [table.take() for _ in range(4)] == ["first", "a", "b", "c"]


def test_a_later_appointment_replaces_the_earlier_one() -> None:
    table = timetable()
    table.put("a", 1.0)
    table.put("b", 2.0)
    table.put("a", 3.0)
    assert [table.take(), table.take()] == ["b", "a"]


def test_dropped_items_do_not_come() -> None:
    table = timetable()
    table.put("a", 1.0)
    table.put("b", 2.0)
    assert table.drop("a")
    assert not table.drop("a")
    assert table.take() == "b"
    assert not table.drop("b"), "somebody has it"


def test_nothing_comes_before_its_time() -> None:
    table = timetable()
    now = SystemClock().monotonic()
    table.put("later", now + 0.05)
    assert table.take() == "later"
    assert SystemClock().monotonic() >= now + 0.05


@pytest.mark.usefixtures("no_thread_left")
def test_a_hold_keeps_everything_back_until_it_is_lifted(until: Until) -> None:
    hold = [float("inf")]
    table = timetable(lambda: hold[0])
    taken: list[str | None] = []
    table.put("a", 0.0)
    thread = threading.Thread(target=lambda: taken.append(table.take()))
    thread.start()
    until(lambda: table._changed._waiters)  # type: ignore[attr-defined]
    assert taken == []
    hold[0] = 0.0
    table.wake()
    thread.join(10)
    assert taken == ["a"]


@pytest.mark.usefixtures("no_thread_left")
def test_every_item_goes_to_one_taker_and_closing_ends_them_all() -> None:
    table = timetable()
    taken: list[str] = []

    def work() -> None:
        while (item := table.take()) is not None:
            taken.append(item)
            if len(taken) == 200:
                table.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for n in range(200):
        table.put(str(n), 0.0)
    for thread in threads:
        thread.join(20)
    assert sorted(taken, key=int) == [str(n) for n in range(200)]
