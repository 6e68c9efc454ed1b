import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, update

from core.errors import StateError
from core.mail.folder import FolderPath
from core.mail.outcome import Counts
from core.status import BatchStatus, Condition, MailboxStatus, PassKind
from core.store import board as board_module
from core.store import schema
from core.store.batches import Batches
from core.store.board import Board
from core.store.database import Database
from core.store.lease import Runner
from core.store.revision import next_revision

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def board(database: Database, make_batch: Callable[..., Any]) -> Board:
    Batches(database).add(make_batch("sales", {"ann": "ann@new.example", "bob": "bob@new.example"}))
    return Board(database, "sales")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is written twice within an hour, unless its status changes."""
    monkeypatch.setattr(board_module, "_PACE", 3600.0)


@pytest.fixture
def writes(database: Database) -> Iterator[list[str]]:
    """The tables that the board writes to, one entry a row."""
    seen: list[str] = []

    def look(_: object, __: object, statement: str, parameters: Any, ___: object, many: bool) -> None:
        for table in ("batch", "mailbox", "board_folder"):
            if statement.startswith((f"UPDATE {table} ", f"INSERT INTO {table} ")):
                seen.extend([table] * (len(parameters) if many else 1))

    event.listen(database._engines.writers, "before_cursor_execute", look)
    yield seen
    event.remove(database._engines.writers, "before_cursor_execute", look)


def row(database: Database, source: str) -> Any:
    with database.reading() as connection:
        return connection.execute(select(schema.mailbox).where(schema.mailbox.c.source == source)).one()


def batch_row(database: Database) -> Any:
    with database.reading() as connection:
        return connection.execute(select(schema.batch)).one()


def test_who_was_taken_over_shows_nothing_more(database: Database, board: Board, runner: Runner) -> None:
    runner.take("batch:sales")
    ours = Board(database, "sales", runner.run)
    ours.batch(why="ours")
    ours.mailbox("ann").set(status=MailboxStatus.SYNCING)
    ours.flush()
    database.writer.do(lambda connection: connection.execute(update(schema.lease).values(run="another")))
    revision = row(database, "ann").rev
    ours.batch(why="late")
    ours.mailbox("ann").set(status=MailboxStatus.FAILED)
    ours.mailbox("ann").folder(FolderPath.of("late"), "late", Counts())
    ours.flush()
    assert (batch_row(database).why, row(database, "ann").status, row(database, "ann").rev) == (
        "ours",
        "Syncing",
        revision,
    )
    with database.reading() as connection:
        assert connection.execute(select(schema.board_folder)).all() == []


def wait_for_writer(database: Database) -> None:
    """Everything that is due has been written."""
    database.writer.do(lambda _: None)


def test_every_column_of_a_mailbox(board: Board, database: Database) -> None:
    mailbox = board.mailbox("ann")
    mailbox.set(
        status=MailboxStatus.SYNCING,
        condition=Condition.THROTTLED,
        until=NOON,
        why="asked to wait",
        error="none\x1b[2J",
        activity="copying Sent",
        slow="waits for the source 50%",
        progressed=NOON,
        rate=1.5,
        eta=60.0,
        pass_kind=PassKind.INITIAL,
        pass_started=NOON,
        pass_new=3,
        pass_flags_changed=4,
        synced=NOON,
    )
    mailbox.counts(Counts(1, 2, 3, 4, 5, 6, 7, 8, 9))
    board.flush()
    found = row(database, "ann")
    assert (found.status, found.condition, found.until) == ("Syncing", "throttled", NOON.timestamp())
    assert (found.why, found.error, found.activity) == ("asked to wait", "none\u241b[2J", "copying Sent")
    assert found.slow == "waits for the source 50%"
    assert (found.progressed, found.rate, found.eta, found.synced) == (NOON.timestamp(), 1.5, 60.0, NOON.timestamp())
    assert (found.pass_kind, found.pass_started, found.pass_new) == ("initial", NOON.timestamp(), 3)
    assert (found.pass_flags_changed, found.copied, found.source_gone, found.bytes_copied) == (4, 1, 7, 9)
    assert row(database, "bob").status == "Queued"


def test_the_batch_row(board: Board, database: Database) -> None:
    board.batch(status=BatchStatus.WAITING, why="w", next_pass=NOON, warning="certificates are not verified")
    board.batch(condition=Condition.WAITING_FOR_HOURS, until=NOON)
    board.flush()
    found = batch_row(database)
    assert (found.status, found.condition, found.until) == ("Waiting", "waiting_for_hours", NOON.timestamp())
    assert (found.why, found.next_pass, found.warning) == ("w", NOON.timestamp(), "certificates are not verified")
    board.batch(condition=None, until=None)
    board.flush()
    assert (batch_row(database).condition, batch_row(database).status) == (None, "Waiting")


def test_folders_are_made_and_rewritten(board: Board, database: Database) -> None:
    odd = FolderPath.of("A/B", "\udcff\x1b")
    board.mailbox("ann").folder(FolderPath.of("INBOX"), "Posteingang", Counts(copied=1))
    board.mailbox("ann").folder(odd, "", Counts(), "not in include_folders")
    board.mailbox("bob").folder(FolderPath.of("INBOX"), "Inbox", Counts(copied=5))
    board.flush()
    board.mailbox("ann").folder(FolderPath.of("INBOX"), "Posteingang", Counts(copied=2, pending=1))
    board.flush()
    with database.reading() as connection:
        rows = connection.execute(select(schema.board_folder).order_by(schema.board_folder.c.rev)).all()
    found = [(row.source, row.path, row.destination_path, row.copied, row.pending, row.note) for row in rows]
    assert sorted(found) == [
        ("ann", "A\\/B/\\udcff\x1b", "", 0, 0, "not in include_folders"),
        ("ann", "INBOX", "Posteingang", 2, 1, ""),
        ("bob", "INBOX", "Inbox", 5, 0, ""),
    ]


def test_counts_are_copied_when_they_are_shown(board: Board, database: Database) -> None:
    counts = Counts(copied=1)
    board.mailbox("ann").counts(counts)
    counts.copied = 2
    board.flush()
    assert row(database, "ann").copied == 1


@pytest.mark.usefixtures("slow")
def test_rows_without_news_are_held_back_and_the_latest_wins(
    board: Board, database: Database, writes: list[str]
) -> None:
    mailbox = board.mailbox("ann")
    mailbox.set(activity="first")
    wait_for_writer(database)
    assert row(database, "ann").activity == "first"
    for number in range(1000):
        mailbox.set(activity=f"number {number}", rate=float(number))
        mailbox.folder(FolderPath.of("INBOX"), "Inbox", Counts(copied=number))
    wait_for_writer(database)
    assert writes == ["mailbox"]
    board.flush()
    assert sorted(writes) == ["board_folder", "mailbox", "mailbox"]
    assert (row(database, "ann").activity, row(database, "ann").rate) == ("number 999", 999.0)


@pytest.mark.usefixtures("slow")
def test_a_new_status_or_condition_goes_out_at_once(board: Board, database: Database, writes: list[str]) -> None:
    mailbox = board.mailbox("ann")
    mailbox.set(activity="first")
    wait_for_writer(database)
    mailbox.set(activity="second")
    board.mailbox("bob").set(activity="held back")
    mailbox.set(status=MailboxStatus.SYNCING)
    wait_for_writer(database)
    assert (row(database, "ann").status, row(database, "ann").activity) == ("Syncing", "second")
    mailbox.set(condition=Condition.SETTLING)
    wait_for_writer(database)
    assert row(database, "ann").condition == "settling"
    mailbox.set(condition=None)
    board.batch(status=BatchStatus.SYNCING)
    wait_for_writer(database)
    assert (row(database, "ann").condition, batch_row(database).status) == (None, "Syncing")
    mailbox.set(status=MailboxStatus.SYNCING, condition=None, activity="third")  # no news
    wait_for_writer(database)
    assert row(database, "ann").activity == "second"
    assert row(database, "bob").activity == ""
    assert writes.count("mailbox") == 4


def test_many_changes_are_few_transactions(board: Board, database: Database) -> None:
    commits: list[int] = []
    event.listen(database._engines.writers, "commit", lambda _: commits.append(1))
    for _ in range(200):
        for source in ("ann", "bob"):
            board.mailbox(source).set(status=MailboxStatus.SYNCING)
            board.mailbox(source).set(status=MailboxStatus.STOPPING)
    board.flush()
    assert len(commits) < 200  # of 800 changes of status
    assert row(database, "ann").status == row(database, "bob").status == "Stopping"


@pytest.mark.usefixtures("slow")
def test_nothing_is_lost_at_close(tmp_path: Path, make_batch: Callable[..., Any]) -> None:
    with Database.open(tmp_path) as database:
        Batches(database).add(make_batch("sales", {"ann": "ann@new.example"}))
        board = Board(database, "sales")
        for number in range(10):
            board.mailbox("ann").set(activity=f"number {number}")
    with Database.open(tmp_path) as database:
        assert row(database, "ann").activity == "number 9"


@pytest.mark.usefixtures("slow")
def test_after_a_disk_error_the_latest_still_wins(board: Board, database: Database) -> None:
    mailbox = board.mailbox("ann")
    mailbox.set(activity="before")
    board.flush()
    database.writer.do(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 1"))
    mailbox.set(error="x" * 100_000, activity="first")
    mailbox.folder(FolderPath.of("y" * 100_000), "", Counts())
    with pytest.raises(StateError, match="full"):
        board.flush()
    mailbox.set(status=MailboxStatus.SYNCING, activity="second")
    event.listen(database._engines.writers, "begin", lambda c: c.exec_driver_sql("PRAGMA max_page_count = 100000"))
    board.flush()
    assert (row(database, "ann").activity, row(database, "ann").status) == ("second", "Syncing")
    assert row(database, "ann").error.startswith("xxx")


def test_revisions_rise_over_all_that_write(database: Database, board: Board) -> None:
    before = row(database, "ann").rev
    board.mailbox("ann").set(activity="1")
    board.flush()
    first = row(database, "ann").rev
    board.batch(why="2")
    board.flush()
    assert before < first < batch_row(database).rev
    assert row(database, "ann").rev == first
    assert database.writer.do(next_revision) == batch_row(database).rev + 1


def test_a_reader_that_asks_for_what_is_new_misses_nothing(
    database: Database, make_batch: Callable[..., Any], tmp_path: Path, child: Callable[..., Any]
) -> None:
    """Two processes show two batches; a reader follows by revision, and ends with what the rows say."""
    showing = """
        import sys
        from pathlib import Path
        from core.status import MailboxStatus
        from core.store.board import Board
        from core.store.database import Database
        with Database.open(Path(sys.argv[1])) as database:
            board = Board(database, sys.argv[2])
            print("ready", flush=True)
            input()
            for number in range(300):
                mailbox = board.mailbox(f"user{number % 7}")
                mailbox.set(status=[MailboxStatus.SYNCING, MailboxStatus.SYNCED][number % 2], pass_new=number)
                if number % 10 == 0:
                    board.flush()
    """
    for name in "ab":
        Batches(database).add(make_batch(name, {f"user{number}": f"{number}@new.example" for number in range(7)}))
    both = [child(showing, tmp_path, name) for name in "ab"]
    for one in both:
        assert one.line() == "ready"
    for one in both:
        one.tell()
    table = schema.mailbox
    shown: dict[tuple[str, str], Any] = {}
    last, looks = 0, 0
    running = True
    while running:
        running = any(one.process.poll() is None for one in both)  # before the look: the last one sees the end
        with database.reading() as connection:
            new = connection.execute(select(table).where(table.c.rev > last)).all()
            now = connection.execute(select(schema.revision.c.value)).scalar_one()
        assert now >= last
        assert all(last < row.rev <= now for row in new)
        shown |= {(row.batch, row.source): row for row in new}
        last = now
        looks += 1
    with database.reading() as connection:
        assert sorted(shown.values()) == sorted(connection.execute(select(table)).all())
    assert {row.pass_new for row in shown.values()} == set(range(293, 300))
    assert looks > 2


def test_a_board_is_used_from_many_threads(board: Board, database: Database) -> None:
    def show(thread: int) -> None:
        for number in range(300):
            board.mailbox("ann").set(pass_new=number, status=MailboxStatus.SYNCING)
            board.mailbox("ann").folder(FolderPath.of(f"f{thread}"), "", Counts(copied=number))

    threads = [threading.Thread(target=show, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    board.flush()
    with database.reading() as connection:
        found = connection.execute(select(schema.board_folder.c.path, schema.board_folder.c.copied)).all()
    assert sorted(map(tuple, found)) == [(f"f{number}", 299) for number in range(4)]
    assert row(database, "ann").pass_new == 299
