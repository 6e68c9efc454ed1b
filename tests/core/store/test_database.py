import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import OperationalError

from core.errors import StateError
from core.store import schema
from core.store.database import Database
from core.store.names import VERSION

#: Writes numbers under a name, each in a work of its own, and says each one that is on the disk.
COUNTING = """
    import sys
    from pathlib import Path
    from sqlalchemy import insert
    from core.store import schema
    from core.store.database import Database
    folder, name, upto = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    print("ready", flush=True)
    input()
    with Database.open(folder) as database:
        for number in range(upto):
            row = insert(schema.event).values(
                time=0, level=20, batch=name, mailbox="", folder="", uid=number, kind="library", text="x" * 500)
            database.writer.do(lambda connection: connection.execute(row) and None)
            print(number, flush=True)
"""


def numbers(folder: Path, name: str) -> list[int]:
    """What is in the store of a name, in the order in which it was written."""
    with Database.open(folder) as database, database.reading() as connection:
        query = select(schema.event.c.uid).where(schema.event.c.batch == name).order_by(schema.event.c.id)
        return [int(number) for number in connection.execute(query).scalars()]


def write(database: Database, batch: str) -> None:
    row = insert(schema.wanted).values(batch=batch, mailbox="", wish="run", time=0)
    database.writer.do(lambda connection: connection.execute(row))


def test_a_new_store_is_as_it_should_be(database: Database) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "user_version": VERSION}
    found = database.writer.do(
        lambda connection: {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas}
    )
    assert found == pragmas
    with sqlite3.connect(database.path) as plain:
        tables = {name for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables >= set(schema.metadata.tables)


def test_all_files_are_the_owners_alone(database: Database) -> None:
    write(database, "a")
    assert {path.name for path in database.folder.iterdir()} >= {"state.db", "state.db-wal", "state.db-shm"}
    assert {path.stat().st_mode & 0o777 for path in database.folder.iterdir()} == {0o600}


def test_a_file_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    Database.open(tmp_path).close()
    (tmp_path / "state.db").chmod(0o644)
    with Database.open(tmp_path) as database:
        assert database.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["with blank", "a?b", "a#b", "a%20b", "\u00e4", ":memory:"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with Database.open(tmp_path / name) as database:
        write(database, "a")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name / "state.db").stat().st_size > 0


def test_opening_it_once_more_leaves_the_locks_of_others_alone(database: Database) -> None:
    """Closing any descriptor of a file drops all locks that a process has on it."""

    def locks() -> list[str]:
        lines = Path("/proc/locks").read_text().splitlines()
        inodes = {path.stat().st_ino for path in database.folder.glob("state.db*")}
        fields = [line.split() for line in lines]
        mine = [words for words in fields if words[1] == "POSIX" and words[4] == str(os.getpid())]
        return sorted(" ".join(words[1:]) for words in mine if int(words[5].split(":")[2]) in inodes)

    write(database, "a")
    with database.reading() as connection:
        connection.execute(select(schema.wanted)).all()
        before = locks()
        assert before
        Database.open(database.folder).close()
        assert locks() == before


def test_what_was_written_is_there_after_reopening(tmp_path: Path) -> None:
    with Database.open(tmp_path) as database:
        write(database, "a")
    with Database.open(tmp_path) as database, database.reading() as connection:
        assert connection.execute(select(schema.wanted.c.batch)).scalars().all() == ["a"]
        assert connection.execute(select(func.count()).select_from(schema.revision)).scalar() == 1


def test_a_reader_sees_one_moment_and_never_waits_for_the_writer(database: Database) -> None:
    write(database, "a")
    count = select(func.count()).select_from(schema.wanted)
    with database.reading() as connection:
        assert connection.execute(count).scalar() == 1
        write(database, "b")  # returns: the reader holds nobody up
        assert connection.execute(count).scalar() == 1
    writing, done = threading.Event(), threading.Event()

    def slow(connection: Any) -> None:
        connection.execute(insert(schema.wanted).values(batch="c", mailbox="", wish="run", time=0))
        writing.set()
        assert done.wait(10)

    thread = threading.Thread(target=database.writer.do, args=(slow,))
    thread.start()
    assert writing.wait(10)
    with database.reading() as connection:
        assert connection.execute(count).scalar() == 2
    done.set()
    thread.join()
    with database.reading() as connection:
        assert connection.execute(count).scalar() == 3


def test_many_readers_while_many_write(database: Database) -> None:
    """Every look shows whole transactions only: two rows that are written together are seen together."""
    faults: list[str] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            with database.reading() as connection:
                names = connection.execute(select(schema.wanted.c.batch)).scalars().all()
            if sum(name.startswith("x") for name in names) != sum(name.startswith("y") for name in names):
                faults.append(str(names))

    def twins(thread: int) -> None:
        for number in range(20):
            rows = [{"batch": f"{side}{thread}-{number}", "mailbox": "", "wish": "run", "time": 0} for side in "xy"]
            database.writer.do(lambda c: [c.execute(insert(schema.wanted).values(row)) for row in rows])  # noqa: B023

    readers = [threading.Thread(target=look) for _ in range(4)]
    writers = [threading.Thread(target=twins, args=(number,)) for number in range(8)]
    for thread in readers + writers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    assert faults == []
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(schema.wanted)).scalar() == 320


def test_a_reader_cannot_write(database: Database) -> None:
    with (
        pytest.raises(StateError, match="may only be read"),
        database.reading() as connection,
    ):
        connection.execute(insert(schema.wanted).values(batch="a", mailbox="", wish="run", time=0))


def test_wrong_sql_of_a_reader_is_a_fault(database: Database) -> None:
    with pytest.raises(OperationalError), database.reading() as connection:
        connection.exec_driver_sql("SELECT 1 FROM none")


