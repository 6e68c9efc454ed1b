"""A store that cannot be used: one line with the cure and exit code 2, nothing wrongly believed, and on it goes."""

import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from sqlalchemy import delete

from core.cli import status
from core.ports.failure import Failure, Side
from core.store import database as database_module
from core.store import location, schema
from core.store.names import VERSION
from tests.disk import FullDisk, SizeLimit, can_mount
from tests.fakes import World

if TYPE_CHECKING:
    from tests.core.cli.conftest import CommandLine, Ended


class Trouble(Protocol):
    """Something that keeps the store from being written."""

    says: str

    def begin(self) -> None: ...

    def end(self) -> None: ...


class ForeignLock:
    """Another program has begun to write, and does not end."""

    says = "another program has locked it; end that program (such as a database browser) and try again"

    def __init__(self, state: Path) -> None:
        self._path = state / "state.db"
        self._other: sqlite3.Connection | None = None

    def begin(self) -> None:
        self._other = sqlite3.connect(self._path, isolation_level=None, timeout=10, check_same_thread=False)
        self._other.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        if self._other is not None:
            self._other.close()


@pytest.fixture(params=[*(["full"] if can_mount() else []), "limit", "lock"])
def trouble(request: pytest.FixtureRequest, cli: "CommandLine", monkeypatch: pytest.MonkeyPatch) -> Iterator[Trouble]:
    monkeypatch.setattr(database_module, "_BUSY", 0.1)
    if request.param == "full":
        disk = FullDisk(cli.state)
        yield disk
        disk.unmount()
        return
    made: Trouble = SizeLimit(cli.state) if request.param == "limit" else ForeignLock(cli.state)
    yield made
    made.end()


def complaints(ended: "Ended") -> list[str]:
    assert "Traceback" not in ended.err
    return [line for line in ended.err.splitlines() if line.startswith("mailcutover: ")]


def told(cli: "CommandLine", ended: "Ended", says: str) -> None:
    """What is wrong and what helps, in the first line; what comes after it says what was lost."""
    assert ended.code == 2
    first, *rest = complaints(ended)
    assert first.startswith(f"mailcutover: {cli.state}/state.db: ")
    assert says in first
    assert all("late changes of events and progress are lost" in line for line in rest)


def at(world: World, side: Side, call: str, then: Callable[[], None]) -> None:
    """What happens just before the first such call."""

    def trouble(at: Side, _who: str, asked: str) -> Failure | None:
        if (at, asked) == (side, call):
            world.trouble = lambda _side, _who, _call: None
            then()
        return None

    world.trouble = trouble


def ended_for_good(cli: "CommandLine") -> None:
    """The process that ran is dead, and with it its leases: here it goes on, as the one that tests."""
    with cli.store() as database:
        database.writer.do(lambda connection: connection.execute(delete(schema.lease)))


def copied(world: World) -> int:
    return world.destination("ann@new.example").count()


def test_no_mail_leaves_without_its_intent(cli: "CommandLine", world: World, trouble: Trouble) -> None:
    file = cli.batch(logins="ann")
    at(world, Side.SOURCE, "fetch", trouble.begin)
    told(cli, cli("run", file), trouble.says)
    assert (copied(world), world.calls[Side.DESTINATION, "ann@new.example", "write"]) == (0, 0)
    trouble.end()
    ended_for_good(cli)
    assert cli("run", file).code == 0
    assert copied(world) == 3


def test_what_was_stored_and_could_not_be_written_down_is_looked_up(
    cli: "CommandLine", world: World, trouble: Trouble
) -> None:
    file = cli.batch(logins="ann")
    at(world, Side.DESTINATION, "write", trouble.begin)
    told(cli, cli("run", file), trouble.says)
    assert copied(world) == 3
    trouble.end()
    ended_for_good(cli)
    ended = cli("run", file)
    assert (ended.code, "3 messages copied" in ended.out) == (0, True)
    assert (copied(world), world.calls[Side.DESTINATION, "ann@new.example", "write"]) == (3, 1)
    assert cli("log", "sales").out.count("was stored after all: not sent again") == 3


@pytest.mark.parametrize("trouble", ["full"] if can_mount() else [], indirect=True)
def test_a_disk_that_is_full_from_the_beginning(cli: "CommandLine", world: World, trouble: Trouble) -> None:
    file = cli.batch(logins="ann")
    trouble.begin()
    for command in (("run", file), ("status",)):
        ended = cli(*command)
        told(cli, ended, trouble.says)
        assert len(complaints(ended)) == 1
    trouble.end()
    assert cli("run", file).code == 0
    assert copied(world) == 3


