"""A command line in this process, with servers in memory."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import main
from core.engine import host
from core.engine.context import Doors
from core.store.database import Database
from core.sync.mailbox_pass import run_pass
from tests.fakes import World

BATCH = """\
name = "{name}"
[source]
host = "old.example"
[destination]
url = "https://new.example/EWS/Exchange.asmx"
username = "svc@new.example"
password = "env:EXCHANGE_PASSWORD"
[options]
settle = "0.001s"
{options}
"""
MAILBOX = """
[[mailboxes]]
source = "{login}"
destination = "{login}@new.example"
password = "env:OLD_PASSWORD"
"""


@dataclass
class Ended:
    """What a command left: its exit code, and what it printed."""

    code: int
    out: str
    err: str


class CommandLine:
    """Calls commands, over one state folder and one world."""

    def __init__(self, folder: Path, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.world = world
        self._capsys = capsys

    def __call__(self, *args: str, **options: Any) -> Ended:
        self._capsys.readouterr()
        code = main(["--state", str(self.state), *args], **options)
        printed = self._capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    def batch(self, name: str = "sales", *, logins: str = "ann ben", options: str = "") -> str:
        """Write a batch file, its mailboxes with three messages each."""
        text = BATCH.format(name=name, options=options)
        for login in logins.split():
            text += MAILBOX.format(login=login)
            if login not in self.world.sources:
                self.world.source(login, messages=3)
        path = self.folder / f"{name}.toml"
        path.write_text(text)
        return str(path)

    def store(self) -> AbstractContextManager[Database]:
        """The store, as another process has it open."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        return Database.open(self.state)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Servers in memory behind every batch; their secrets are set."""
    world = World()
    doors = Doors(world.open_source, world.open_destination, run_pass)
    monkeypatch.setattr(host, "real_doors", lambda *_: doors)
    monkeypatch.setenv("EXCHANGE_PASSWORD", "hunter2")
    monkeypatch.setenv("OLD_PASSWORD", "hunter3")
    return world


@pytest.fixture
def cli(tmp_path: Path, world: World, capsys: pytest.CaptureFixture[str]) -> Iterator[CommandLine]:
    yield CommandLine(tmp_path, world, capsys)
    assert not +world.open, "connections were left open"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """For commands in a process of their own: a state folder, and secrets."""
    return {
        **os.environ,
        "MAILCUTOVER_STATE": str(tmp_path / "state"),
        "EXCHANGE_PASSWORD": "hunter2",
        "OLD_PASSWORD": "hunter3",
    }
