"""The program as a user has it: a batch file, a state folder, commands in processes of their own."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot

SECRETS = {"OLD_PASSWORD": Dovecot.password, "EXCHANGE_PASSWORD": "secret", "NEW_PASSWORD": Dovecot.password}
_PATIENCE = 60.0


class Program:
    """Runs commands with one state folder. Everything ends with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.environment = os.environ | SECRETS | {"MAILCUTOVER_STATE": str(self.state)}
        self._children: list[subprocess.Popen[str]] = []

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

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        child = subprocess.Popen(
            self._command(arguments),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        self._children.append(child)
        return child

    def status(self, batch: str) -> dict[str, Any]:
        """`status --json` of one batch."""
        answer = json.loads(self.run("status", batch, "--json").stdout)
        found: dict[str, Any] = answer["batches"][0]
        return found

    def until(self, batch: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the status of a batch that runs elsewhere is as wanted."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            found = self.status(batch)
            if holds(found):
                return found
        raise AssertionError(f"never came true: {json.dumps(found, indent=1)}")

    def close(self) -> None:
        """End what still runs."""
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.communicate()

    @staticmethod
    def _command(arguments: tuple[str | Path, ...]) -> list[str]:
        return [sys.executable, "-P", "-m", "core", *map(str, arguments)]


def to_exchange(source: Dovecot, exchange: PracticeExchange, *users: str, name: str = "wave") -> dict[str, Any]:
    """A batch from Dovecot to the practice Exchange."""
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


def to_imap(source: Dovecot, destination: Dovecot, *users: str, name: str = "wave") -> dict[str, Any]:
    """A batch from Dovecot to another one."""
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


def _server(server: Dovecot) -> dict[str, Any]:
    return {"host": server.host, "port": server.port, "security": "none"}
