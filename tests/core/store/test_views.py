import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.mail.folder import FolderPath
from core.mail.outcome import Counts
from core.status import BatchStatus, Condition, MailboxStatus, PassKind
from core.store import views
from core.store.batches import Batches
from core.store.board import Board
from core.store.database import Database
from core.store.holder import holder
from core.store.lease import Runner
from core.store.process import this_process
from core.store.revision import revision
from core.store.views import BatchView, FolderView, MailboxView, status_object

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SALES = {"ann": "ann@new.example", "bob": "bob@new.example", "eve": "eve@new.example"}


@pytest.fixture
def board(database: Database, make_batch: Callable[..., Any], clock: Any) -> Board:
    Batches(database, clock).add(make_batch("sales", SALES))
    return Board(database, "sales")


def batch_view(database: Database, name: str = "sales") -> BatchView:
    with database.look() as look:
        return next(view for view in views.batches(look) if view.name == name)


def mailbox_views(database: Database, after_rev: int = 0) -> tuple[dict[str, MailboxView], int]:
    with database.look() as look:
        found, rev = views.mailboxes(look, "sales", after_rev)
    return {view.source: view for view in found}, rev


def work(board: Board) -> None:
    """A batch in the middle of it."""
    board.batch(status=BatchStatus.SYNCING, condition=Condition.THROTTLED, until=NOON, why="asked to wait")
    board.batch(next_pass=NOON, warning="certificates are not verified")
    ann = board.mailbox("ann")
    ann.set(status=MailboxStatus.SYNCING, activity="copying Sent", rate=100.0, eta=6.0, progressed=NOON)
    ann.set(condition=Condition.SETTLING, until=NOON, why="an answer is unknown")
    ann.set(pass_kind=PassKind.INITIAL, pass_started=NOON, pass_new=7)
    ann.counts(Counts(copied=7, pending=3, rejected=1, bytes_total=1000, bytes_copied=400, repaired=2, wrapped=1))
    bob = board.mailbox("bob")
    bob.set(status=MailboxStatus.QUEUED, synced=NOON)
    bob.counts(Counts(copied=5, source_gone=1, bytes_total=500, bytes_copied=500))
    board.mailbox("eve").set(status=MailboxStatus.FAILED, condition=Condition.QUOTA, why="full", error="full\u241b")
    board.flush()


def test_a_batch_adds_up(board: Board, database: Database, runner: Runner, clock: Any) -> None:
    work(board)
    runner.take("batch:sales")
    view = batch_view(database)
    assert (view.name, view.path.name, view.added) == ("sales", "sales.toml", clock.now())
    assert (view.status, view.condition, view.until, view.why) == (
        BatchStatus.SYNCING,
        Condition.THROTTLED,
        NOON,
        "asked to wait",
    )
    assert (view.next_pass, view.warning) == (NOON, "certificates are not verified")
    assert view.mailboxes == 3
    assert view.by_status == {MailboxStatus.SYNCING: 1, MailboxStatus.QUEUED: 1, MailboxStatus.FAILED: 1}
    assert view.counts == Counts(
        copied=12, rejected=1, pending=3, source_gone=1, bytes_total=1500, bytes_copied=900, repaired=2, wrapped=1
    )
    assert (view.failed, view.rejected, view.rate, view.eta) == (1, 1, 100.0, 6.0)
    assert view.runner == holder(database, "batch:sales")
    assert view.runner is not None
    assert view.runner.pid == os.getpid()


def test_sums_are_worked_out_again_only_after_a_change(
    board: Board, database: Database, make_batch: Callable[..., Any]
) -> None:
    statements: list[str] = []
    with database.look() as look:
        look.set_trace_callback(statements.append)

    def looks() -> int:
        statements.clear()
        batch_view(database)
        return sum("GROUP BY" in text for text in statements)

    assert [looks(), looks()] == [1, 0]
    board.mailbox("ann").set(status=MailboxStatus.SYNCED)
    board.flush()
    assert [looks(), looks()] == [1, 0]
    Batches(database).add(make_batch("other", SALES))
    assert [looks(), looks()] == [1, 0]
    Batches(database).remove("other")
    assert [looks(), looks()] == [1, 0]


