"""One sign-in at a time until one has succeeded."""

import threading
from collections.abc import Callable
from typing import NoReturn

import pytest

from core.exchange.gate import Gate
from core.ports.failure import Action, EndpointError, Failure, Side
from core.ports.lifeline import aborted
from tests.core.exchange.conftest import eventually

REFUSED = Failure(Action.STOP_BATCH, "HTTP 401", "refused", sign_in=True)
SILENT = Failure(Action.RETRY, "TIMEOUT", "the server does not answer")
CUT_OFF = aborted(Side.DESTINATION)
NO_SUCH = Failure(Action.STOP_MAILBOX, "ErrorNonExistentMailbox", "no such mailbox")


class CountingLock:
    """A lock that knows how many came to take it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._came: set[int] = set()

    @property
    def came(self) -> int:
        return len(self._came)

    def acquire(self, timeout: float) -> bool:
        self._came.add(threading.get_ident())
        return self._lock.acquire(timeout=timeout)

    def release(self) -> None:
        self._lock.release()


def failing(failure: Failure, count: list[int]) -> Callable[[], NoReturn]:
    """A try that fails, and is counted."""

    def attempt() -> NoReturn:
        count.append(1)
        raise EndpointError(failure)

    return attempt


def why(gate: Gate, attempt: Callable[[], object]) -> Failure:
    """How a try ends that does not succeed."""
    with pytest.raises(EndpointError) as caught:
        gate.run(attempt)
    return caught.value.failure


def test_a_refused_sign_in_is_not_tried_again() -> None:
    gate, count = Gate(), list[int]()
    assert why(gate, failing(REFUSED, count)) == REFUSED
    assert why(gate, failing(REFUSED, count)) == REFUSED
    assert why(gate, lambda: count.append(1)) == REFUSED
    assert len(count) == 1
    assert not gate.open


@pytest.mark.parametrize("failure", [SILENT, NO_SUCH])
def test_any_other_failure_may_be_tried_again(failure: Failure) -> None:
    gate, count = Gate(), list[int]()
    assert why(gate, failing(failure, count)) == failure
    assert gate.run(lambda: "in") == "in"
    assert gate.open


@pytest.mark.parametrize(("failure", "tries"), [(SILENT, 1), (REFUSED, 1), (NO_SUCH, 5), (CUT_OFF, 5)])
def test_who_waited_shares_what_concerns_all(failure: Failure, tries: int) -> None:
    gate, count, ends = Gate(), list[int](), list[Failure]()
    begun, go_on = threading.Event(), threading.Event()
    lock = CountingLock()
    gate._lock = lock  # type: ignore[assignment]

    def slow() -> NoReturn:
        count.append(1)
        begun.set()
        go_on.wait()
        raise EndpointError(failure)

    first = threading.Thread(target=lambda: ends.append(why(gate, slow)))
    first.start()
    begun.wait()
    waiting = [threading.Thread(target=lambda: ends.append(why(gate, failing(failure, count)))) for _ in range(4)]
    for thread in waiting:
        thread.start()
    assert eventually(lambda: lock.came == 5)  # all four stand at the gate
    go_on.set()
    for thread in [first, *waiting]:
        thread.join()
    assert ends == [failure] * 5
    assert len(count) == tries


def test_who_waits_may_be_told_to_wait_no_longer() -> None:
    gate, ends = Gate(), list[Failure]()
    begun, go_on, over = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait()

    def wait() -> None:
        with pytest.raises(EndpointError) as caught:
            gate.run(lambda: None, over.is_set)
        ends.append(caught.value.failure)

    first = threading.Thread(target=lambda: gate.run(slow))
    first.start()
    begun.wait()
    waiting = threading.Thread(target=wait)
    waiting.start()
    over.set()
    waiting.join(20)
    assert ends == [CUT_OFF]
    go_on.set()
    first.join()
    assert gate.open


def test_once_open_nobody_waits() -> None:
    gate = Gate()
    gate.run(lambda: None)
    both = threading.Barrier(2, timeout=30)
    threads = [threading.Thread(target=lambda: gate.run(both.wait)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not both.broken


def test_a_refusal_after_a_success_closes_it_again() -> None:
    gate, count = Gate(), list[int]()
    gate.run(lambda: None)
    first = why(gate, failing(REFUSED, count))
    assert (first.action, first.sign_in) == (Action.RETRY, False)
    assert not gate.open
    assert why(gate, failing(REFUSED, count)) == REFUSED
    assert why(gate, failing(REFUSED, count)) == REFUSED
    assert len(count) == 2


def test_a_fault_of_our_own_leaves_it_usable() -> None:
    gate = Gate()
    with pytest.raises(ZeroDivisionError):
        gate.run(lambda: 1 // 0)
    assert gate.run(lambda: 1) == 1
