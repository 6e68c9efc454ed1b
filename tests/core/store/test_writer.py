import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, insert
from sqlalchemy.exc import IntegrityError, OperationalError

from core.errors import StateError
from core.store import database as database_module
from core.store import schema
from core.store.database import Database


def note(batch: str, mailbox: str = "", wish: str = "run") -> Callable[[Connection], None]:
    """A work that writes one row."""

    def work(connection: Connection) -> None:
        connection.execute(insert(schema.wanted).values(batch=batch, mailbox=mailbox, wish=wish, time=0))

    return work


def noted(database: Database) -> list[str]:
    """The rows, in the order they were written, by a connection of its own."""
    with sqlite3.connect(database.path) as plain:
        return [batch for (batch,) in plain.execute("SELECT batch FROM wanted ORDER BY rowid")]


class Brake:
    """Keeps the writer busy, so that what is given meanwhile falls into one moment."""

    def __init__(self, database: Database) -> None:
        self._reached, self._go_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=database.writer.do, args=(self._hold,))
        self._thread.start()
        assert self._reached.wait(10)

    def _hold(self, _: Connection) -> None:
        self._reached.set()
        assert self._go_on.wait(10)

    def release(self) -> None:
        self._go_on.set()
        self._thread.join()


@pytest.fixture
def commits(database: Database) -> list[str]:
    """One entry for each commit."""
    seen: list[str] = []
    event.listen(database._engines.writers, "commit", lambda _: seen.append("commit"))
    return seen


def full(pages: int) -> Callable[[Connection], object]:
    """The store may grow by so many pages and no more: SQLite then says that the disk is full."""

    def work(connection: Connection) -> None:
        now = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {now + pages}")

    return work


def spacious(connection: Connection) -> None:
    connection.exec_driver_sql("PRAGMA max_page_count = 1000000")


def test_the_result_is_there_when_do_returns(database: Database) -> None:
    assert database.writer.do(lambda connection: note("a")(connection) or 7) == 7
    assert noted(database) == ["a"]


def test_a_work_that_raises_undoes_itself_and_tells_its_caller(database: Database) -> None:
    def spoiled(connection: Connection) -> None:
        note("b")(connection)
        raise ValueError("spoiled")

    database.writer.do(note("a"))
    with pytest.raises(ValueError, match="spoiled"):
        database.writer.do(spoiled)
    with pytest.raises(IntegrityError):
        database.writer.do(note("a"))
    database.writer.do(note("c"))
    assert noted(database) == ["a", "c"]


def test_what_waits_at_one_moment_shares_a_commit(database: Database, commits: list[str]) -> None:
    brake = Brake(database)
    with ThreadPoolExecutor(12) as threads:
        works = [threads.submit(database.writer.do, note(f"{number:02}")) for number in range(12)]
        while len(database.writer._waiting) < 12:
            assert not any(work.done() for work in works)
        brake.release()
        assert [work.result() for work in works] == [None] * 12
    assert commits == ["commit", "commit"]
    assert sorted(noted(database)) == [f"{number:02}" for number in range(12)]


