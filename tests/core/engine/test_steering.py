"""Wishes, and the controls of passes."""

import queue

import pytest

from core.engine.steering import PassControl, Steering, stronger
from core.status import Wish
from core.store.wanted import Wishes


def wishes(batch: Wish = Wish.RUN, **mailboxes: Wish) -> Wishes:
    return Wishes(batch, mailboxes)


def test_the_stronger_wish_wins() -> None:
    assert stronger(Wish.RUN, Wish.PAUSE) is Wish.PAUSE
    assert stronger(Wish.STOP, Wish.PAUSE) is Wish.STOP
    assert stronger(Wish.STOP, Wish.STOP_NOW, Wish.RUN) is Wish.STOP_NOW


@pytest.mark.parametrize(
    ("wish", "stopping", "cut"),
    [
        (Wish.RUN, False, False),
        (Wish.PAUSE, True, False),
        (Wish.STOP, True, False),
        (Wish.STOP_NOW, True, True),
    ],
)
def test_what_a_pass_is_told(wish: Wish, stopping: bool, cut: bool) -> None:
    control = PassControl()
    control.obey(wish)
    assert (control.stopping(), control.cut(), control.wait(0)) == (stopping, cut, stopping)


def test_a_batch_wish_reaches_every_pass_a_mailbox_wish_only_its_own() -> None:
    steering = Steering()
    with steering.control("ann") as ann, steering.control("ben") as ben:
        assert steering.read(wishes(ann=Wish.PAUSE))
        assert (ann.stopping(), ben.stopping()) == (True, False)
        assert steering.read(wishes(Wish.STOP_NOW))
        assert (ben.stopping(), ben.cut()) == (True, True)


def test_a_pass_that_was_told_to_stop_stays_so_and_the_next_goes_on() -> None:
    steering = Steering()
    with steering.control("ann") as control:
        steering.read(wishes(Wish.PAUSE))
        steering.read(wishes())
        assert control.stopping()
    with steering.control("ann") as control:
        assert not control.stopping()


def test_a_pass_that_begins_late_knows_what_is_wanted() -> None:
    steering = Steering()
    steering.read(wishes(ann=Wish.STOP))
    with steering.control("ann") as ann, steering.control("ben") as ben:
        assert (ann.stopping(), ben.stopping()) == (True, False)


def test_what_this_process_was_told_is_never_taken_back() -> None:
    steering = Steering()
    steering.tell(Wish.STOP_NOW)
    steering.tell(Wish.STOP)
    steering.read(wishes(ann=Wish.RUN))
    assert steering.batch() is Wish.STOP_NOW
    assert steering.of("ann") is Wish.STOP_NOW
    assert steering.mailbox("ann") is Wish.RUN


def test_only_what_is_new_is_news() -> None:
    steering = Steering()
    assert not steering.read(wishes())
    assert steering.read(wishes(ann=Wish.PAUSE))
    assert not steering.read(wishes(ann=Wish.PAUSE))
    assert steering.read(wishes())


class TestEnding:
    """What a stop does to connections that wait for their servers."""

    def test_a_stop_gives_what_is_in_flight_its_time(self, no_thread_left: None) -> None:
        control, ended = PassControl(grace=600), list[bool]()
        with control.ending(ended.append):
            control.obey(Wish.STOP)
            control.obey(Wish.PAUSE)
        assert ended == []

    def test_then_ends_what_changes_nothing(self, no_thread_left: None) -> None:
        control, ended = PassControl(grace=0.01), queue.SimpleQueue[bool]()
        with control.ending(ended.put):
            control.obey(Wish.PAUSE)
            assert ended.get(timeout=20) is False
            control.obey(Wish.STOP_NOW)
            assert ended.get(timeout=20) is True
        assert ended.empty()

    def test_stop_now_ends_everything_at_once(self, no_thread_left: None) -> None:
        control, ended = PassControl(grace=600), list[bool]()
        with control.ending(ended.append):
            assert ended == []
            control.obey(Wish.STOP_NOW)
            assert ended == [True]

    def test_who_was_stopped_before_ends_as_soon_as_there_is_something(self, no_thread_left: None) -> None:
        control, ended = PassControl(grace=600), list[bool]()
        control.obey(Wish.STOP_NOW)
        with control.ending(ended.append):
            assert ended == [True]

    def test_nothing_is_ended_without_a_stop_nor_afterwards(self, no_thread_left: None) -> None:
        control, ended = PassControl(grace=0.0), list[bool]()
        with control.ending(ended.append):
            control.obey(Wish.RUN)
        control.obey(Wish.STOP_NOW)
        assert ended == []
