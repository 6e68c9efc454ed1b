"""Mailboxes on a source that lies, moved in a real run; what arrived is read by somebody else."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest

from core.batch.definition import define
from core.engine.host import Host
from core.event import Event, EventKind
from core.imap.utf7 import decode
from core.store.database import Database
from core.store.views import MailboxView, mailboxes
from tests.contract.scene import QUICK, impatient_doors
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.odd_source import Account, Box, OddSource, short_message
from tests.system.program import SECRETS

Messages = Counter[tuple[str, bytes]]
#: What the mailbox holds that goes well beside the odd ones.
_WELL = range(1, 6)


class Target(Protocol):
    """Where the mailboxes go."""

    def table(self) -> dict[str, Any]:
        """[destination]."""
        ...

    def add(self, login: str) -> dict[str, Any]:
        """Make a mailbox; what [[mailboxes]] says of it."""
        ...

    def read(self, login: str) -> Messages:
        """Folder and bytes of all that arrived, read past the program."""
        ...


class ImapTarget:
    """A Dovecot."""

    def __init__(self, server: Dovecot) -> None:
        self._server = server

    def table(self) -> dict[str, Any]:
        return {"kind": "imap", "host": self._server.host, "port": self._server.port, "security": "none"}

    def add(self, login: str) -> dict[str, Any]:
        return {"destination": f"{login}-new", "destination_password": "env:NEW_PASSWORD"}

    def read(self, login: str) -> Messages:
        return Counter(
            ("/".join(decode(level.encode("latin-1")) for level in record.folder.split("/")), record.data)
            for record in self._server.read(f"{login}-new")
        )


class ExchangeTarget:
    """A practice Exchange."""

    def __init__(self, server: PracticeExchange) -> None:
        self._server = server

    def table(self) -> dict[str, Any]:
        return {"kind": "ews", "url": self._server.url, "username": "svc", "password": "env:EXCHANGE_PASSWORD"}

    def add(self, login: str) -> dict[str, Any]:
        self._server.add_mailbox(f"{login}@new.example")
        return {"destination": f"{login}@new.example"}

    def read(self, login: str) -> Messages:
        items = self._server.mailbox(f"{login}@new.example").items()
        return Counter(("INBOX" if item.folder == "Inbox" else item.folder, item.mime) for item in items)


class OddScene:
    """Every mailbox that a test asks for moves in one run, and beside them one of which nothing is odd."""

    def __init__(self, user: str, folder: Path, target: Target) -> None:
        self.source = OddSource()
        self.target = target
        self.events: list[Event] = []
        self._user = user
        self._odd: list[OddMailbox] = []
        self._well = OddMailbox(self, f"{user}-well")
        self._well.box().uids = _WELL
        self.database = Database.open(folder)
        self._host = Host(self.database, doors=impatient_doors(folder), patience=QUICK)

    def mailbox(self) -> "OddMailbox":
        """A new one, whose INBOX is empty."""
        self._odd.append(OddMailbox(self, f"{self._user}-odd{len(self._odd)}"))
        return self._odd[-1]

    def mailboxes(self, count: int, uids: Sequence[int]) -> list["OddMailbox"]:
        """So many new ones, with these messages in INBOX."""
        made = [self.mailbox() for _ in range(count)]
        for odd in made:
            odd.box().uids = uids
        return made

    def run(self, exit_code: int = 0, **options: Any) -> None:
        """Move all of them to the end of the run; the one of which nothing is odd arrives."""
        run = self._host.start(define(self._table(options), "wave.toml"), tell=self.events.append)
        assert run.join(50), self.texts()
        assert (run.exit_code, run.faults) == (exit_code, []), self.texts()
        self._well.has(("INBOX", map(short_message, _WELL)))
        assert self._well.view.status.value in {"Synced", "IncrementalSynced"}

    def texts(self) -> list[str]:
        """What people were told."""
        return [f"{event.mailbox} {event.folder} {event.text}" for event in list(self.events)]

    def close(self) -> None:
        """End it."""
        self._host.close()
        self.database.close()

    def _table(self, options: dict[str, Any]) -> dict[str, Any]:
        return {
            "name": "wave",
            "source": {"host": self.source.host, "port": self.source.port, "security": "none"},
            "destination": self.target.table(),
            "options": {"settle": "1s", "give_up_after": "0.5s", "mailboxes_at_once": 30, **options},
            "mailboxes": [mailbox.table for mailbox in (self._well, *self._odd)],
        }


class OddMailbox:
    """One mailbox: what the source has of it and says of it, and what became of it."""

    def __init__(self, scene: OddScene, login: str) -> None:
        self.login = login
        self._scene = scene
        self.account: Account = scene.source.add(login)
        self.table = {"source": login, "password": "env:OLD_PASSWORD", **scene.target.add(login)}

    def box(self, name: bytes = b"INBOX") -> Box:
        """A folder, made when it is not there."""
        return self.account.boxes.setdefault(name, Box())

    def say(self, tongue: Callable[[str, bytes], bytes]) -> None:
        """What its client is sent from now on, by command and true answer."""
        self._scene.source.tongue[self.login] = tongue

    def say_the_truth(self) -> None:
        """From now on."""
        self.say(lambda command, answer: answer)

    @property
    def seen(self) -> list[str]:
        """What its clients have said."""
        return self._scene.source.seen[self.login]

    @property
    def view(self) -> MailboxView:
        """As the store has it."""
        with self._scene.database.look() as look:
            return next(view for view in mailboxes(look, "wave")[0] if view.source == self.login)

    @property
    def error(self) -> str:
        """Why it failed; empty when it did not."""
        return self.view.error or ""

    @property
    def counts(self) -> dict[str, int]:
        """How its messages ended, which adds up; without what is none."""
        counts = self.view.counts
        names = ("copied", "already_there", "skipped", "rejected", "vanished", "pending")
        found = {name: number for name in names if (number := getattr(counts, name))}
        assert sum(found.values()) == counts.total
        return found

    def told(self, kind: EventKind) -> list[str]:
        """What people were told of it, of one kind."""
        return [event.text for event in self._scene.events if event.kind is kind and event.mailbox == self.login]

    def there(self) -> Messages:
        """What is at the destination."""
        return self._scene.target.read(self.login)

    def has(self, *boxes: tuple[str, Iterable[bytes]]) -> None:
        """Its copies are these, once each, and no others."""
        assert self.there() == Counter((folder, data) for folder, messages in boxes for data in messages), self.login


@contextmanager
def odd_scene(user: str, folder: Path, monkeypatch: pytest.MonkeyPatch, target: Target) -> Iterator[OddScene]:
    """With its secrets and its server."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    scene = OddScene(user, folder, target)
    with scene.source:
        try:
            yield scene
        finally:
            scene.close()
