"""Batches that the console runs in its own process: starting, quitting, being asked."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.batch.prompt import forget
from core.clock import Clock, SystemClock
from core.engine.context import Doors
from core.engine.host import Host
from core.engine.retry import Patience
from core.ports.failure import Failure, Side
from core.status import Wish
from core.store.database import Database
from core.store.holder import holder
from core.store.wanted import Wanted
from core.sync.mailbox_pass import run_pass
from tests.fakes import World
from tests.tui.screen import Shown, run, shown

_TOML = """\
name = "sales"
[source]
kind = "imap"
host = "127.0.0.1"
security = "none"
[destination]
kind = "imap"
host = "mail.new.example"
[options]
mailboxes_at_once = 2
settle = "0.001s"
"""
_MAILBOX = """
[[mailboxes]]
source = "{login}"
destination = "{login}@new.example"
password = "{password}"
destination_password = "env:MAILCUTOVER_TEST_SECRET"
"""


class Ground:
    """A batch file, mailboxes in memory with three messages each, and a host between them."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.folder = folder

    def file(self, *logins: str, password: str = "env:MAILCUTOVER_TEST_SECRET") -> Path:
        for login in logins:
            self.world.source(login, 3)
        path = self.folder / "sales.toml"
        path.write_text(_TOML + "".join(_MAILBOX.format(login=login, password=password) for login in logins))
        return path

    def host(self, database: Database, clock: Clock) -> Host:
        doors = Doors(self.world.open_source, self.world.open_destination, run_pass)
        return Host(database, clock, doors=doors, patience=Patience(before_first=(0.02, 0.04), shortest=0.02))

    def moved(self) -> dict[str, int]:
        return {address: account.count() for address, account in self.world.destinations.items()}


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("MAILCUTOVER_TEST_SECRET", "secret")
    yield Ground(tmp_path)
    forget("the old password")


class Gate:
    """Holds what the destination is given until the test opens it."""

    def __init__(self, world: World) -> None:
        import threading

        self.reached, self.open = threading.Event(), threading.Event()
        world.trouble = self._hold

    def _hold(self, side: Side, _who: str, call: str) -> Failure | None:
        if side is Side.DESTINATION and call == "write":
            self.reached.set()
            assert self.open.wait(30)
        return None


