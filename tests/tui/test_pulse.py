"""The rate of the mailbox that is looked at, sampled; and drawn."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mail.outcome import Counts
from core.store.database import Database
from core.store.views import MailboxView
from tests.pictures.sample import StillClock
from tui.board_reader import BoardReader
from tui.format import spark
from tui.pulse import SAMPLES, Pulse
from tui.tick import Focus


@pytest.fixture
def anna(store: Database) -> MailboxView:
    reader = BoardReader(store, StillClock())
    reader.read(Focus("sales-wave-2"))
    return reader.mailboxes[0]


def at(view: MailboxView, done: int) -> MailboxView:
    return replace(view, counts=Counts(bytes_copied=done, bytes_total=10_000))


def test_bytes_are_sampled_every_two_seconds(anna: MailboxView) -> None:
    pulse = Pulse()
    assert pulse.beat(at(anna, 0), 100.0) == ()
    assert pulse.beat(at(anna, 50), 101.0) == ()
    assert pulse.beat(at(anna, 200), 102.0) == (100.0,)
    assert pulse.beat(at(anna, 200), 106.0) == (100.0, 0.0)
    assert pulse.beat(at(anna, 100), 108.0) == (100.0, 0.0, 0.0), "counted anew, such as by another ledger"
    for second in range(110, 500, 2):
        rates = pulse.beat(at(anna, second * 10), float(second))
    assert len(rates) == SAMPLES


def test_another_mailbox_begins_anew(anna: MailboxView) -> None:
    pulse = Pulse()
    pulse.beat(at(anna, 0), 0.0)
    assert pulse.beat(at(anna, 10), 2.0)
    assert pulse.beat(at(replace(anna, source="ben"), 10), 4.0) == ()
    assert pulse.beat(None, 6.0) == ()


def test_heights_are_told_from_the_highest() -> None:
    assert spark([0, 1, 4, 8], 10) == " ▁▄█"
    assert spark([9, 9, 0, 0.001], 3) == "█ ▁"
    assert spark([], 5) == spark([1, 2], 0) == ""


@given(st.lists(st.floats(0, 1e12)), st.integers(0, 40))
def test_a_spark_is_no_wider_than_asked_and_shows_whatever_moved(values: list[float], width: int) -> None:
    drawn = spark(values, width)
    assert len(drawn) == min(len(values), width)
    assert all(
        (mark == " ") == (value == 0) for mark, value in zip(drawn, values[-width:] if width else [], strict=True)
    )