def test_two_processes_write_side_by_side(tmp_path: Path, child: Callable[..., Any]) -> None:
    """Each gets all its numbers in, and neither has to wait until the other is done."""
    both = [child(COUNTING, tmp_path, name, 150) for name in "ab"]
    for one in both:
        assert one.line() == "ready"
    for one in both:
        one.tell()
    for one in both:
        assert one.end() == 0
    assert numbers(tmp_path, "a") == numbers(tmp_path, "b") == list(range(150))
    with Database.open(tmp_path) as database, database.reading() as connection:
        names = connection.execute(select(schema.event.c.batch).order_by(schema.event.c.id)).scalars().all()
    both_at_work = names[names.index("b" if names[0] == "a" else "a") :]
    turns = [len(list(run)) for _, run in groupby(both_at_work)]
    assert len(turns) > 50  # one that starves the other would make 2


def test_many_processes_make_the_store_at_once(tmp_path: Path, child: Callable[..., Any]) -> None:
    names = "abcd"
    children = [child(COUNTING, tmp_path, name, 3) for name in names]
    for one in children:
        assert one.line() == "ready"
    for one in children:
        one.tell()
    assert [one.end() for one in children] == [0] * 4
    assert [numbers(tmp_path, name) for name in names] == [[0, 1, 2]] * 4


def test_a_killed_process_loses_nothing_that_was_acknowledged(tmp_path: Path, child: Callable[..., Any]) -> None:
    for name in "abc":
        one = child(COUNTING, tmp_path, name, 100_000)
        assert one.line() == "ready"
        one.tell()
        for _ in range(40):
            last = one.line()
        one.kill()
        # What it still managed to say; the pipe outlives it.
        said = [int(line) for line in one.output.read().split("\n") if line.isdigit()]
        acknowledged = max([int(last), *said[:-1]])  # the very last line may be cut
        found = numbers(tmp_path, name)
        assert found == list(range(len(found)))
        assert acknowledged < len(found) <= acknowledged + 3
    with sqlite3.connect(tmp_path / "state.db") as plain:
        assert plain.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    Database.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "state.db") as plain:
        plain.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StateError, match=rf"newer mailcutover \(store version {VERSION + 1}, this one knows"):
        Database.open(tmp_path)


def test_somebody_elses_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "state.db") as plain:
        plain.execute("CREATE TABLE bookmarks (url)")
    with pytest.raises(StateError, match="is not a store of mailcutover"):
        Database.open(tmp_path)
    with sqlite3.connect(tmp_path / "state.db") as plain:
        assert plain.execute("SELECT name FROM sqlite_master").fetchall() == [("bookmarks",)]


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"no database at all, but long enough to be taken for one" * 40)
    with pytest.raises(StateError, match="it is not a database; restore it from a backup"):
        Database.open(tmp_path)


def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    with Database.open(tmp_path) as database:
        for number in range(50):
            write(database, f"{number}")
    data = bytearray((tmp_path / "state.db").read_bytes())
    data[100:4096] = os.urandom(3996)  # the first page behind its header: the list of tables
    (tmp_path / "state.db").write_bytes(data)
    with pytest.raises(StateError, match="it is damaged; restore it from a backup, or move it away"):
        Database.open(tmp_path)


def test_damage_found_later_is_told_as_clearly(tmp_path: Path) -> None:
    with Database.open(tmp_path) as database:
        for number in range(50):
            write(database, f"{number}")
    with sqlite3.connect(tmp_path / "state.db") as plain:
        roots = dict(plain.execute("SELECT name, rootpage FROM sqlite_master WHERE tbl_name = 'wanted'"))
        size = plain.execute("PRAGMA page_size").fetchone()[0]
    data = bytearray((tmp_path / "state.db").read_bytes())
    for root in roots.values():
        data[(root - 1) * size : root * size] = b"\xff" * size
    (tmp_path / "state.db").write_bytes(data)
    with Database.open(tmp_path) as database:
        with pytest.raises(StateError, match="damaged"), database.reading() as connection:
            connection.execute(select(schema.wanted)).all()
        with pytest.raises(StateError, match="damaged"):
            write(database, "x")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"none: no store can be kept here \(No such file or directory\)"):
        Database.open(tmp_path / "none")


#: Opens a store as a user without rights, also when the tests run as root.
OPENING = """
    import os, sys
    from pathlib import Path
    from core.errors import StateError
    from core.store.database import Database
    if os.geteuid() == 0:
        os.seteuid(65534)
    try:
        Database.open(Path(sys.argv[1]))
    except StateError as error:
        print(error, flush=True)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below one that only root may enter."""
    made = Path(tempfile.mkdtemp())
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def test_a_folder_that_may_not_be_written(child: Callable[..., Any], folder: Path) -> None:
    folder.chmod(0o555)
    one = child(OPENING, folder)
    said = one.line()
    assert f"{folder}: no store can be kept here (Permission denied); make the folder readable and writable" in said
    assert one.end() == 0


def test_a_store_that_became_read_only(child: Callable[..., Any], folder: Path) -> None:
    Database.open(folder).close()
    folder.chmod(0o555)
    for file in folder.iterdir():
        file.chmod(0o444)
    one = child(OPENING, folder)
    assert "make the folder readable and writable for this user" in one.line()
    assert one.end() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave files of another user")
def test_files_that_another_user_left_are_named(child: Callable[..., Any], folder: Path) -> None:
    """As when it ran with sudo once."""
    Database.open(folder).close()
    os.chown(folder, 65534, 65534)
    os.chown(folder / "state.db", 65534, 65534)
    one = child(OPENING, folder)
    assert f"{folder}/write.queue: no store can be kept here (Permission denied); make" in one.line()
    assert one.end() == 0
