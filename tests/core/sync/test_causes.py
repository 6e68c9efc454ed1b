"""What a pass waited for: shares of the last minute, and nothing before they mean something."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from core.sync.causes import WINDOW, Cause, Causes
from tests.core.engine.test_limits import ManualClock


def test_who_took_most_comes_first_and_the_rest_is_left_out() -> None:
    clock = ManualClock()
    causes = Causes(clock)
    for cause, seconds in ((Cause.SOURCE, 2.0), (Cause.DESTINATION, 7.0), (Cause.THROTTLE, 0.1)):
        with causes.waiting(partial(Cause, cause)):
            clock.at += seconds
    clock.at += 0.9
    assert causes.sentence() == "waits for the destination 70%, the source 20%"
    clock.at += WINDOW
    assert causes.sentence() == ""


def test_nothing_is_said_too_soon() -> None:
    clock = ManualClock()
    causes = Causes(clock)
    with causes.waiting(lambda: Cause.SOURCE):
        clock.at += 4
    assert causes.sentence() == ""


def test_the_cause_is_asked_when_the_wait_is_over() -> None:
    clock = ManualClock()
    causes = Causes(clock)
    limited = False
    with causes.waiting(lambda: Cause.OURS if limited else Cause.DESTINATION):
        clock.at += 10
        limited = True
    assert causes.sentence() == "waits for a limit of ours 100%"


@given(st.lists(st.tuples(st.sampled_from(list(Cause)), st.floats(0, 90), st.floats(0, 90)), max_size=30))
def test_shares_are_never_more_than_all_of_the_time(waits: list[tuple[Cause, float, float]]) -> None:
    clock = ManualClock()
    causes = Causes(clock)
    for cause, seconds, pause in waits:
        with causes.waiting(partial(Cause, cause)):
            clock.at += seconds
        clock.at += pause
        said = causes.sentence().removeprefix("waits for ")
        shares = [int(part.rsplit(" ", 1)[1].rstrip("%")) for part in said.split(", ") if part]
        assert shares == sorted(shares, reverse=True)
        assert sum(shares) <= 100 + len(shares)
