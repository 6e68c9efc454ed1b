"""Bandwidth: nobody passes before the rate has caught up, whoever came when."""

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.bandwidth import Bandwidth
from tests.core.engine.test_limits import ManualClock

Until = Callable[[Callable[[], object]], None]


class Passing:
    """Bytes that pass in a thread of their own."""

    def __init__(self, bandwidth: Bandwidth, size: int) -> None:
        self._thread = threading.Thread(target=bandwidth, args=(size,))
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def join(self) -> None:
        self._thread.join(20)
        assert self.over


def looked(bandwidth: Bandwidth, clock: ManualClock, until: Until) -> None:
    """Wait until whoever waits has looked at the clock once more."""
    until(lambda: bandwidth._until == clock.at)


def test_without_a_limit_nobody_waits() -> None:
    bandwidth = Bandwidth(ManualClock())
    assert not bandwidth.limited
    bandwidth(1 << 40)


@pytest.mark.usefixtures("no_thread_left")
def test_bytes_wait_for_their_rate(until: Until) -> None:
    clock = ManualClock()
    bandwidth = Bandwidth(clock, 1000)
    bandwidth(250)  # a short burst is free
    passing = Passing(bandwidth, 1000)
    for _ in range(9):
        clock.at += 0.1
        looked(bandwidth, clock, until)
        assert not passing.over
    clock.at += 0.11
    passing.join()


@pytest.mark.usefixtures("no_thread_left")
def test_a_new_rate_counts_for_those_who_wait(until: Until) -> None:
    clock = ManualClock()
    bandwidth = Bandwidth(clock, 1000)
    slow = Passing(bandwidth, 10_000)
    until(lambda: bandwidth._passed == 10_000)
    bandwidth.rate = 100_000
    clock.at += 0.2
    slow.join()
    bandwidth.rate = 1000
    slow = Passing(bandwidth, 10_000)
    until(lambda: bandwidth._passed == 20_000)
    bandwidth.rate = None
    slow.join()


@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 3)), min_size=1, max_size=40))
def test_no_more_passes_than_the_rate_allows(steps: list[tuple[int, float]]) -> None:
    clock = ManualClock(0.0)
    bandwidth = Bandwidth(clock, 1000)

    def sleep(seconds: float) -> bool:
        clock.at += seconds
        return False

    bandwidth._changed.wait = sleep  # type: ignore[assignment,method-assign]
    passed = 0
    for size, pause in steps:
        began = clock.at
        bandwidth(size)
        passed += size
        assert passed <= 1000 * (clock.at + 0.25) + 1e-3
        if size <= 250 and pause > 5:
            assert clock.at == began
        clock.at += pause
