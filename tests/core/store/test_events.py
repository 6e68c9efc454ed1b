import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import func, select

from core.event import Event, EventKind, Level
from core.store import schema
from core.store.database import Database
from core.store.events import EventLog
from core.store.look import plain

START = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)


def happened(number: int, **fields: Any) -> Event:
    facts: dict[str, Any] = {"level": Level.INFO, "kind": EventKind.MESSAGE_COPIED, "batch": "sales", "mailbox": "ann"}
    return Event(time=START + timedelta(seconds=number), text=f"number {number}", **facts | fields)


def texts(found: list[tuple[int, Event]]) -> list[str]:
    return [event.text.removeprefix("number ") for _, event in found]


@pytest.fixture
def log(database: Database) -> EventLog:
    return EventLog(database)


def test_an_event_comes_back_as_it_was(log: EventLog) -> None:
    events = [
        happened(1, folder="Archive/2024", uid=4_294_967_295, level=Level.WARNING),
        happened(2, batch="", mailbox="", kind=EventKind.FAULT, level=Level.ERROR),
        happened(-5_000_000_000),
    ]
    for event in events:
        log.append(event)
    log.flush()
    assert [event for _, event in log.read(None)] == events


def test_order_is_kept_over_threads_and_flushes(log: EventLog) -> None:
    def many(name: str) -> None:
        for number in range(500):
            log.append(happened(number, mailbox=name))
            if number % 100 == 0:
                log.flush()

    threads = [threading.Thread(target=many, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.flush()
    for name in "abcd":
        assert texts(log.read("sales", limit=5000, mailbox=name)) == [str(number) for number in range(500)]
    assert len(log.read("sales", limit=5000)) == 2000


def test_events_are_written_without_anyone_asking(log: EventLog, database: Database) -> None:
    written = threading.Event()
    sql_event.listen(database._engines.writers, "commit", lambda _: written.set())
    log.append(happened(1))
    assert written.wait(10)
    database.writer.do(lambda _: None)
    assert texts(log.read("sales")) == ["1"]


def test_nothing_is_lost_at_close(tmp_path: Path) -> None:
    with Database.open(tmp_path) as database:
        log = EventLog(database)
        for number in range(3000):
            log.append(happened(number))
    with Database.open(tmp_path) as database:
        assert texts(EventLog(database).read("sales", limit=5000)) == [str(number) for number in range(3000)]


def test_many_events_are_written_together(log: EventLog, database: Database) -> None:
    commits: list[int] = []
    sql_event.listen(database._engines.writers, "commit", lambda _: commits.append(1))
    for number in range(2000):
        log.append(happened(number))
    log.flush()
    assert len(commits) <= 5


def test_a_full_disk_delays_events_and_loses_none(log: EventLog, database: Database) -> None:
    database.writer.do(lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1"))
    for number in range(300):
        log.append(happened(number, mailbox="x" * 500))
    with pytest.raises(Exception, match="full"):
        log.flush()
    log.append(happened(300))
    sql_event.listen(database._engines.writers, "begin", lambda c: c.exec_driver_sql("PRAGMA max_page_count = 100000"))
    log.flush()
    assert texts(log.read("sales")) == [str(number) for number in range(301)]


def test_read_goes_forward(log: EventLog) -> None:
    for number in range(10):
        log.append(happened(number, batch="other" if number == 4 else "sales"))
    log.flush()
    first = log.read("sales", limit=3)
    assert texts(first) == ["0", "1", "2"]
    assert texts(log.read("sales", after=first[-1][0], limit=3)) == ["3", "5", "6"]
    assert texts(log.read(None, after=first[-1][0])) == ["3", "4", "5", "6", "7", "8", "9"]
    assert log.read("sales", after=10**9) == []


def test_last_and_before_go_back(log: EventLog) -> None:
    for number in range(10):
        log.append(happened(number))
    log.flush()
    last = log.last("sales", 3)
    assert texts(last) == ["7", "8", "9"]
    assert texts(log.before(last[0][0], "sales", 3)) == ["4", "5", "6"]
    assert texts(log.before(log.read(None)[0][0], "sales", 3)) == []
    assert texts(log.last(None, 100)) == [str(number) for number in range(10)]


def test_filters(log: EventLog) -> None:
    levels = [Level.DEBUG, Level.INFO, Level.WARNING, Level.ERROR]
    for number, level in enumerate(levels):
        log.append(happened(number, level=level, mailbox="ann" if number % 2 else "bob"))
    log.flush()
    assert [texts(log.read("sales", level=level)) for level in levels] == [
        ["0", "1", "2", "3"],
        ["1", "2", "3"],
        ["2", "3"],
        ["3"],
    ]
    assert texts(log.last("sales", 10, level=Level.INFO, mailbox="ann")) == ["1", "3"]
    assert texts(log.before(10**9, "sales", 10, level=Level.WARNING, mailbox="bob")) == ["2"]


def test_old_small_events_are_forgotten_and_nothing_else(database: Database) -> None:
    log = EventLog(database, keep=100)
    kept = [
        happened(-1, level=Level.WARNING, kind=EventKind.MESSAGE_REJECTED),
        happened(-2, level=Level.ERROR, kind=EventKind.FAULT),
        happened(-3, kind=EventKind.BATCH_STARTED),
        happened(-4, kind=EventKind.MAILBOX_FINISHED),
        happened(-5, batch="quiet"),
    ]
    for event in kept:
        log.append(event)
    log.append(happened(-6, kind=EventKind.LIBRARY, level=Level.DEBUG))
    for number in range(1000):
        log.append(happened(number))
        if number % 50 == 0:
            log.flush()
    log.flush()
    log.append(happened(1000))
    log.flush()
    found = texts(log.read(None, limit=5000))
    assert found[:5] == ["-1", "-2", "-3", "-4", "-5"]
    small = found[5:]
    assert 100 <= len(small) <= 100 + 100 // 20 + 50
    assert small == [str(number) for number in range(1001 - len(small), 1001)]
    EventLog(database, keep=100).append(happened(1001))
    log.flush()
    assert len(texts(log.read("sales", limit=5000))) == 4 + 100


def test_numbers_are_never_used_again(log: EventLog, database: Database) -> None:
    log.append(happened(1))
    log.flush()
    ((number, _),) = log.read(None)
    database.writer.do(lambda connection: connection.execute(schema.event.delete()))
    log.append(happened(2))
    log.flush()
    assert log.read(None)[0][0] > number


def test_forgetting_uses_its_index(database: Database) -> None:
    log = EventLog(database)
    statements: list[str] = []
    database.writer.do(lambda connection: plain(connection).set_trace_callback(statements.append))
    log.append(happened(1))
    log.flush()
    select_oldest = next(text for text in statements if "OFFSET" in text)
    with database.look() as look:
        plan = look.execute(f"EXPLAIN QUERY PLAN {select_oldest}").fetchall()
    assert "event_expendable" in str(plan)


def test_two_processes_and_one_log(tmp_path: Path, child: Callable[..., Any]) -> None:
    """A reader that asks for what follows sees every event of both, once, although they come mixed."""
    writing = """
        import sys
        from datetime import UTC, datetime
        from pathlib import Path
        from core.event import Event, EventKind, Level
        from core.store.database import Database
        from core.store.events import EventLog
        with Database.open(Path(sys.argv[1])) as database:
            log = EventLog(database)
            print("ready", flush=True)
            input()
            for number in range(1000):
                log.append(Event(datetime.now(UTC), Level.INFO, EventKind.LIBRARY, str(number), sys.argv[2]))
                if number % 20 == 0:
                    log.flush()
    """
    both = [child(writing, tmp_path, name) for name in "ab"]
    for one in both:
        assert one.line() == "ready"
    for one in both:
        one.tell()
    with Database.open(tmp_path) as database:
        log = EventLog(database)
        seen: list[tuple[int, Event]] = []
        while len(seen) < 2000:
            seen += log.read(None, after=seen[-1][0] if seen else 0, limit=70)
            assert len({number for number, _ in seen}) == len(seen)
            assert (
                any(one.process.poll() is None for one in both)
                or log.read(None, after=seen[-1][0])
                or len(seen) == 2000
            )
        for name in "ab":
            assert [event.text for _, event in seen if event.batch == name] == [str(number) for number in range(1000)]
        with database.reading() as connection:
            assert connection.execute(select(func.count()).select_from(schema.event)).scalar() == 2000