@pytest.mark.parametrize("trouble", ["full"] if can_mount() else [], indirect=True)
def test_a_disk_that_may_only_be_read(cli: "CommandLine", world: World, trouble: Trouble) -> None:
    file = cli.batch(logins="ann")
    assert cli("run", file).code == 0
    world.source("ann", messages=1)
    subprocess.run(["mount", "-o", "remount,ro", cli.state], check=True)
    for command in (("run", file), ("status",)):
        ended = cli(*command)
        (line,) = complaints(ended)
        assert (ended.code, ended.out) == (2, "")
        assert "no store can be kept here (Read-only file system); make the folder readable and writable" in line
    assert copied(world) == 3


@pytest.mark.parametrize("trouble", ["full"] if can_mount() else [], indirect=True)
def test_a_fault_on_a_full_disk_is_told_in_one_line(
    cli: "CommandLine", trouble: Trouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("unlikely")

    monkeypatch.setattr(status, "status_object", broken)
    with cli.store() as another, another.reading() as connection:  # so that it can be read at all
        connection.exec_driver_sql("SELECT * FROM batch")
        trouble.begin()
        for temporary, details in ((tmp_path, f"are in {tmp_path}/crash-"), (cli.state, "no room to keep its details")):
            monkeypatch.setattr("tempfile.tempdir", str(temporary))
            ended = cli("status", "--json")
            (line,) = complaints(ended)
            assert (ended.code, ended.out, details in line) == (70, "", True)
    assert list(cli.state.glob("crash-*")) == []


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        plain.execute(f"PRAGMA user_version = {VERSION + 1}")


def header_gone(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes(100) + data[100:])


def half_gone(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def another_file(path: Path) -> None:
    path.write_text("a shopping list\n" * 1000)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (newer, "use that one, or another folder with --state DIR"),
        (header_gone, "it is not a database; restore it from a backup, or move it away to begin anew"),
        (half_gone, "it is damaged; restore it from a backup, or move it away to begin anew"),
        (another_file, "it is not a database; restore it from a backup, or move it away to begin anew"),
    ],
    ids=["newer", "header gone", "half gone", "another file"],
)
def test_a_store_that_cannot_be_trusted_is_left_as_it_is(
    cli: "CommandLine", world: World, spoil: Callable[[Path], None], says: str
) -> None:
    file = cli.batch(logins="ann")
    assert cli("run", file).code == 0
    store = cli.state / "state.db"
    spoil(store)
    before = store.read_bytes()
    world.source("ann", messages=1)
    for command in (("run", file), ("status", "sales"), ("log", "sales"), ("pause", "sales")):
        ended = cli(*command)
        told(cli, ended, says)
        assert (ended.out, len(ended.err.splitlines())) == ("", 1)
    assert store.read_bytes() == before
    assert copied(world) == 3


def test_a_ledger_that_is_damaged_in_the_middle_moves_nothing(cli: "CommandLine", world: World) -> None:
    file = cli.batch(logins="ann ben")
    world.source("ann", messages=300)
    assert cli("run", file).code == 0
    store = cli.state / "state.db"
    with closing(sqlite3.connect(store)) as plain:
        size = plain.execute("PRAGMA page_size").fetchone()[0]
        (root,) = plain.execute("SELECT rootpage FROM sqlite_master WHERE name = 'message'").fetchone()
        pages = plain.execute("PRAGMA page_count").fetchone()[0]
    data = bytearray(store.read_bytes())
    assert 1 < root < pages
    data[(root - 1) * size : root * size] = b"\xff" * size
    store.write_bytes(data)
    world.source("ben", messages=1)
    before = world.calls.copy()
    told(cli, cli("run", file), "it is damaged; restore it from a backup, or move it away to begin anew")
    for who in ("ann@new.example", "ben@new.example"):
        assert world.calls[Side.DESTINATION, who, "write"] == before[Side.DESTINATION, who, "write"]


def test_a_network_file_system_is_refused(cli: "CommandLine", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"1 1 0:1 / / rw - ext4 x rw\n2 1 0:2 / {tmp_path} rw - nfs4 filer:/x rw\n")
    monkeypatch.setattr(location, "_MOUNTS", mounts)
    ended = cli("run", cli.batch(logins="ann"))
    assert (ended.code, ended.out) == (2, "")
    (line,) = complaints(ended)
    assert "is on a network file system (nfs4 at" in line
    assert "name a folder on a local disk with --state DIR or MAILCUTOVER_STATE" in line
    assert not cli.state.exists()