def test_one_bad_work_among_many_spoils_no_other(database: Database, commits: list[str]) -> None:
    brake = Brake(database)
    with ThreadPoolExecutor(10) as threads:
        works = [threads.submit(database.writer.do, note(str(number // 2))) for number in range(10)]
        while len(database.writer._waiting) < 10:
            assert not any(work.done() for work in works)
        brake.release()
        errors = Counter(type(work.exception()) for work in works)
    assert errors == {IntegrityError: 5, type(None): 5}
    assert len(commits) == 2
    assert sorted(noted(database)) == list("01234")


def test_a_work_runs_in_an_immediate_transaction(database: Database) -> None:
    """Nobody else can write from the moment a work begins to read."""

    def look(connection: Connection) -> str:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        assert raw.in_transaction
        other = sqlite3.connect(database.path, timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()
        return "looked"

    assert database.writer.do(look) == "looked"


def test_a_work_cannot_wait_for_itself(database: Database) -> None:
    with pytest.raises(RuntimeError, match="wait for itself"):
        database.writer.do(lambda _: database.writer.do(note("a")))
    database.writer.do(note("b"))
    assert noted(database) == ["b"]


def test_a_work_that_commits_by_itself_is_a_fault(database: Database) -> None:
    with pytest.raises(RuntimeError, match="ended the transaction"):
        database.writer.do(lambda connection: connection.connection.dbapi_connection.commit())  # type: ignore[union-attr]
    database.writer.do(note("b"))
    assert noted(database) == ["b"]


def test_soon_keeps_the_order_and_flush_waits_for_all(database: Database) -> None:
    for name in "abc":
        database.writer.soon(note(name), delay=60)
    database.writer.soon(note("d"), delay=30)
    database.writer.flush()
    assert noted(database) == ["a", "b", "c", "d"]


def test_soon_is_due_without_anyone_asking(database: Database) -> None:
    written = threading.Event()
    database.writer.soon(lambda _: written.set(), delay=0.01)
    assert written.wait(10)


def test_close_writes_what_waits_and_what_comes_of_it(tmp_path: Path) -> None:
    database = Database.open(tmp_path)

    def chain(connection: Connection) -> None:
        note("a")(connection)
        database.writer.soon(note("b"), delay=60)

    database.writer.soon(chain, delay=60)
    database.close()
    assert noted(database) == ["a", "b"]
    with pytest.raises(RuntimeError, match="closed"):
        database.writer.do(note("c"))
    with pytest.raises(RuntimeError, match="closed"):
        database.writer.soon(note("c"))


def test_a_fault_of_soon_is_raised_by_the_next_do(database: Database) -> None:
    def spoiled(connection: Connection) -> None:
        note("a")(connection)
        raise ZeroDivisionError

    database.writer.soon(spoiled)
    with pytest.raises(ZeroDivisionError):
        database.writer.flush()
    database.writer.do(note("b"))
    assert noted(database) == ["b"]


def test_a_fault_of_soon_is_raised_by_close(tmp_path: Path) -> None:
    database = Database.open(tmp_path)

    def spoiled(_: Connection) -> None:
        raise ZeroDivisionError

    database.writer.soon(spoiled, delay=60)
    with pytest.raises(ZeroDivisionError):
        database.close()


def big(connection: Connection) -> None:
    note("big", wish="x" * 200_000)(connection)


def test_a_full_disk_is_told_to_everyone_and_nothing_of_it_is_kept(database: Database) -> None:
    database.writer.do(note("before"))
    database.writer.do(full(4))
    brake = Brake(database)
    with ThreadPoolExecutor(3) as threads:
        works = [threads.submit(database.writer.do, work) for work in (note("a"), big, note("b"))]
        while len(database.writer._waiting) < 3:
            assert not any(work.done() for work in works)
        brake.release()
        errors = [work.exception() for work in works]
    assert [type(error) for error in errors] == [StateError] * 3
    assert len({id(error) for error in errors}) == 3
    assert all("the disk is full; free some space" in str(error) for error in errors)
    assert noted(database) == ["before"]
    with pytest.raises(StateError, match="full"):
        database.writer.do(big)
    database.writer.do(spacious)
    database.writer.do(big)
    database.writer.do(note("after"))
    assert noted(database) == ["before", "big", "after"]


def test_what_soon_could_not_write_is_written_later_in_its_order(database: Database) -> None:
    database.writer.do(full(4))
    taken: list[int] = []

    def one(connection: Connection) -> None:
        taken.append(1)
        big(connection)

    database.writer.soon(one)
    with pytest.raises(StateError, match="full"):
        database.writer.flush()
    database.writer.soon(note("second"))
    database.writer.soon(note("third"))
    with pytest.raises(StateError, match="full"):
        database.writer.flush()
    assert noted(database) == []
    # Not by `do`: what is overdue goes first, and it does not fit.
    event.listen(database._engines.writers, "begin", spacious)
    database.writer.flush()
    assert noted(database) == ["big", "second", "third"]
    assert len(taken) >= 3


def test_what_close_cannot_write_is_told(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    database.writer.do(full(4))
    database.writer.soon(big, delay=60)
    with pytest.raises(StateError, match=r"full(?s:.*)1 late changes of events and progress are lost"):
        database.close()


def test_a_foreign_lock_is_waited_for_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_BUSY", 0.05)
    with Database.open(tmp_path) as database:
        foreign = sqlite3.connect(database.path, isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateError, match="another program has locked it"):
            database.writer.do(note("a"))
        database.writer.soon(note("b"))
        foreign.execute("ROLLBACK")
        foreign.close()
        database.writer.do(note("c"))
        assert noted(database) == ["b", "c"]


def test_a_process_that_keeps_its_turn_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "_PATIENCE", 0.05)
    with Database.open(tmp_path) as database, Database.open(tmp_path) as other:
        assert other._turn.take(1)
        with pytest.raises(StateError, match=r"process \d+ has been writing for 0 s; continue it"):
            database.writer.do(note("a"))
        other._turn.give()
        database.writer.do(note("b"))
        assert noted(database) == ["b"]


def test_a_dead_writer_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database.open(tmp_path)

    def broken(_: float) -> bool:
        raise OSError("no locks left")

    monkeypatch.setattr(database._turn, "take", broken)
    with pytest.raises(OSError, match="no locks left"):
        database.writer.do(note("a"))
    with pytest.raises((RuntimeError, OSError), match="no locks left"):
        database.writer.do(note("b"))
    with pytest.raises(RuntimeError, match="the store's writer died"):
        database.writer.do(note("c"))
    database.close()


def test_a_long_queue_is_cut_into_several_commits_in_its_order(
    database: Database, commits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.writer._SPELL", -1.0)
    brake = Brake(database)
    for name in "abcde":
        database.writer.soon(note(name))
    database.writer.soon(note("f"), delay=60)
    brake.release()
    database.writer.flush()
    assert noted(database) == list("abcdef")
    assert len(commits) == 8


def test_wrong_sql_is_a_fault_not_a_trouble(database: Database) -> None:
    with pytest.raises(OperationalError, match="no such table"):
        database.writer.do(lambda connection: connection.exec_driver_sql("SELECT 1 FROM none"))
