"""When to try again, and when to give up: pure, on a clock that stands still."""

from hypothesis import given
from hypothesis import strategies as st

from core.engine.retry import Backoff, Patience, Reach

PATIENCE = Patience(before_first=(20.0, 40.0), shortest=5.0, longest=300.0)


def test_waits_double_up_to_the_longest() -> None:
    assert [PATIENCE.growing(tries) for tries in range(1, 9)] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert PATIENCE.growing(10_000) == 300


class TestBeforeTheFirstSuccess:
    def test_three_tries_in_a_minute_then_no_more(self) -> None:
        reach = Reach(PATIENCE)
        assert reach.silent(began=0, now=1) == 20
        assert reach.held_until == 21
        assert reach.silent(began=21, now=22) == 40
        assert reach.silent(began=62, now=63) is None
        assert reach.silent(began=64, now=65) is None, "nor for those that come later"

    def test_many_mailboxes_at_once_are_one_try(self) -> None:
        reach = Reach(PATIENCE)
        assert [reach.silent(began=0, now=1 + n / 100) for n in range(10)] == [20] * 10

    def test_nor_does_one_count_that_began_when_the_first_had_failed_already(self) -> None:
        """A server that refuses at once: ten workers have their mailboxes before any of them knows."""
        reach = Reach(PATIENCE)
        assert [reach.silent(began=n / 10, now=n / 10 + 0.001) for n in range(10)] == [20] * 10
        held = reach.held_until
        assert 20.9 < held < 21
        assert [reach.silent(began=held + n / 10, now=held + n / 10 + 0.001) for n in range(10)] == [40] * 10
        assert reach.silent(began=reach.held_until, now=reach.held_until + 1) is None

    def test_with_watch_it_is_waited_for(self) -> None:
        reach = Reach(PATIENCE, insist=True)
        waits = [reach.silent(began=1000 * n, now=1000 * n + 1) for n in range(8)]
        assert waits == [5, 10, 20, 40, 80, 160, 300, 300]

    def test_a_throttle_is_no_try(self) -> None:
        reach = Reach(PATIENCE)
        for n in range(10):
            reach.throttled(now=n, seconds=30)
        assert reach.held_until == 39
        assert reach.silent(began=40, now=41) == 20


class TestAfterIt:
    def test_it_is_waited_for_as_long_as_it_takes(self) -> None:
        reach = Reach(PATIENCE)
        reach.answered(now=0)
        waits = [reach.silent(began=1000 * n, now=1000 * n + 1) for n in range(1, 9)]
        assert waits == [5, 10, 20, 40, 80, 160, 300, 300]

    def test_an_answer_starts_anew_and_lifts_the_hold(self) -> None:
        reach = Reach(PATIENCE)
        reach.answered(now=0)
        reach.silent(began=1, now=2)
        reach.silent(began=10, now=11)
        reach.answered(now=12)
        assert reach.held_until < 12
        assert reach.silent(began=13, now=14) == 5

    def test_an_answer_ends_no_throttle(self) -> None:
        reach = Reach(PATIENCE)
        reach.throttled(now=0, seconds=30)
        reach.answered(now=1)
        assert reach.held_until == 30

    def test_a_try_that_another_mailbox_overtook_holds_nobody_up(self) -> None:
        reach = Reach(PATIENCE)
        reach.answered(now=10)
        assert [reach.silent(began=9, now=11 + n) for n in range(5)] == [5] * 5
        assert reach.held_until < 11

    def test_many_mailboxes_that_find_it_silent_one_after_the_other_are_one_try(self) -> None:
        reach = Reach(PATIENCE)
        reach.answered(now=0)
        assert [reach.silent(began=10 + n / 100, now=10.001 + n / 100) for n in range(100)] == [5] * 100
        assert 15.9 < reach.held_until < 16


class TestBackoff:
    def test_grows_and_starts_anew_when_something_moved(self) -> None:
        backoff = Backoff(PATIENCE, give_up_after=3600)
        assert [backoff.failed(now) for now in (0, 10, 30)] == [5, 10, 20]
        backoff.moved()
        assert backoff.failed(60) == 5

    def test_gives_up_when_nothing_moved_for_so_long(self) -> None:
        backoff = Backoff(PATIENCE, give_up_after=100)
        assert backoff.failed(0) == 5
        assert backoff.failed(99) == 1, "no longer than to the end"
        assert backoff.failed(100) is None

    def test_progress_puts_giving_up_off(self) -> None:
        backoff = Backoff(PATIENCE, give_up_after=100)
        for now in range(0, 1000, 99):
            assert backoff.failed(now) is not None
            backoff.moved()

    def test_what_a_server_asks_for_is_obeyed_as_it_is(self) -> None:
        backoff = Backoff(PATIENCE, give_up_after=100)
        assert backoff.failed(0, wait=1234.5) == 1234.5

    def test_who_asks_for_next_to_nothing_again_and_again_is_not_hammered(self) -> None:
        backoff = Backoff(PATIENCE, give_up_after=3600)
        assert [backoff.failed(now, wait=0.1) for now in range(4)] == [0.1, 5, 10, 20]
        backoff.moved()
        assert [backoff.failed(now, wait=0.1) for now in range(4, 6)] == [0.1, 5]
        assert backoff.failed(6, wait=1234.5) == 1234.5

    @given(st.lists(st.tuples(st.floats(0, 1000), st.booleans()), min_size=1))
    def test_given_up_exactly_when_too_long_without_progress(self, steps: list[tuple[float, bool]]) -> None:
        backoff = Backoff(PATIENCE, give_up_after=500)
        now, since = 0.0, None
        moved = False
        for pause, moves in steps:
            now += pause
            if moved or since is None:
                since = now
            moved = False
            assert (backoff.failed(now) is None) == (now - since >= 500)
            if moves:
                backoff.moved()
                moved = True
