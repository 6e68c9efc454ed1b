"""A practice Exchange with Microsoft's schemas, and one mailbox of it for each test."""

import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from core.exchange.destination import ExchangeDestination
from core.exchange.settings import Settings
from core.mail.body import Body
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder, Outgoing
from core.secret import Secret
from tests.sandbox.mailbox import Mailbox
from tests.sandbox.server import PracticeExchange

WHEN = datetime(2019, 3, 4, 5, 6, 7, tzinfo=UTC)
ADMIN = "svc-migration"
PASSWORD = "p\u00e4ss w\u00f6rd \u2603"  # what Latin-1 has, and what it has not

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def no_refusal_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server and its account are shared by the tests."""
    monkeypatch.setattr("core.exchange.sign_in._refused", {})


def small(number: int, *, size: int = 0) -> bytes:
    """A message of its own; `size` bytes of body on top."""
    filler = b"The quick brown fox jumps over the lazy dog, once more.\r\n"
    head = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: number %d\r\nMessage-ID: <%d@example.com>\r\n\r\n"
    return head % (number, number) + filler * (size // len(filler))


def outgoing(number: int, *flags: str, data: bytes | None = None, received: datetime | None = WHEN) -> Outgoing:
    """A message on its way, with a token of its own."""
    return Outgoing(f"1:source:folder:7:{number}", Body.of(data or small(number)), Flags.of(flags), received)


@dataclass
class Box:
    """One mailbox of the practice Exchange, from both sides."""

    server: PracticeExchange
    address: str
    opened: list[ExchangeDestination] = field(default_factory=list)

    @property
    def mailbox(self) -> Mailbox:
        """What is really there."""
        return self.server.mailbox(self.address)

    def settings(self, **changes: Any) -> Settings:
        """Settings for the service account, with impersonation and Basic."""
        given: dict[str, Any] = {
            "url": self.server.url,
            "access": "impersonation",
            "auth": "basic",
            "username": ADMIN,
            "password": lambda: Secret(PASSWORD),
        }
        return Settings(**(given | changes))

    def open(self, **changes: Any) -> ExchangeDestination:
        """A destination that is not connected yet."""
        destination = ExchangeDestination(self.settings(**changes), self.address)
        self.opened.append(destination)
        return destination

    def connected(self, **changes: Any) -> ExchangeDestination:
        """A connected destination."""
        destination = self.open(**changes)
        destination.connect()
        return destination

    def operations(self) -> list[str]:
        """The operations that were asked of the server for this mailbox so far, in order."""
        return [seen.operation for seen in self.server.requests if seen.mailbox == self.address]

    def tokens(self, folder: str | None = None) -> list[str]:
        """The tokens of what is stored, in the order it was stored."""
        key = "{81c7b681-0256-4601-9598-9b7d7498820e}/mailcutover-source-key String"
        return [item.properties[key] for item in self.mailbox.items(folder)]


def inbox(destination: ExchangeDestination) -> DestinationFolder:
    """The mailbox's inbox."""
    return destination.create_folder(FolderPath.of("INBOX"), Role.INBOX)


def batch(count: int = 3) -> Sequence[Outgoing]:
    """So many small messages."""
    return [outgoing(number) for number in range(1, count + 1)]


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether something becomes true; generous, because nothing is measured here."""
    end = monotonic() + seconds
    while not condition():
        if monotonic() > end:
            return False
        sleep(0.01)
    return True


@pytest.fixture(scope="module")
def exchange(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeExchange]:
    """One server for a test module; it holds every request and answer against the schemas, where they are."""
    try:
        schemas: Path | None = request.getfixturevalue("ews_schemas")
    except pytest.skip.Exception:
        schemas = None
    with PracticeExchange(tmp_path_factory.mktemp("exchange"), schemas=schemas) as server:
        server.add_account(ADMIN, PASSWORD)
        yield server
        server.settle()
        assert server.errors == []
        assert server.schema_errors == []


@pytest.fixture
def make_box(exchange: PracticeExchange) -> Iterator[Callable[..., Box]]:
    """Makes fresh mailboxes; what was opened on them is closed afterwards."""
    boxes: list[Box] = []

    def make(**options: Any) -> Box:
        box = Box(exchange, f"user{next(_numbers)}@example.com")
        exchange.add_mailbox(box.address, **options)
        boxes.append(box)
        return box

    yield make
    exchange.clear_script()
    for box in boxes:
        for destination in box.opened:
            destination.close()


@pytest.fixture
def box(make_box: Callable[..., Box]) -> Box:
    """A fresh mailbox."""
    return make_box()


@pytest.fixture
def spool() -> Iterator[Callable[[int], Body]]:
    """Makes large messages in spool files."""
    bodies: list[Body] = []

    def make(size: int) -> Body:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the body owns it
        file.write(small(1))
        line = b"0123456789 abcdefghijklmnopqrstuvwxyz the quick brown fox jumps over it\r\n" * 1000
        while file.tell() < size:
            file.write(line[: size - file.tell()])
        bodies.append(Body.spooled(file, file.tell()))
        return bodies[-1]

    yield make
    for body in bodies:
        body.close()
