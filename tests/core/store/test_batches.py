from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from core.errors import HeldError
from core.event import Event, EventKind, Level
from core.mail.folder import FolderPath
from core.mail.key import PairId
from core.mail.outcome import Counts
from core.status import BatchStatus, MailboxStatus, Wish
from core.store import schema
from core.store.batches import Batches
from core.store.board import Board
from core.store.database import Database
from core.store.events import EventLog
from core.store.known import KnownBatch, find, known
from core.store.lease import Runner
from core.store.pair import pair_id
from core.store.wanted import Wanted

ANN, BOB, EVE = (f"{name}@new.example" for name in ("ann", "bob", "eve"))


@pytest.fixture
def batches(database: Database, clock: Any) -> Batches:
    return Batches(database, clock)


def rows(database: Database, table: Any) -> list[Any]:
    with database.reading() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)).all())


def board(database: Database, batch: str = "sales") -> dict[str, Any]:
    return {row.source: row for row in rows(database, schema.mailbox) if row.batch == batch}


def count(database: Database, table: Any) -> int:
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_a_new_batch_is_created_and_its_mailboxes_wait(
    batches: Batches, database: Database, make_batch: Callable[..., Any], tmp_path: Path
) -> None:
    batches.add(make_batch("sales", {"bob": BOB, "ann": ANN}))
    (found,) = rows(database, schema.batch)
    assert (found.status, found.path) == (BatchStatus.CREATED, str(tmp_path / "sales.toml"))
    assert [(row.source, row.destination, row.position, row.status) for row in board(database).values()] == [
        ("ann", ANN, 1, MailboxStatus.QUEUED),
        ("bob", BOB, 0, MailboxStatus.QUEUED),
    ]
    assert {row.rev for row in board(database).values()} == {found.rev}


def test_known_batches_are_found(
    batches: Batches, database: Database, make_batch: Callable[..., Any], clock: Any, tmp_path: Path
) -> None:
    assert known(database) == []
    batches.add(make_batch("wave-2", {"ann": ANN}))
    first = clock.now()
    clock.forward(60)
    batches.add(make_batch("wave-1", {"bob": BOB}))
    batches.add(make_batch("wave-2", {"ann": ANN}, file="moved.toml"))
    second = KnownBatch("wave-2", tmp_path / "moved.toml", first)
    assert known(database) == [second, KnownBatch("wave-1", tmp_path / "wave-1.toml", clock.now())]
    assert find(database, "wave-2") == second
    assert find(database, "wave-3") is None


def test_who_is_known_keeps_how_he_stands(batches: Batches, database: Database, make_batch: Callable[..., Any]) -> None:
    batches.add(make_batch("sales", {"ann": ANN, "bob": BOB}))
    shown = Board(database, "sales")
    shown.batch(status=BatchStatus.SYNCED)
    shown.mailbox("ann").set(status=MailboxStatus.SYNCED)
    shown.mailbox("ann").counts(Counts(copied=7))
    shown.flush()
    before = board(database)
    batches.add(make_batch("sales", {"eve": EVE, "ann": ANN.upper(), "bob": BOB}))
    after = board(database)
    assert rows(database, schema.batch)[0].status == BatchStatus.SYNCED
    assert (after["ann"].status, after["ann"].copied) == (MailboxStatus.SYNCED, 7)
    assert (after["ann"].position, after["ann"].destination) == (1, ANN.upper())
    assert after["ann"].rev > before["ann"].rev
    assert (after["eve"].status, after["eve"].position) == (MailboxStatus.QUEUED, 0)


def test_what_did_not_change_is_not_written(
    batches: Batches, database: Database, make_batch: Callable[..., Any]
) -> None:
    batches.add(make_batch("sales", {"ann": ANN, "bob": BOB}))
    before = board(database)
    batches.add(make_batch("sales", {"ann": ANN, "bob": BOB}))
    assert board(database) == before


def test_who_left_the_file_leaves_the_board(
    batches: Batches, database: Database, make_batch: Callable[..., Any]
) -> None:
    batches.add(make_batch("other", {"ann": ANN}))
    batches.add(make_batch("sales", {"ann": ANN, "bob": BOB}))
    for source in ("ann", "bob"):
        Board(database, "sales").mailbox(source).folder(FolderPath.of("INBOX"), "Inbox", Counts(copied=1))
    database.writer.flush()
    batches.add(make_batch("sales", {"bob": BOB}))
    assert list(board(database)) == ["bob"]
    assert list(board(database, "other")) == ["ann"]
    assert [(row.batch, row.source) for row in rows(database, schema.board_folder)] == [("sales", "bob")]


