"""A store, a clock that stands still, batches without a batch file, and processes of their own."""

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from core.store.database import Database
from core.store.lease import Runner

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path) as opened:
        yield opened


@pytest.fixture
def runner(database: Database) -> Iterator[Runner]:
    runner = Runner(database)
    yield runner
    runner.close()


@dataclass
class StillClock:
    """Goes on only when it is told to."""

    time: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 10, 0, tzinfo=UTC))

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def make_batch(tmp_path: Path) -> Callable[..., Any]:
    """What `Batches.add` looks at of a batch: its mailboxes as source login and destination address."""

    def make(
        name: str, mailboxes: dict[str, str], *, source: str = "imap.old.example", file: str | None = None
    ) -> SimpleNamespace:
        return SimpleNamespace(
            name=name,
            file=tmp_path / (file or f"{name}.toml"),
            source=SimpleNamespace(identity=source, max_connections=20),
            destination=SimpleNamespace(identity="mail.new.example", max_connections=12),
            options=SimpleNamespace(mailboxes_at_once=10, bandwidth=None, active_hours=None),
            mailboxes=tuple(SimpleNamespace(source=login, destination=address) for login, address in mailboxes.items()),
        )

    return make


class Child:
    """Another process with our code, spoken to line by line."""

    def __init__(self, code: str, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.input: IO[str] = self.process.stdin
        self.output: IO[str] = self.process.stdout

    @property
    def pid(self) -> int:
        return self.process.pid

    def line(self) -> str:
        """What it says next; '' when it has ended."""
        return self.output.readline().strip()

    def tell(self, text: str = "") -> None:
        self.input.write(text + "\n")
        self.input.flush()

    def end(self) -> int:
        """Let it come to its end."""
        self.input.close()
        self.output.read()
        code = self.process.wait(60)
        self.output.close()
        return code

    def kill(self) -> None:
        """SIGKILL, without collecting it: it stays a zombie until `bury`."""
        self.process.kill()

    def bury(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.input, self.output):
            if not stream.closed:
                stream.close()


@pytest.fixture
def child() -> Iterator[Callable[..., Child]]:
    children = []

    def start(code: str, *arguments: object) -> Child:
        children.append(Child(code, *arguments))
        return children[-1]

    yield start
    for one in children:
        one.bury()
