"""What the engine's tests share: a world of mailboxes in memory, and a host over a real store."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.batch.definition import Batch, define
from core.engine.context import Doors
from core.engine.host import BatchRun, Host
from core.engine.retry import Patience
from core.event import Event
from core.ports.failure import Failure, Side
from core.status import Wish
from core.store.database import Database
from core.store.views import BatchView, MailboxView, batches, mailboxes
from core.store.wanted import Wanted
from core.sync.mailbox_pass import run_pass
from tests.fakes import World

#: The waits of a minute and of a day, in a blink.
QUICK = Patience(before_first=(0.02, 0.04), shortest=0.02, longest=0.1)


@pytest.fixture
def no_thread_left() -> Iterator[None]:
    """Every thread of ours that a test starts has ended when it does; the store's own are daemons."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and not thread.daemon]
    assert left == []


def wait_until(so: Callable[[], object]) -> None:
    """Wait until something is so; fail when it does not become so."""
    deadline = time.monotonic() + 20
    while not so():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.005)


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    return wait_until


class Hold:
    """Holds the first call of a kind in flight, until the test lets it go."""

    def __init__(self, side: Side, call: str) -> None:
        self.reached = threading.Event()
        self.go = threading.Event()
        self._side = side
        self._call = call

    def __call__(self, side: Side, who: str, call: str) -> Failure | None:
        if (side, call) == (self._side, self._call):
            self.reached.set()
            assert self.go.wait(30)
        return None


class Scene:
    """A world, a store, and a host between them."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.database = Database.open(folder)
        self.doors = Doors(self.world.open_source, self.world.open_destination, run_pass)
        self.host = Host(self.database, doors=self.doors, patience=QUICK)
        self.events: list[Event] = []
        self.until = wait_until

    def batch(self, name: str = "sales", *, logins: str = "ann ben", options: Mapping[str, Any] | None = None) -> Batch:
        """A batch of these mailboxes, each with three messages at the source."""
        for login in logins.split():
            if login not in self.world.sources:
                self.world.source(login, messages=3)
        table = {
            "name": name,
            "source": {"host": "old.example"},
            "destination": {
                "url": "https://new.example/EWS/Exchange.asmx",
                "username": "svc@new.example",
                "password": "env:EXCHANGE_PASSWORD",
            },
            "options": {"settle": "0.001s", **(options or {})},
            "mailboxes": [
                {"source": login, "destination": f"{login}@new.example", "password": "env:PASSWORD"}
                for login in logins.split()
            ],
        }
        return define(table, f"{name}.toml")

    def start(self, batch: Batch, **options: Any) -> BatchRun:
        return self.host.start(batch, tell=self.events.append, **options)

    def run(self, batch: Batch, **options: Any) -> BatchRun:
        """Start a batch and wait for its end."""
        run = self.start(batch, **options)
        assert run.join(30)
        return run

    def hold(self, side: Side, call: str) -> Hold:
        """From now on these calls wait until the test lets them go."""
        self.world.trouble = hold = Hold(side, call)
        return hold

    def want(self, wish: Wish, mailbox: str | None = None, batch: str = "sales") -> None:
        Wanted(self.database).want(batch, wish, mailbox)

    def view(self, batch: str = "sales") -> BatchView:
        with self.database.look() as look:
            return next(view for view in batches(look) if view.name == batch)

    def views(self, batch: str = "sales") -> dict[str, MailboxView]:
        with self.database.look() as look:
            return {view.source: view for view in mailboxes(look, batch)[0]}

    def statuses(self, batch: str = "sales") -> list[tuple[str, str, str | None]]:
        return [(view.source, view.status.value, view.condition) for view in self.views(batch).values()]

    def kinds(self, mailbox: str | None = None) -> list[str]:
        """The events so far, of the batch itself ("") or of a mailbox; those of messages and folders left out."""
        return [
            event.kind.value
            for event in list(self.events)
            if mailbox in {None, event.mailbox} and event.kind.value.partition(".")[0] in {"batch", "mailbox", "fault"}
        ]

    def copied(self, login: str) -> int:
        return self.world.destination(f"{login}@new.example").count()

    def close(self) -> None:
        self.host.close()
        self.database.close()


@pytest.fixture
def scene(tmp_path: Path, no_thread_left: None) -> Iterator[Scene]:
    scene = Scene(tmp_path)
    try:
        yield scene
    finally:
        scene.close()
        assert not +scene.world.open, "connections were left open"