def test_no_time_is_promised_while_a_mailbox_was_never_listed(board: Board, database: Database, runner: Runner) -> None:
    work(board)
    runner.take("batch:sales")
    board.mailbox("bob").set(synced=None)
    board.mailbox("bob").counts(Counts())
    board.flush()
    assert batch_view(database).eta is None


def test_a_batch_without_mailboxes_on_the_board(database: Database, make_batch: Callable[..., Any]) -> None:
    Batches(database).add(make_batch("empty", {}))
    view = batch_view(database, "empty")
    assert (view.mailboxes, view.by_status, view.counts, view.rate, view.eta) == (0, {}, Counts(), 0.0, None)


def test_nothing_is_shown_at_work_when_nobody_runs_it(board: Board, database: Database) -> None:
    work(board)
    view = batch_view(database)
    assert (view.status, view.condition, view.until, view.why) == (BatchStatus.STOPPED, None, None, "")
    assert (view.runner, view.rate, view.eta, view.next_pass) == (None, 0.0, None, None)
    assert view.warning
    assert view.by_status == {MailboxStatus.STOPPED: 1, MailboxStatus.QUEUED: 1, MailboxStatus.FAILED: 1}
    ann, bob, eve = mailbox_views(database)[0].values()
    assert (ann.status, ann.condition, ann.until, ann.why) == (MailboxStatus.STOPPED, None, None, "")
    assert (ann.activity, ann.rate, ann.eta, ann.counts.copied) == ("", None, None, 7)
    assert (ann.progressed, ann.pass_kind, ann.pass_started, ann.pass_new) == (NOON, PassKind.INITIAL, NOON, 7)
    assert (bob.status, bob.synced) == (MailboxStatus.QUEUED, NOON)
    assert (eve.status, eve.condition, eve.why, eve.error) == (
        MailboxStatus.FAILED,
        Condition.QUOTA,
        "full",
        "full\u241b",
    )


def test_a_killed_runner_counts_as_nobody(board: Board, database: Database, child: Callable[..., Any]) -> None:
    work(board)
    other = child(
        """
        import sys
        from pathlib import Path
        from core.store.database import Database
        from core.store.lease import Runner
        with Database.open(Path(sys.argv[1])) as database:
            Runner(database).take("batch:sales")
            print("taken", flush=True)
            input()
        """,
        database.folder,
    )
    assert other.line() == "taken"
    view = batch_view(database)
    assert view.runner is not None
    assert (view.runner.pid, view.status) == (other.pid, BatchStatus.SYNCING)
    assert mailbox_views(database)[0]["ann"].status is MailboxStatus.SYNCING
    other.kill()
    other.process.wait()
    view = batch_view(database)
    assert (view.runner, view.status) == (None, BatchStatus.STOPPED)
    assert mailbox_views(database)[0]["ann"].status is MailboxStatus.STOPPED


@pytest.mark.parametrize("status", list(MailboxStatus))
def test_every_mailbox_status(board: Board, database: Database, runner: Runner, status: MailboxStatus) -> None:
    board.mailbox("ann").set(status=status, condition=Condition.PAUSED)
    board.flush()
    resting = {"Validating", "Syncing", "IncrementalSyncing", "Completing", "Stopping"}
    ann = mailbox_views(database)[0]["ann"]
    assert ann.status == ("Stopped" if status in resting else status)
    assert ann.condition is Condition.PAUSED
    runner.take("batch:sales")
    assert mailbox_views(database)[0]["ann"].status is status


@pytest.mark.parametrize("status", list(BatchStatus))
def test_every_batch_status(board: Board, database: Database, runner: Runner, status: BatchStatus) -> None:
    board.batch(status=status)
    board.flush()
    active = {"Waiting", "Syncing", "IncrementalSyncing", "Completing", "Stopping"}
    assert batch_view(database).status == ("Stopped" if status in active else status)
    runner.take("batch:sales")
    assert batch_view(database).status is status


def test_only_what_changed_is_read_again(board: Board, database: Database) -> None:
    everyone, rev = mailbox_views(database)
    assert list(everyone) == ["ann", "bob", "eve"]
    assert mailbox_views(database, rev) == ({}, rev)
    board.mailbox("bob").set(activity="x")
    board.flush()
    changed, newer = mailbox_views(database, rev)
    assert list(changed) == ["bob"]
    assert newer == changed["bob"].rev > rev
    with database.look() as look:
        assert revision(look) == newer


