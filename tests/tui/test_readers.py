"""What a look at the store brings: all that is new, and the same objects where nothing is."""

import subprocess
import sys
from dataclasses import replace
from textwrap import dedent

import pytest

from core.batch.load import load
from core.event import Event, EventKind, Level
from core.mail.folder import FolderPath
from core.mail.outcome import Counts
from core.status import MailboxStatus
from core.store.batches import Batches
from core.store.board import Board
from core.store.database import Database
from core.store.events import EventLog
from core.store.lease import Runner
from tests.pictures.sample import NOW, SALES, StillClock, batch_file
from tui import board_reader, log_reader
from tui.board_reader import BoardReader
from tui.log_reader import LogReader
from tui.tick import Focus, Reader

SALES_FOCUS = Focus("sales-wave-2", "anna.lindqvist@northwind.example")


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def reader(store: Database, clock: StillClock) -> BoardReader:
    return BoardReader(store, clock)


def test_a_second_look_at_the_same_brings_the_same_objects(reader: BoardReader, clock: StillClock) -> None:
    reader.read(SALES_FOCUS)
    first = reader.batches, reader.mailboxes, reader.folders
    clock.push(2)
    reader.read(SALES_FOCUS)
    assert all(
        now is before for now, before in zip((reader.batches, reader.mailboxes, reader.folders), first, strict=True)
    )
    assert [view.source for view in reader.mailboxes] == [person.address for person in SALES]


def test_of_a_large_batch_the_first_rows_come_first_and_once_it_is_open_all(
    reader: BoardReader, store: Database, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_reader, "_FIRST", 3)
    reader.read(SALES_FOCUS)
    assert [view.source for view in reader.mailboxes] == [person.address for person in SALES[:3]]
    reader.read(SALES_FOCUS)
    assert len(reader.mailboxes) == len(SALES)
    store.writer.do(lambda connection: connection.exec_driver_sql("DELETE FROM lease"))  # nobody runs it any more
    clock.push(2)
    reader.read(SALES_FOCUS)
    assert {view.status for view in reader.mailboxes}.isdisjoint({MailboxStatus.SYNCING})
    assert len(reader.mailboxes) == len(SALES)


def test_only_the_row_that_changed_is_another(reader: BoardReader, store: Database) -> None:
    reader.read(SALES_FOCUS)
    before = reader.mailboxes
    board = Board(store, "sales-wave-2")
    board.mailbox("g.rossi@northwind.example").set(status=MailboxStatus.SYNCING)
    board.flush()
    reader.read(SALES_FOCUS)
    changed = [view.source for view, old in zip(reader.mailboxes, before, strict=True) if view is not old]
    assert changed == ["g.rossi@northwind.example"]
    assert reader.batches[1].by_status[MailboxStatus.SYNCING] == 8


def test_folders_come_with_their_mailbox_and_as_they_change(reader: BoardReader, store: Database) -> None:
    reader.read(SALES_FOCUS)
    assert "INBOX" in {folder.path for folder in reader.folders}
    board = Board(store, "sales-wave-2")
    board.mailbox(SALES_FOCUS.mailbox or "").folder(FolderPath.parse("New one"), "New one", Counts(copied=3))
    board.flush()
    reader.read(SALES_FOCUS)
    assert "New one" in {folder.path for folder in reader.folders}
    reader.read(replace(SALES_FOCUS, mailbox="n.haddad@northwind.example"))
    assert reader.folders == ()
    reader.read(Focus())
    assert (reader.folders, reader.mailboxes) == ((), ())


def test_when_who_runs_it_is_gone_nothing_looks_active(empty: Database, clock: StillClock) -> None:
    Batches(empty, clock).add(load(batch_file(empty.folder, "sales-wave-2", SALES)))
    runner = Runner(empty, clock)
    lease = runner.take("batch:sales-wave-2")
    board = Board(empty, "sales-wave-2")
    board.mailbox(SALES[0].address).set(status=MailboxStatus.SYNCING)
    board.flush()
    reader = BoardReader(empty, clock)
    reader.read(SALES_FOCUS)
    assert MailboxStatus.SYNCING in {view.status for view in reader.mailboxes}
    lease.release()  # as by a crash: nothing is written on the board
    clock.push(1)
    reader.read(SALES_FOCUS)
    assert reader.batches[0].runner is None
    assert {view.status for view in reader.mailboxes} == {MailboxStatus.STOPPED, MailboxStatus.QUEUED}
    runner.close()


def test_mailboxes_that_leave_join_or_move_are_seen(reader: BoardReader, store: Database, clock: StillClock) -> None:
    reader.read(SALES_FOCUS)
    people = [SALES[1], SALES[0], *SALES[3:6], SALES[2]]
    Batches(store, clock).add(load(batch_file(store.folder, "sales-wave-2", people)))
    clock.push(1)
    reader.read(SALES_FOCUS)
    assert [view.source for view in reader.mailboxes] == [person.address for person in people]
    Batches(store, clock).add(load(batch_file(store.folder, "sales-wave-2", SALES)))
    clock.push(1)
    reader.read(SALES_FOCUS)
    assert [view.source for view in reader.mailboxes] == [person.address for person in SALES]


