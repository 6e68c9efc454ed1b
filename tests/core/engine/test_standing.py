"""How a batch stands, by how its mailboxes stand: every case that the contract names."""

import pytest

from core.engine.standing import Mark, Stage, Tally, exit_code, over, resting, standing
from core.status import BatchStatus, Condition, MailboxStatus, Wish

INITIAL = Mark(Stage.RUNNING, initial=True)
INCREMENTAL = Mark(Stage.RUNNING)
QUEUED = Mark(Stage.QUEUED, initial=True)
DONE = Mark(Stage.DONE)
REJECTED = Mark(Stage.DONE, rejected=True)
FAILED = Mark(Stage.FAILED)
HELD = Mark(Stage.FAILED, held=True)
PAUSED = Mark(Stage.PARKED, condition=Condition.PAUSED)
STOPPED = Mark(Stage.PARKED)
LINK = Mark(Stage.WAITING, condition=Condition.WAITING_FOR_LINK)
THROTTLED = Mark(Stage.WAITING, condition=Condition.THROTTLED)
IDLE = Mark(Stage.IDLE, ours=False)
DONE_BEFORE = Mark(Stage.DONE, ours=False)
FAILED_BEFORE = Mark(Stage.FAILED, ours=False)

pause = Condition.PAUSED


@pytest.mark.parametrize(
    ("marks", "wish", "watch", "expected"),
    [
        ([QUEUED, QUEUED], Wish.RUN, False, ("Waiting", None)),
        ([INITIAL, QUEUED], Wish.RUN, False, ("Syncing", None)),
        ([INCREMENTAL, DONE], Wish.RUN, False, ("IncrementalSyncing", None)),
        ([INCREMENTAL, QUEUED], Wish.RUN, False, ("Syncing", None)),
        ([QUEUED, DONE], Wish.RUN, False, ("Syncing", None)),
        ([LINK, QUEUED], Wish.RUN, False, ("Syncing", "waiting_for_link")),
        ([LINK, INCREMENTAL], Wish.RUN, False, ("IncrementalSyncing", None)),
        ([THROTTLED, LINK], Wish.RUN, False, ("IncrementalSyncing", "throttled")),
        ([INITIAL, QUEUED], Wish.PAUSE, False, ("Stopping", pause)),
        ([PAUSED, QUEUED], Wish.PAUSE, False, ("Stopped", pause)),
        ([DONE, DONE], Wish.PAUSE, False, ("Synced", None)),
        ([DONE, DONE], Wish.PAUSE, True, ("Stopped", pause)),
        ([INITIAL], Wish.STOP, False, ("Stopping", None)),
        ([INITIAL], Wish.STOP_NOW, False, ("Stopping", None)),
        ([STOPPED, DONE], Wish.STOP, False, ("Stopped", None)),
        ([PAUSED, DONE], Wish.RUN, False, ("Stopped", pause)),
        ([PAUSED, DONE], Wish.RUN, True, ("Synced", None)),
        ([PAUSED, PAUSED], Wish.RUN, True, ("Stopped", pause)),
        ([DONE, FAILED], Wish.RUN, True, ("SyncedwithErrors", None)),
    ],
)
def test_while_it_runs(marks: list[Mark], wish: Wish, watch: bool, expected: tuple[str, str | None]) -> None:
    assert standing(Tally(marks), wish, watch=watch) == expected


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([DONE, DONE], ("Synced", None)),
        ([DONE, REJECTED], ("SyncedwithErrors", None)),
        ([DONE, FAILED], ("SyncedwithErrors", None)),
        ([FAILED, FAILED], ("Failed", None)),
        ([FAILED, FAILED_BEFORE], ("Failed", None)),
        ([DONE, PAUSED], ("Stopped", pause)),
        ([DONE, PAUSED, STOPPED], ("Stopped", None)),
        ([DONE, QUEUED], ("Stopped", None)),
        ([DONE, IDLE], ("Stopped", None)),
        ([DONE, DONE_BEFORE], ("Synced", None)),
    ],
)
def test_when_nothing_moves_any_more(marks: list[Mark], expected: tuple[str, str | None]) -> None:
    assert resting(Tally(marks)) == expected


@pytest.mark.parametrize(
    ("marks", "wish", "watch", "is_over"),
    [
        ([DONE, FAILED], Wish.RUN, False, True),
        ([DONE, QUEUED], Wish.RUN, False, False),
        ([DONE, LINK], Wish.RUN, False, False),
        ([DONE, PAUSED], Wish.RUN, False, True),
        ([DONE, PAUSED], Wish.RUN, True, False),
        ([DONE, DONE], Wish.RUN, True, False),
        ([PAUSED, QUEUED], Wish.PAUSE, False, False),
        ([DONE, DONE], Wish.PAUSE, False, True),
        ([DONE, IDLE], Wish.PAUSE, False, True),
        ([INITIAL, QUEUED], Wish.STOP, False, False),
        ([STOPPED, QUEUED], Wish.STOP, False, True),
        ([DONE, DONE], Wish.STOP_NOW, True, True),
        ([INITIAL], Wish.RUN, True, False),
    ],
)
def test_whether_a_run_is_over(marks: list[Mark], wish: Wish, watch: bool, is_over: bool) -> None:
    assert over(Tally(marks), wish, watch=watch) is is_over


@pytest.mark.parametrize(
    ("marks", "watch", "code"),
    [
        ([DONE, DONE], False, 0),
        ([DONE, FAILED_BEFORE], False, 0),
        ([DONE, IDLE], False, 0),
        ([DONE, REJECTED], False, 1),
        ([DONE, FAILED], False, 1),
        ([FAILED, STOPPED], False, 3),
        ([DONE, QUEUED], False, 3),
        ([DONE, PAUSED], False, 3),
        ([DONE, DONE], True, 3),
        ([DONE, HELD], False, 4),
        ([HELD, FAILED], False, 1),
        ([HELD, REJECTED], False, 1),
        ([HELD, STOPPED], False, 3),
    ],
)
def test_exit_codes(marks: list[Mark], watch: bool, code: int) -> None:
    assert exit_code(Tally(marks), watch=watch) == code


def test_every_status_of_a_mailbox_that_is_left_alone_counts() -> None:
    stages = {status: Mark.of_status(status, rejected=False).stage for status in MailboxStatus}
    assert {status for status, stage in stages.items() if stage is Stage.DONE} == {
        "Synced",
        "IncrementalSynced",
        "Completed",
        "CompletedWithWarnings",
    }
    assert {status for status, stage in stages.items() if stage is Stage.FAILED} == {"Failed", "IncrementalFailed"}
    assert resting(Tally([Mark.of_status(MailboxStatus.SYNCED, rejected=False)]))[0] == BatchStatus.SYNCED


@pytest.mark.parametrize(
    ("marks", "lingering", "ending"),
    [
        ([PAUSED, DONE], False, True),
        ([PAUSED, STOPPED, FAILED], False, True),
        ([STOPPED, DONE], True, True),
        ([DONE, DONE], True, True),
        ([QUEUED, PAUSED], False, False),
    ],
)
def test_where_somebody_sits_a_run_waits_for_paused_mailboxes(marks: list[Mark], lingering: bool, ending: bool) -> None:
    assert over(Tally(marks), Wish.RUN, watch=False, linger=True) is lingering
    assert over(Tally(marks), Wish.RUN, watch=False) is ending
    assert over(Tally(marks), Wish.STOP, watch=False, linger=True)
