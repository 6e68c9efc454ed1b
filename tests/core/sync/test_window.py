"""How much one mailbox asks for at once: never nothing, never too much, soon less and slowly more."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.ports.destination import Limits
from core.sync.window import Window

MOST = st.integers(1, 600)
#: What becomes of each request: throttled or not; and how full it is.
REQUESTS = st.lists(st.tuples(st.booleans(), st.integers(1, 600)), max_size=60)


def takes(most: int) -> Limits:
    return Limits(batch_messages=most, batch_bytes=1000, at_once=4)


def asked(window: Window, most: int, requests: list[tuple[bool, int]]) -> None:
    for throttled, wanted in requests:
        sent = min(wanted, window.size(most))
        if throttled:
            window.throttled(sent)
        else:
            window.went_through(sent, sent, takes(most))


@given(MOST, REQUESTS)
def test_always_something_and_never_more_than_the_destination_takes(
    most: int, requests: list[tuple[bool, int]]
) -> None:
    window = Window()
    for at in range(len(requests)):
        asked(window, most, requests[at : at + 1])
        assert 1 <= window.size(most) <= most
        assert 1 <= window.at_once(4) <= 4


@given(MOST, REQUESTS, st.integers(1, 600))
def test_a_throttle_halves_what_was_sent(most: int, requests: list[tuple[bool, int]], wanted: int) -> None:
    window = Window()
    asked(window, most, requests)
    sent = min(wanted, window.size(most))
    window.throttled(sent)
    assert window.size(most) == max(1, sent // 2)


@given(MOST, REQUESTS)
def test_what_goes_through_adds_the_same_each_time_until_all_is_as_before(
    most: int, requests: list[tuple[bool, int]]
) -> None:
    window = Window()
    asked(window, most, requests)
    sizes = [window.size(most)]
    while sizes[-1] < most:
        window.went_through(sizes[-1], 0, takes(most))
        sizes.append(window.size(most))
    assert len(sizes) <= 21 + most % 20
    assert all(b - a == max(1, most // 20) or b == most for a, b in pairwise(sizes))


@given(MOST, st.integers(1, 600))
def test_a_request_that_is_not_full_proves_nothing(most: int, sent: int) -> None:
    window = Window()
    window.throttled(most)
    before = window.size(most)
    if sent < before:
        window.went_through(sent, 499, takes(most))
        assert window.size(most) == before


def test_nothing_changes_before_the_first_throttle() -> None:
    window = Window()
    window.went_through(3, 0, takes(20))
    assert (window.size(20), window.size(500), window.at_once(4)) == (20, 500, 4)


def test_after_a_throttle_one_goes_at_a_time_until_requests_have_their_size_again() -> None:
    window = Window()
    window.throttled(20)
    seen = []
    while window.at_once(4) < 4:
        seen.append((window.size(20), window.at_once(4)))
        window.went_through(window.size(20), 0, takes(20))
    assert seen == [*((size, 1) for size in range(10, 21)), (20, 2), (20, 3)]


def test_large_messages_are_as_many_as_their_bytes_allow() -> None:
    window = Window()
    window.throttled(4)
    for _ in range(60):
        window.went_through(min(4, window.size(100)), 900, takes(100))
    assert (window.size(100), window.at_once(4)) == (100, 4)
