"""The program as a user has it: a batch file, a state folder, commands in processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import tomli_w

from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot

SECRETS = {"OLD_PASSWORD": Dovecot.password, "EXCHANGE_PASSWORD": "secret", "NEW_PASSWORD": Dovecot.password}
_PATIENCE = 60.0
_IMPATIENT = """
import sys
from functools import partial
from core.engine import host
host.Patience = partial(host.Patience, before_first=({seconds}, {seconds}), shortest={seconds}, longest=2)
from core.cli.main import main
sys.exit(main())
"""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What `run --json` printed."""

    events: list[dict[str, Any]]

    @classmethod
    def read(cls, said: str) -> Self:
        """From what it said."""
        migrated = cls([json.loads(line) for line in said.splitlines()])
        assert migrated.events[-1]["event"] == "summary"
        return migrated

    @property
    def text(self) -> str:
        """The summary in one line."""
        said: str = self.events[-1]["text"]
        return said

    @property
    def status(self) -> dict[str, Any]:
        """The batch, as `status --json` has it."""
        batch: dict[str, Any] = self.events[-1]["status"]["batches"][0]
        return batch

    def counts(self, mailbox: int = 0) -> dict[str, int]:
        """The messages of one mailbox per outcome."""
        return counts_of(self.status, mailbox)

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind."""
        return [event for event in self.events if event["event"] == kind]


class Child:
    """A command that was left running. What it says goes to a file, so that it never waits for a reader."""

    def __init__(self, command: list[str], environment: Mapping[str, str], output: Path) -> None:
        self._output = output
        with output.open("wb") as file:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self._output.read_text()

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._process.poll() is not None

    def until_said(self, text: str, times: int = 1) -> None:
        """Wait until it has said this, so often."""
        end = time.monotonic() + _PATIENCE
        while self.output.count(text) < times:
            assert not self.ended, self.output
            assert time.monotonic() < end, self.output
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut does, and wait until it is gone."""
        self._process.kill()
        self._process.wait(_PATIENCE)

    def wait(self, exit_code: int = 0) -> str:
        """Wait for its end, which must be with `exit_code`; what it said."""
        code = self._process.wait(_PATIENCE)
        assert code == exit_code, f"{code}\n{self.output}"
        assert "Traceback" not in self.output
        return self.output


class Program:
    """Runs commands with one state folder. Everything ends with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.environment = os.environ | SECRETS | {"MAILCUTOVER_STATE": str(self.state)}
        self._children: list[Child] = []

    def batch(self, tables: Mapping[str, Any], file: str = "batch.toml") -> Path:
        """Write a batch file."""
        path = self.folder / file
        path.write_text(tomli_w.dumps(tables))
        return path

    def run(self, *arguments: str | Path, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, which must be with `exit_code`."""
        done = subprocess.run(
            self._command(arguments), env=self.environment, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == exit_code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def migrate(self, *arguments: str | Path, exit_code: int = 0) -> Migrated:
        """`run --json` to its end."""
        return Migrated.read(self.run("run", *arguments, "--json", exit_code=exit_code).stdout)

    def start(self, *arguments: str | Path) -> Child:
        """Start a command and leave it running."""
        child = Child(self._command(arguments), self.environment, self.folder / f"output{len(self._children)}.txt")
        self._children.append(child)
        return child

    def status(self, batch: str) -> dict[str, Any]:
        """`status --json` of one batch."""
        answer = json.loads(self.run("status", batch, "--json").stdout)
        found: dict[str, Any] = answer["batches"][0]
        return found

    def counts(self, batch: str, mailbox: int = 0) -> dict[str, int]:
        """The messages of one mailbox per outcome."""
        return counts_of(self.status(batch), mailbox)

    def events(self, batch: str, kind: str | None = None, *arguments: str) -> list[dict[str, Any]]:
        """`log --json` down to single messages; only of one kind, where that is given."""
        lines = self.run("log", batch, "--json", "--level", "debug", *arguments).stdout.splitlines()
        return [event for line in lines if (event := json.loads(line))["event"] == kind or kind is None]

    def until(self, batch: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the status of a batch that runs elsewhere is as wanted."""
        end = time.monotonic() + _PATIENCE
        command = self._command(("status", batch, "--json"))
        while time.monotonic() < end:
            # A run that has just begun may not have told the store its name.
            said = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
            if said.returncode == 0:
                found: dict[str, Any] = json.loads(said.stdout)["batches"][0]
                if holds(found):
                    return found
        raise AssertionError(f"never came true: {said.stdout}{said.stderr}")

    def close(self) -> None:
        """End what still runs."""
        for child in self._children:
            if not child.ended:
                child.kill()

    def _command(self, arguments: tuple[str | Path, ...]) -> list[str]:
        return [sys.executable, "-P", "-m", "core", *map(str, arguments)]


class Impatient(Program):
    """The same command line, but its shortest waits for a server take so many seconds, and none takes a minute."""

    def __init__(self, folder: Path, seconds: float) -> None:
        super().__init__(folder)
        self._main = _IMPATIENT.format(seconds=seconds)

    def _command(self, arguments: tuple[str | Path, ...]) -> list[str]:
        return [sys.executable, "-P", "-c", self._main, *map(str, arguments)]


def until(so: Callable[[], bool]) -> None:
    """Wait until something outside is so."""
    end = time.monotonic() + _PATIENCE
    while not so():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def counts_of(batch: Mapping[str, Any], mailbox: int = 0) -> dict[str, int]:
    """The messages of one mailbox per outcome, which add up; outcomes without any are left out."""
    messages: dict[str, int] = dict(batch["mailboxes"][mailbox]["messages"])
    total = messages.pop("total")
    assert total == sum(messages.values()) - messages["source_gone"]
    return {outcome: number for outcome, number in messages.items() if number}


class Server(Protocol):
    """Where an IMAP server listens."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...


def to_exchange(source: Server, exchange: PracticeExchange, *users: str, name: str = "wave") -> dict[str, Any]:
    """A batch from an IMAP server to the practice Exchange."""
    return {
        "name": name,
        "source": _server(source),
        "destination": {
            "kind": "ews",
            "url": exchange.url,
            "username": "svc",
            "password": "env:EXCHANGE_PASSWORD",
        },
        "options": {"settle": "2s"},
        "mailboxes": [
            {"source": user, "destination": f"{user}@new.example", "password": "env:OLD_PASSWORD"} for user in users
        ],
    }


def to_imap(source: Server, destination: Server, *users: str, name: str = "wave") -> dict[str, Any]:
    """A batch from one IMAP server to another."""
    return {
        "name": name,
        "source": _server(source),
        "destination": {"kind": "imap"} | _server(destination),
        "options": {"settle": "2s"},
        "mailboxes": [
            {
                "source": user,
                "destination": f"{user}-new",
                "password": "env:OLD_PASSWORD",
                "destination_password": "env:NEW_PASSWORD",
            }
            for user in users
        ],
    }


def _server(server: Server) -> dict[str, Any]:
    return {"host": server.host, "port": server.port, "security": "none"}
