import os
import re
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from core.errors import FencedError, HeldError
from core.mail.key import PairId
from core.store import database as database_module
from core.store import lease as lease_module
from core.store import pair as pair_module
from core.store import schema
from core.store.database import Database
from core.store.holder import holder
from core.store.lease import Lease, Runner
from core.store.pair import Fence, pair_id
from core.store.process import Process, Standing, this_process
from core.store.slots import Slots
from core.store.times import seconds

TAKING = """
    import sys
    from pathlib import Path
    from core.errors import FencedError, HeldError
    from core.store.database import Database
    from core.store.lease import Runner
    with Database.open(Path(sys.argv[1])) as database:
        runner = Runner(database)
        for line in sys.stdin:
            try:
                runner.take(line.strip())
                print("taken", flush=True)
            except HeldError as error:
                print(error, flush=True)
        runner.close()
"""


def take(other: Any, name: str) -> str:
    other.tell(name)
    return str(other.line())


def names(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(connection.execute(select(schema.lease.c.name)).scalars())


@pytest.fixture
def pair(database: Database) -> int:
    return pair_id(database, PairId("imap.old.example", "ann", "mail.new.example", "ann@new.example"))


def epoch(database: Database, pair: int) -> int:
    with database.reading() as connection:
        return int(connection.execute(select(schema.pair.c.epoch).where(schema.pair.c.id == pair)).scalar_one())


def test_a_lease_is_one_process_alone(database: Database, runner: Runner, child: Callable[..., Any]) -> None:
    other = child(TAKING, database.folder)
    assert take(other, "batch:sales-wave-1") == "taken"
    expected = (
        rf"batch sales-wave-1 is run by {re.escape(this_process().host)}, process {other.pid}, "
        r"since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z"
    )
    with pytest.raises(HeldError, match=expected):
        runner.take("batch:sales-wave-1")
    runner.take("batch:sales-wave-2")
    assert f"batch sales-wave-2 is run by {this_process().host}, process {os.getpid()}" in take(
        other, "batch:sales-wave-2"
    )


def test_a_lease_given_back_is_free(database: Database, runner: Runner, child: Callable[..., Any]) -> None:
    with runner.take("batch:a") as lease:
        assert holder(database, "batch:a") is not None
    assert holder(database, "batch:a") is None
    other = child(TAKING, database.folder)
    assert take(other, "batch:a") == "taken"
    lease.release()  # once more: not the other's
    found = holder(database, "batch:a")
    assert found is not None
    assert found.pid == other.pid
    assert other.end() == 0
    assert names(database) == set()


def test_a_lease_is_not_taken_twice_by_one_process(runner: Runner) -> None:
    first = runner.take("batch:a")
    with pytest.raises(HeldError, match=r"batch a is run by this process, since 20"):
        runner.take("batch:a")
    first.release()
    second = runner.take("batch:a")
    first.release()
    with pytest.raises(HeldError):
        runner.take("batch:a")
    second.release()


def test_of_many_that_want_it_one_gets_it(database: Database) -> None:
    runners = [Runner(database) for _ in range(8)]

    def attempt(runner: Runner) -> Lease | None:
        try:
            return runner.take("batch:a")
        except HeldError:
            return None

    with ThreadPoolExecutor(8) as threads:
        got = [lease for lease in threads.map(attempt, runners) if lease]
    assert len(got) == 1
    for runner in runners:
        runner.close()


def test_a_dead_process_is_taken_over(database: Database, runner: Runner, child: Callable[..., Any]) -> None:
    other = child(TAKING, database.folder)
    assert take(other, "batch:a") == "taken"
    other.kill()
    other.process.wait()
    found = holder(database, "batch:a")
    assert found is not None
    assert (found.pid, found.alive) == (other.pid, False)
    runner.take("batch:a")
    found = holder(database, "batch:a")
    assert found is not None
    assert (found.pid, found.alive) == (os.getpid(), True)


def test_a_process_that_stands_still_is_never_taken_over(
    database: Database, runner: Runner, child: Callable[..., Any]
) -> None:
    other = child(TAKING, database.folder)
    assert take(other, "batch:a") == "taken"
    database.writer.do(lambda connection: connection.execute(update(schema.lease).values(heartbeat=0)))
    os.kill(other.pid, signal.SIGSTOP)
    while Process(*_identity(database)).standing() is not Standing.FROZEN:
        assert other.process.poll() is None
    with pytest.raises(HeldError, match=rf"process {other.pid}, since .*'kill -CONT {other.pid}' lets it go on"):
        runner.take("batch:a")
    found = holder(database, "batch:a")
    assert found is not None
    assert (found.alive, found.frozen) == (True, True)
    os.kill(other.pid, signal.SIGCONT)
    assert "is run by this process" in take(other, "batch:a")
    assert other.end() == 0
    runner.take("batch:a")


def _identity(database: Database) -> tuple[Any, ...]:
    with database.reading() as connection:
        columns = (schema.lease.c.host, schema.lease.c.boot, schema.lease.c.pid, schema.lease.c.started)
        return tuple(connection.execute(select(*columns).where(schema.lease.c.name == "batch:a")).one())


def foreign(database: Database, now: float, age: float, **identity: Any) -> None:
    """A lease that another host left behind, its heartbeat `age` seconds ago."""
    row = {"name": "batch:a", "run": "other", "host": "elsewhere", "boot": "b pid:[1]", "pid": 1, "started": 1}
    row |= {"since": now - 1000, "heartbeat": now - age} | identity
    database.writer.do(lambda connection: connection.execute(insert(schema.lease).values(**row)))


def test_another_host_is_believed_while_its_heart_beats(database: Database, clock: Any) -> None:
    runner = Runner(database, clock)
    foreign(database, seconds(clock.now()), 60)
    with pytest.raises(HeldError, match="batch a is run by elsewhere, process 1, since 2026-11-22T09:43:20Z"):
        runner.take("batch:a")
    clock.forward(1)
    runner.take("batch:a")
    runner.close()


def test_an_earlier_boot_of_this_host_is_dead_at_once(database: Database, clock: Any) -> None:
    runner = Runner(database, clock)
    foreign(database, seconds(clock.now()), 0, host=this_process().host, boot="earlier pid:[1]")
    runner.take("batch:a")
    runner.close()


def test_a_process_id_that_came_again_holds_nothing(database: Database, clock: Any) -> None:
    runner, here = Runner(database, clock), this_process()
    living = {"host": here.host, "boot": here.boot, "pid": here.pid}
    foreign(database, seconds(clock.now()), 0, **living, started=here.started - 1)
    runner.take("batch:a").release()
    foreign(database, seconds(clock.now()), 1000, **living, started=here.started)
    with pytest.raises(HeldError, match=f"process {here.pid}, since"):
        runner.take("batch:a")
    runner.close()


def test_who_was_taken_over_is_told_by_whom(
    database: Database, runner: Runner, pair: int, child: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pair_module, "_FRESH", 3600.0)
    lease, mine = runner.take("batch:a"), runner.take_pair(pair)
    fence = Fence(database, pair, mine.epoch)
    lease.check()
    fence.check()
    database.writer.do(lambda connection: connection.execute(update(schema.lease).values(host="x", heartbeat=0)))
    fence.check()
    lease.check()  # nobody has come yet
    other = child(
        TAKING.replace("line.strip())", "line.strip()) if ':' in line else runner.take_pair(int(line))"),
        database.folder,
    )
    assert (take(other, "batch:a"), take(other, str(pair))) == ("taken", "taken")
    by = rf"while this process stood still, {re.escape(this_process().host)}, process {other.pid}, since .* took over"
    with pytest.raises(FencedError, match=f"{by} batch a; nothing more"):
        lease.check()
    fence.check()  # it was seen to be ours just now
    with pytest.raises(FencedError, match=f"{by} this mailbox; nothing more"):
        fence.write(lambda _: None)
    with pytest.raises(FencedError, match=f"{by} this mailbox"):
        Fence(database, pair, mine.epoch).check()
    assert other.end() == 0
    with pytest.raises(FencedError, match="another process, which has given it back since, took over batch a"):
        lease.check()


def test_the_heart_beats_for_all_leases(database: Database, monkeypatch: pytest.MonkeyPatch, clock: Any) -> None:
    monkeypatch.setattr(lease_module, "_BEAT", 0.01)
    runner = Runner(database, clock)
    runner.take("batch:a")
    runner.take("batch:b")
    started = clock.now()
    clock.forward(100)
    beating: set[str] = set()
    while beating != {"batch:a", "batch:b"}:
        with database.reading() as connection:
            rows = connection.execute(select(schema.lease)).all()
        beating = {row.name for row in rows if row.heartbeat == seconds(clock.now())}
    assert {row.since for row in rows} == {seconds(started)}
    runner.close()
    assert names(database) == set()
    with pytest.raises(RuntimeError, match="closed"):
        runner.take("batch:a")


def test_taking_a_pair_fences_whoever_had_it(
    database: Database, runner: Runner, pair: int, child: Callable[..., Any]
) -> None:
    first = runner.take_pair(pair)
    assert (first.epoch, epoch(database, pair)) == (1, 1)
    with pytest.raises(
        HeldError, match=r"mailbox ann at imap.old.example -> ann@new.example at mail.new.example is moved by this"
    ):
        runner.take_pair(pair)
    assert epoch(database, pair) == 1
    first.release()
    other = child(TAKING.replace("runner.take(line.strip())", "runner.take_pair(int(line))"), database.folder)
    assert take(other, str(pair)) == "taken"
    assert epoch(database, pair) == 2
    with pytest.raises(HeldError, match=rf"is moved by .*, process {other.pid}, since"):
        runner.take_pair(pair)
    other.kill()
    other.process.wait()
    assert runner.take_pair(pair).epoch == epoch(database, pair) == 3


def test_what_a_locked_store_does_not_take_back_it_takes_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A console outlives a full disk, and must not find its batch run by itself for ever."""
    monkeypatch.setattr(database_module, "_BUSY", 0.05)
    with Database.open(tmp_path) as database:
        runner = Runner(database)
        slots, lease = Slots(database, runner), runner.take("batch:a")
        assert slots.acquire("imap.example:993", 1)
        with closing(sqlite3.connect(database.path, isolation_level=None)) as foreign:
            foreign.execute("BEGIN IMMEDIATE")
            lease.release()
            slots.release("imap.example:993", 1)
            assert names(database) >= {"batch:a"}
        database.writer.flush()
        runner.take("batch:a")
        other = Runner(database)
        assert Slots(database, other).acquire("imap.example:993", 1)
        other.close()
        runner.close()


def test_closing_gives_everything_back(tmp_path: Path, database: Database) -> None:
    runner, other = Runner(database), Runner(database)
    runner.take("batch:a")
    runner.take("batch:b")
    other.take("batch:c")
    runner.close()
    assert names(database) == {"batch:c"}
    other.close()
    Runner(database).close()