# --- the log -------------------------------------------------------------------------------------------------------


def told(log: EventLog, *texts: str, level: Level = Level.INFO, mailbox: str = "ann", batch: str = "sales") -> None:
    for text in texts:
        log.append(Event(NOW, level, EventKind.LIBRARY, text, batch, mailbox))
    log.flush()


@pytest.fixture
def log(empty: Database) -> EventLog:
    return EventLog(empty)


def texts(reader: LogReader, focus: Focus) -> tuple[list[str], bool, bool]:
    news = reader.read(focus)
    return [event.text for _, event in news.records], news.fresh, news.more


def test_the_log_brings_each_event_once_and_in_order(log: EventLog, clock: StillClock) -> None:
    told(log, "one", "two")
    reader, focus = LogReader(log, clock), Focus("sales")
    assert texts(reader, focus) == (["one", "two"], True, False)
    assert texts(reader, focus) == ([], False, False)
    told(log, "of another batch", batch="hq")
    told(log, "three")
    assert texts(reader, focus) == (["three"], False, False)


def test_another_batch_level_or_mailbox_is_another_log(log: EventLog, clock: StillClock) -> None:
    told(log, "info")
    told(log, "warning", level=Level.WARNING, mailbox="ben")
    told(log, "debug", level=Level.DEBUG)
    reader = LogReader(log, clock)
    assert texts(reader, Focus("sales")) == (["info", "warning"], True, False)
    assert texts(reader, Focus("sales", "ben"))[1] is False  # the cursor moved, the log is the batch's
    assert texts(reader, Focus("sales", "ben", only=True)) == (["warning"], True, False)
    assert texts(reader, Focus("sales", "ann", only=True)) == (["info"], True, False)
    assert texts(reader, Focus("sales", level=Level.DEBUG)) == (["info", "warning", "debug"], True, False)
    assert texts(reader, Focus("hq")) == ([], True, False)


def test_a_flood_comes_in_pieces_and_one_too_great_begins_anew(
    log: EventLog, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_reader, "_LIMIT", 10)
    monkeypatch.setattr(log_reader, "_BEHIND", 30)
    monkeypatch.setattr(log_reader, "HISTORY", 5)
    reader, focus = LogReader(log, clock), Focus("sales")
    texts(reader, focus)
    told(log, *map(str, range(15)))
    assert texts(reader, focus) == ([str(number) for number in range(10)], False, True)
    assert texts(reader, focus) == ([str(number) for number in range(10, 15)], False, False)
    told(log, *map(str, range(100)))
    assert texts(reader, focus) == (["95", "96", "97", "98", "99"], True, False)


def test_the_newest_problem_of_a_mailbox_is_found_behind_much_else(log: EventLog, clock: StillClock) -> None:
    told(log, "NO [OVERQUOTA] full", level=Level.ERROR)
    told(log, *map(str, range(3000)))
    reader = LogReader(log, clock)
    problem = reader.problem(Focus("sales", "ann"))
    assert problem is not None
    assert problem.text == "NO [OVERQUOTA] full"
    assert reader.problem(Focus("sales", "ben")) is None
    told(log, "another", level=Level.WARNING, mailbox="ben")
    clock.push(5)
    problem = reader.problem(Focus("sales", "ben"))
    assert problem is not None
    assert problem.text == "another"


def test_a_tick_holds_it_all(store: Database, clock: StillClock) -> None:
    tick = Reader(store, clock)(SALES_FOCUS)
    assert tick.now == NOW
    assert [batch.name for batch in tick.batches] == ["hq-pilot", "sales-wave-2", "plant-bremen"]
    assert len(tick.mailboxes) == len(SALES)
    assert len(tick.folders) == 9
    assert len(tick.news.records) == 18


def test_the_first_look_is_of_what_one_opens_with(store: Database, clock: StillClock) -> None:
    reader = Reader(store, clock, lambda batches: Focus(batches[-1].name, level=Level.WARNING))
    tick = reader(Focus())
    assert tick.focus == Focus(tick.batches[-1].name, level=Level.WARNING)
    assert {view.batch for view in tick.mailboxes} == {tick.focus.batch}
    assert reader(SALES_FOCUS).focus == SALES_FOCUS


#: Makes the console and has it look at the store, as it does before there are rows on the screen.
_LOOKING = """
    import os, sys
    from pathlib import Path
    from core.clock import SystemClock
    from core.store.database import Database
    from core.store.location import state_folder
    from tui.app import Console
    from tui.runs import Runs
    from tui.tick import Focus, Reader
    with Database.open(state_folder(Path(sys.argv[1]))) as database:
        Console(database, Runs(database, SystemClock()), SystemClock(), environ=os.environ)
        tick = Reader(database, SystemClock())(Focus("sales-wave-2"))
    slow = {"sqlalchemy", "pydantic", "exchangelib", "imapclient"}
    print(len(tick.mailboxes), sorted(slow & sys.modules.keys()))
"""


def test_the_first_rows_wait_for_no_slow_library(store: Database) -> None:
    code = [sys.executable, "-c", dedent(_LOOKING), str(store.folder)]
    said = subprocess.run(code, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said == f"{len(SALES)} []\n"