def test_a_batch_file_is_opened_and_started(empty: Database, ground: Ground) -> None:
    async def look() -> None:
        files = [ground.file("ann", "ben")]
        async with shown(empty, files=files, clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales", "Created", "ann", "ben")
            await screen.pilot.press("s")
            await screen.shows("Synced", "2/2", "100%")
            assert ground.moved() == {"ann@new.example": 3, "ben@new.example": 3}
            await screen.pilot.press("q")
            await screen.until(lambda: screen.ended is not None, "the end")
            assert screen.ended == 0

    run(look)


def test_one_mailbox_alone_is_started(empty: Database, ground: Ground) -> None:
    async def look() -> None:
        files = [ground.file("ann", "ben")]
        async with shown(empty, files=files, clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("ann", "ben")
            await screen.press("2", "j")
            await screen.pilot.press("s")
            await screen.until(lambda: ground.moved() == {"ben@new.example": 3}, "ben")
            await screen.until(lambda: screen.app.runs.ended)
            assert "ann@new.example" not in ground.moved()

    run(look)


def test_all_problems_of_a_batch_file_are_told(empty: Database, tmp_path: Path) -> None:
    async def look() -> None:
        bad = tmp_path / "bad.toml"
        bad.write_text('name = "[/red]"\nnmae = 1\n[source]\nkind = "imap"\n')
        async with shown(empty, files=[bad]) as screen:
            await screen.shows("bad.toml cannot be opened", "nmae", "[/red]", "destination")
            await screen.press("escape")
            await screen.shows("No batch yet")

    run(look)


def test_a_file_that_was_renamed_is_not_another_batch(empty: Database, ground: Ground) -> None:
    async def look() -> None:
        path = ground.file("ann")
        async with shown(empty, files=[path], make_host=ground.host) as screen:
            await screen.shows("sales")
            path.write_text(path.read_text().replace('"sales"', '"marketing"'))
            await screen.pilot.press("s")
            await screen.shows("sales cannot be started", "holds the batch marketing, no longer sales")
            assert screen.app.runs.ended

    run(look)


def test_a_typed_secret_is_asked_for_unseen(empty: Database, ground: Ground) -> None:
    async def look() -> None:
        files = [ground.file("ann", password="prompt:the old password")]
        async with shown(empty, files=files, clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales")
            await screen.pilot.press("s")
            await screen.shows("Needed to start", "the old password")
            await screen.pilot.press("escape")
            await screen.shows("sales: not started")
            await screen.pilot.press("s")
            await screen.shows("Needed to start")
            await screen.pilot.press(*"hunter2")
            await screen.pilot.pause()
            assert "hunter2" not in screen.text
            await screen.pilot.press("enter")
            await screen.until(lambda: ground.moved() == {"ann@new.example": 3}, "ann")

    run(look)


async def _flying(screen: Shown, gate: Gate) -> None:
    await screen.shows("sales")
    await screen.pilot.press("s")
    await asyncio.to_thread(gate.reached.wait, 20)
    await screen.shows("Syncing")
    await screen.pilot.press("q")
    await screen.shows("1 batch runs in this process: sales", "Cancel", "Pause and quit", "Stop and quit")


def test_quitting_while_a_batch_runs_can_be_cancelled(empty: Database, ground: Ground) -> None:
    async def look() -> None:
        gate = Gate(ground.world)
        files = [ground.file("ann")]
        async with shown(empty, files=files, clock=SystemClock(), make_host=ground.host) as screen:
            await _flying(screen, gate)
            await screen.pilot.press("enter")  # the safe answer is chosen
            await screen.settle()
            assert not screen.app.runs.ended
            gate.open.set()
            await screen.shows("Synced")

    run(look)


@pytest.mark.parametrize(("key", "word"), [("s", "Stopping, 1 in flight"), ("p", "Pausing, 1 in flight")])
def test_quitting_waits_for_what_is_in_flight(empty: Database, ground: Ground, key: str, word: str) -> None:
    async def look() -> None:
        gate = Gate(ground.world)
        files = [ground.file("ann")]
        async with shown(empty, files=files, clock=SystemClock(), make_host=ground.host) as screen:
            await _flying(screen, gate)
            await screen.pilot.press(key)
            await screen.shows(word)
            await asyncio.sleep(0.3)
            assert screen.ended is None
            assert holder(empty, "batch:sales") is not None
            if key == "p":
                assert Wanted(empty).read("sales").batch is Wish.PAUSE
            gate.open.set()
            await screen.until(lambda: screen.ended == 3, "the end")
        assert holder(empty, "batch:sales") is None

    run(look)


def test_a_signal_stops_what_runs_at_a_message_boundary(empty: Database, ground: Ground) -> None:
    async def look() -> None:
        gate = Gate(ground.world)
        files = [ground.file("ann")]
        async with shown(empty, files=files, clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales")
            await screen.pilot.press("s")
            await asyncio.to_thread(gate.reached.wait, 20)
            screen.app.leave()
            await screen.until(lambda: screen.ended == 3, "the end")
            assert screen.app.runs.in_flight == 1
            gate.open.set()
            await asyncio.to_thread(screen.app.runs.close)
            assert screen.app.runs.ended
        again = ground.host(empty, SystemClock())
        from core.batch.load import load

        batch = load(files[0])
        assert again.start(batch).join(20)
        again.close()
        assert ground.moved() == {"ann@new.example": 3}

    run(look)


def test_nothing_is_started_any_more_while_ending(empty: Database, ground: Ground) -> None:
    async def look() -> None:
        files = [ground.file("ann")]
        async with shown(empty, files=files, make_host=ground.host) as screen:
            await screen.shows("sales")
            screen.app.runs.stop()
            await screen.press("s")
            assert screen.app.runs.ended
        assert ground.moved() == {}

    run(look)


def test_a_mailbox_paused_by_itself_is_resumed_when_all_others_are_done(empty: Database, ground: Ground) -> None:
    async def look() -> None:
        files = [ground.file("ann", "ben")]
        Wanted(empty).want("sales", Wish.PAUSE, "ann")
        async with shown(empty, files=files, clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales", "Created", "ann", "ben")
            await screen.pilot.press("s")
            await screen.shows("paused", "1/2")
            await screen.press("2")
            await screen.pilot.press("r")
            await screen.shows("Synced", "2/2")
            assert ground.moved() == {"ann@new.example": 3, "ben@new.example": 3}

    run(look)