def test_who_goes_elsewhere_begins_anew(batches: Batches, database: Database, make_batch: Callable[..., Any]) -> None:
    def synced() -> None:
        for source in ("ann", "bob"):
            Board(database, "sales").mailbox(source).set(status=MailboxStatus.SYNCED)
        database.writer.flush()

    batches.add(make_batch("sales", {"ann": ANN, "bob": BOB}))
    synced()
    batches.add(make_batch("sales", {"ann": EVE, "bob": BOB}))
    assert {name: row.status for name, row in board(database).items()} == {"ann": "Queued", "bob": "Synced"}
    synced()
    batches.add(make_batch("sales", {"ann": EVE, "bob": BOB}, source="another.example"))
    assert {name: row.status for name, row in board(database).items()} == {"ann": "Queued", "bob": "Queued"}


def fill(database: Database, batches: Batches, make_batch: Callable[..., Any]) -> int:
    """Two batches with everything that a batch leaves behind; the number of the first one's pair."""
    for name, mailboxes in (("sales", {"ann": ANN.title()}), ("other", {"bob": BOB})):
        batches.add(make_batch(name, mailboxes))
        ((login, address),) = mailboxes.items()
        Board(database, name).mailbox(login).folder(FolderPath.of("INBOX"), "Inbox", Counts())
        EventLog(database).append(
            Event(datetime(2026, 11, 22, tzinfo=UTC), Level.ERROR, EventKind.MAILBOX_FAILED, "x", name, login)
        )
        Wanted(database).want(name, Wish.PAUSE)
        Wanted(database).want(name, Wish.PAUSE, login)
        pair = pair_id(database, PairId("imap.old.example", login, "mail.new.example", address))
        folder = {"pair_id": pair, "source_path": "INBOX", "key_path": "INBOX", "uidvalidity": 1}
        message = {"uid": 1, "outcome": "copied", "size": 1, "flags": ""}

        def write(connection: Any, folder: Any = folder, message: Any = message) -> None:
            number = connection.execute(insert(schema.folder).values(**folder)).inserted_primary_key[0]
            connection.execute(insert(schema.message).values(folder_id=number, **message))

        database.writer.do(write)
    with database.reading() as connection:
        query = select(schema.pair.c.id).where(schema.pair.c.source_login == "ann")
        return int(connection.execute(query).scalar_one())


FORGOTTEN = [schema.batch, schema.mailbox, schema.board_folder, schema.event]
LEDGER = [schema.pair, schema.folder, schema.message]


def test_remove_forgets_all_but_the_ledger(
    batches: Batches, database: Database, make_batch: Callable[..., Any]
) -> None:
    fill(database, batches, make_batch)
    batches.remove("sales")  # also what was said of it and is not on the disk yet
    database.writer.flush()
    assert [count(database, table) for table in FORGOTTEN] == [1, 1, 1, 1]
    assert {row.batch for row in rows(database, schema.wanted)} == {"other"}
    assert [count(database, table) for table in LEDGER] == [2, 2, 2]
    batches.remove("sales")
    assert [batch.name for batch in known(database)] == ["other"]


def test_remove_may_forget_the_ledger_too(batches: Batches, database: Database, make_batch: Callable[..., Any]) -> None:
    fill(database, batches, make_batch)
    batches.remove("sales", forget_ledger=True)
    database.writer.flush()
    assert [count(database, table) for table in FORGOTTEN + LEDGER] == [1] * 7
    assert [row.source_login for row in rows(database, schema.pair)] == ["bob"]


def test_a_running_batch_is_not_removed(
    batches: Batches, database: Database, make_batch: Callable[..., Any], runner: Runner
) -> None:
    fill(database, batches, make_batch)
    lease = runner.take("batch:sales")
    with pytest.raises(HeldError, match=r"batch sales is run by .*, process \d+, since .*; stop it first"):
        batches.remove("sales")
    assert len(known(database)) == 2
    lease.release()
    batches.remove("sales")
    assert len(known(database)) == 1


def test_a_ledger_in_use_is_not_forgotten(
    batches: Batches, database: Database, make_batch: Callable[..., Any], runner: Runner
) -> None:
    pair = fill(database, batches, make_batch)
    runner.take_pair(pair)
    with pytest.raises(HeldError, match="a mailbox of batch sales is moved by"):
        batches.remove("sales", forget_ledger=True)
    batches.remove("other", forget_ledger=True)
    batches.remove("sales")
    assert [row.source_login for row in rows(database, schema.pair)] == ["ann"]


def test_ten_thousand_mailboxes(batches: Batches, database: Database, make_batch: Callable[..., Any]) -> None:
    many = {f"user{number}": f"user{number}@new.example" for number in range(10_000)}
    batches.add(make_batch("sales", many))
    batches.add(make_batch("sales", dict(list(many.items())[5000:])))
    assert count(database, schema.mailbox) == 5000
    assert board(database)["user5000"].position == 0
    batches.remove("sales", forget_ledger=True)
    assert count(database, schema.mailbox) == 0
