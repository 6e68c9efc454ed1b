"""Why an action would do nothing, and to which of several mailboxes it does something."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.clock import Clock
from core.status import Condition, MailboxStatus
from core.store.database import Database
from core.store.views import BatchView, MailboxView
from tests.pictures.sample import NOW, StillClock
from tui.board_reader import BoardReader
from tui.target import ACTIONS, EDIT, NEW, PAUSE, RESUME, RETRY, START, STEERING, STOP, Target, reasons
from tui.tick import Focus

S = MailboxStatus


@pytest.fixture
def clock() -> Clock:
    return StillClock()


@pytest.fixture
def views(store: Database, clock: Clock) -> tuple[BatchView, BatchView, MailboxView]:
    """A batch that runs, one that nobody runs, and a mailbox of the first."""
    reader = BoardReader(store, clock)
    reader.read(Focus("sales-wave-2"))
    pilot, sales, _ = reader.batches
    return sales, pilot, reader.mailboxes[0]


def test_without_anything_to_act_on_nothing_acts() -> None:
    assert set(reasons(None)) == set(ACTIONS) - {NEW}


@pytest.mark.parametrize(
    ("status", "condition", "useful"),
    [
        (S.QUEUED, None, {START, PAUSE, STOP}),
        (S.SYNCING, None, {PAUSE, STOP}),
        (S.SYNCING, Condition.THROTTLED, {PAUSE, STOP}),
        (S.STOPPING, Condition.PAUSED, {START, RESUME, STOP}),
        (S.STOPPED, Condition.PAUSED, {START, RESUME, STOP}),
        (S.STOPPED, None, {START, PAUSE, RESUME, STOP}),
        (S.SYNCED, None, set()),
        (S.FAILED, None, set()),
    ],
)
def test_what_is_of_use_to_a_mailbox_of_a_batch_that_runs(
    views: tuple[BatchView, BatchView, MailboxView],
    status: MailboxStatus,
    condition: Condition | None,
    useful: set[str],
) -> None:
    sales, _, anna = views
    target = Target(sales, (replace(anna, status=status, condition=condition),))
    assert set(STEERING) - set(reasons(target)) == useful
    assert all(target.name in why for action, why in reasons(target).items() if action != EDIT)
    assert sales.name in reasons(target)[EDIT], "a batch that runs is not edited"


def test_what_is_done_can_be_held_when_another_pass_is_to_come(
    views: tuple[BatchView, BatchView, MailboxView],
) -> None:
    sales, _, anna = views
    watched = replace(sales, next_pass=NOW + timedelta(hours=1))
    target = Target(watched, (replace(anna, status=S.SYNCED),))
    assert set(STEERING) - set(reasons(target)) == {PAUSE, STOP}


def test_what_is_of_use_to_batches(views: tuple[BatchView, BatchView, MailboxView]) -> None:
    sales, pilot, anna = views
    assert set(STEERING) - set(reasons(Target(sales))) == {PAUSE, STOP}
    assert set(STEERING) - set(reasons(Target(replace(sales, condition=Condition.PAUSED)))) == {START, RESUME, STOP}
    assert set(STEERING) - set(reasons(Target(pilot))) == {START}
    assert reasons(Target(pilot), "F5")[PAUSE] == "Nobody runs hq-pilot: F5 starts it"
    assert set(STEERING) - set(reasons(Target(pilot, (replace(anna, status=S.STOPPED),)))) == {START, RESUME}


def test_of_several_mailboxes_those_are_meant_that_it_does_something_to(
    views: tuple[BatchView, BatchView, MailboxView],
) -> None:
    sales, _, anna = views
    paused = replace(anna, source="paused", status=S.STOPPED, condition=Condition.PAUSED)
    done = replace(anna, source="done", status=S.SYNCED)
    target = Target(sales, (anna, paused, done))
    assert target.name == "3 mailboxes of sales-wave-2"
    assert set(reasons(target)) == {RETRY, EDIT}
    assert target.useful(PAUSE).sources == (anna.source,)
    assert target.useful(RESUME).sources == ("paused",)
    assert target.useful(STOP).sources == (anna.source, "paused")
    assert set(reasons(Target(sales, (done, replace(done, source="done too"))))) == {*STEERING, RETRY, EDIT}