def test_reading_what_changed_uses_the_revision_index(board: Board, database: Database) -> None:
    with database.look() as look:
        plan = look.execute(f"EXPLAIN QUERY PLAN {views._MAILBOXES}", ("sales", 5, -1)).fetchall()
    assert "mailbox_of_batch (batch=? AND rev>?)" in str(plan)


def test_folders_are_shown_by_path(board: Board, database: Database) -> None:
    ann = board.mailbox("ann")
    ann.folder(FolderPath.of("Sent"), "Gesendet", Counts(copied=3))
    ann.folder(FolderPath.of("A\x1b[2J"), "", Counts(), "not in include_folders")
    board.mailbox("bob").folder(FolderPath.of("INBOX"), "Inbox", Counts())
    board.flush()
    with database.look() as look:
        first, second = views.folders(look, "sales", "ann")
    assert first == FolderView("ann", "A\u241b[2J", "", "not in include_folders", Counts(), first.rev)
    assert second == FolderView("ann", "Sent", "Gesendet", "", Counts(copied=3), second.rev)


def test_the_status_object_is_the_contracts(board: Board, database: Database, clock: Any) -> None:
    work(board)
    runner = Runner(database, clock)
    runner.take("batch:sales")
    found = status_object(database)
    runner.close()
    assert json.loads(json.dumps(found)) == found
    (batch,) = found["batches"]
    assert list(batch) == ["name", "status", "condition", "runner", "mailboxes"]
    assert (batch["name"], batch["status"], batch["condition"]) == ("sales", "Syncing", "throttled")
    assert batch["runner"] == {
        "host": this_process().host,
        "pid": os.getpid(),
        "since": "2026-11-22T10:00:00Z",
        "heartbeat": "2026-11-22T10:00:00Z",
    }
    ann, bob, eve = batch["mailboxes"]
    assert ann == {
        "source": "ann",
        "destination": "ann@new.example",
        "status": "Syncing",
        "condition": "settling",
        "until": "2026-11-22T12:00:00Z",
        "why": "an answer is unknown",
        "messages": {
            "total": 11,
            "copied": 7,
            "already_there": 0,
            "skipped": 0,
            "rejected": 1,
            "vanished": 0,
            "pending": 3,
            "source_gone": 0,
        },
        "altered": {"repaired": 2, "wrapped": 1, "messages": []},
        "bytes": {"total": 1000, "copied": 400},
        "rate": 100,
        "eta": 6,
        "pass": {"kind": "initial", "started": "2026-11-22T12:00:00Z", "new": 7, "flags_changed": 0},
        "error": None,
    }
    assert list(bob) == list(eve) == list(ann)
    assert bob["pass"] == {"kind": None, "started": None, "new": 0, "flags_changed": 0}
    assert (bob["rate"], bob["eta"], bob["until"], bob["condition"]) == (None, None, None, None)
    assert eve["error"] == "full\u241b"


def test_the_status_of_one_batch_or_of_all(board: Board, database: Database, make_batch: Callable[..., Any]) -> None:
    Batches(database).add(make_batch("other", {"ann": "ann@new.example"}))

    def names(batch: str | None) -> list[str]:
        return [found["name"] for found in status_object(database, batch)["batches"]]

    assert names(None) == ["sales", "other"]
    assert names("other") == ["other"]
    assert names("none") == []
    assert status_object(database, "sales")["batches"][0]["runner"] is None


COUNTS = st.builds(Counts, *[st.integers(0, 2**40)] * 9)


@given(st.lists(st.tuples(st.sampled_from(list(MailboxStatus)), COUNTS), min_size=3, max_size=3))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_sums_are_the_sums_of_what_is_shown(
    board: Board, database: Database, stands: list[tuple[MailboxStatus, Counts]]
) -> None:
    for source, (status, counts) in zip(SALES, stands, strict=True):
        board.mailbox(source).set(status=status)
        board.mailbox(source).counts(counts)
    board.flush()
    shown = mailbox_views(database)[0]
    view = batch_view(database)
    assert [shown[source].counts for source in SALES] == [counts for _, counts in stands]
    assert view.counts == sum((counts for _, counts in stands), Counts())
    assert view.mailboxes == 3
    assert view.by_status == Counter(mailbox.status for mailbox in shown.values())
