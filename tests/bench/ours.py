"""mailcutover as a tool of the bench: a batch file, a run in a process of its own, and what the store says of it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from core.event import EventKind, Level
from core.store.database import Database
from core.store.events import EventLog
from core.store.times import seconds
from tests.bench.measure import Figures, run

_BATCH = "bench"
_MANY = 1000


@dataclass(frozen=True, slots=True)
class Sides:
    """Where the mail comes from and goes to, as a batch file has it."""

    source: dict[str, Any]
    destination: dict[str, Any]


def imap_sides(source_port: int, target_port: int) -> Sides:
    """From one IMAP server to another."""
    source = {"host": "127.0.0.1", "port": source_port, "security": "none"}
    return Sides(source, source | {"kind": "imap", "port": target_port})


def ews_sides(source_port: int, url: str) -> Sides:
    """From an IMAP server to Exchange, with impersonation."""
    source = {"host": "127.0.0.1", "port": source_port, "security": "none"}
    return Sides(source, {"url": url, "username": "svc", "password": "env:PASSWORD", "max_connections": 20})


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch with a state folder of its own."""

    folder: Path
    password: str

    def write(self, sides: Sides, users: Sequence[tuple[str, str]]) -> None:
        """The file: `users` are logins at the source, and logins or addresses at the destination."""
        self.folder.mkdir(exist_ok=True)
        direct = sides.destination.get("kind") == "imap"
        own = {"destination_password": "env:PASSWORD"} if direct else {}
        batch = {
            "name": _BATCH,
            "source": sides.source,
            "destination": sides.destination,
            "options": {
                "mailboxes_at_once": min(20, max(10, len(users))),
                "max_message_size": "200 MB" if direct else "48 MB",
            },
            "mailboxes": [
                {"source": source, "password": "env:PASSWORD", "destination": target} | own for source, target in users
            ],
        }
        self.file.write_text(tomli_w.dumps(batch))

    def run(self) -> tuple[Figures, float]:
        """One pass over each; what the process took, and the seconds of that from sign-in to the last mailbox's end."""
        figures = run([self.command("run", str(self.file))], {"PASSWORD": self.password})
        with Database.open(self.state) as database:
            log = EventLog(database)
            last = 0
            times: dict[EventKind, float] = {}
            while page := log.read(_BATCH, after=last, limit=_MANY, level=Level.INFO):
                last = page[-1][0]
                times |= {event.kind: seconds(event.time) for _, event in page}
        return figures, times[EventKind.BATCH_FINISHED] - times[EventKind.BATCH_STARTED]

    def command(self, *words: str) -> list[str]:
        """The command line, as a user has it."""
        return [sys.executable, "-P", "-m", "core", *words, "--state", str(self.state)]

    @property
    def file(self) -> Path:
        """The batch file."""
        return self.folder / "bench.toml"

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder / "state"
