"""The memory budget: never exceeded, fair, and no way to wait for ever."""

import threading
from collections.abc import Callable

import pytest

from core.engine.budget import MemoryBudget
from core.engine.steering import PassControl
from core.status import Wish

Until = Callable[[Callable[[], object]], None]

pytestmark = pytest.mark.usefixtures("no_thread_left")


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results


def test_grants_what_fits_and_counts_it() -> None:
    budget = MemoryBudget(100)
    control = PassControl()
    assert budget.take(60, control)
    assert budget.take(40, control)
    assert budget.used == 100
    budget.give(60)
    assert budget.used == 40


def test_what_is_there_already_counts_and_is_not_waited_for(until: Until) -> None:
    budget = MemoryBudget(100)
    control = PassControl()
    budget.take(90, control)
    budget.also(60)
    assert budget.used == 150
    thread, results = in_thread(lambda: budget.take(40, control))
    until(lambda: len(budget._waiting) == 1)
    budget.give(60)
    budget.give(20)
    until(lambda: len(budget._waiting) == 1)
    assert results == []
    budget.give(10)
    thread.join(5)
    assert (results, budget.used) == ([True], 100)


def test_waits_until_there_is_room(until: Until) -> None:
    budget = MemoryBudget(100)
    control = PassControl()
    budget.take(100, control)
    thread, results = in_thread(lambda: budget.take(1, control))
    until(lambda: len(budget._waiting) == 1)
    assert results == []
    budget.give(100)
    thread.join(5)
    assert results == [True]
    assert budget.used == 1


def test_stopping_ends_the_wait_and_takes_nothing() -> None:
    budget = MemoryBudget(100)
    budget.take(100, PassControl())
    control = PassControl()
    thread, results = in_thread(lambda: budget.take(1, control))
    control.obey(Wish.STOP)
    thread.join(5)
    assert results == [False]
    assert budget.used == 100


def test_more_than_the_whole_budget_passes_alone_and_is_not_overtaken(until: Until) -> None:
    budget = MemoryBudget(100)
    control = PassControl()
    budget.take(10, control)
    large, large_got = in_thread(lambda: budget.take(500, control))
    until(lambda: len(budget._waiting) == 1)
    small, small_got = in_thread(lambda: budget.take(10, control))
    until(lambda: len(budget._waiting) == 2)
    assert budget.used == 10, "a small message went past a large one that had asked before"
    budget.give(10)
    large.join(5)
    assert large_got == [True]
    assert small_got == []
    budget.give(500)
    small.join(5)
    assert small_got == [True]


def test_giving_back_more_than_was_taken_is_a_fault() -> None:
    budget = MemoryBudget(100)
    with pytest.raises(AssertionError, match="more bytes"):
        budget.give(1)
