"""A mailbox to move in a real run, with a link between that a test can make bad."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.batch.definition import Batch, Mailbox, define
from core.engine.context import Doors, real_doors
from core.engine.host import BatchRun, Host
from core.engine.retry import Patience
from core.event import Event, EventKind
from core.exchange.destination import ExchangeDestination
from core.imap import deflate
from core.imap.connection import Timeouts
from core.imap.destination import ImapDestination
from core.imap.source import ImapSource
from core.ports.destination import Destination
from core.ports.failure import Side
from core.ports.meter import UNLIMITED
from core.ports.source import Source
from core.store.board import MailboxBoard
from core.store.database import Database
from core.store.views import MailboxView, mailboxes
from tests.sandbox.server import PracticeExchange
from tests.servers.certificates import Authority
from tests.servers.dovecot import Dovecot
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import Faults
from tests.servers.mail import Record
from tests.servers.proxy import Proxy, without_uidplus
from tests.system.program import SECRETS, to_exchange, to_imap

#: Nobody listens.
GONE = Faults(refused=True)
#: The waits of minutes, in a blink. A server may be silent for `SILENCE` seconds.
QUICK = Patience(before_first=(0.05,) * 100, shortest=0.05, longest=0.2, grace=0.2)
SILENCE = 0.7
#: In two folders, so that one is there before the other is sent.
MESSAGES = [
    (folder, b"Message-ID: <%d@example.org>\r\nSubject: %d\r\n\r\n" % (number, number) + b"some text\r\n" * 150)
    for folder, first in (("INBOX", 100), ("Later", 200))
    for number in range(first, first + 30)
]


class Scene:
    """A mailbox to move, with a bad link to one of its two servers.

    `where` is ``source``, ``imap``, ``apart`` (an IMAP destination without MULTIAPPEND), ``plain`` (without UIDPLUS,
    too), ``deflated`` (as ``apart``, and its connection is compressed) or ``exchange``; `messages` are folders and
    bytes, all received at one moment; `shape` is that of an IMAP destination (tests.servers.dovecot).
    """

    def __init__(
        self,
        where: str,
        request: pytest.FixtureRequest,
        user: str,
        folder: Path,
        *,
        tls: bool,
        messages: Sequence[tuple[str, bytes]] = MESSAGES,
        connections: int = 1,
        **shape: Any,
    ) -> None:
        self.where = where
        self.user = user
        self.messages = messages
        self.source: Dovecot = request.getfixturevalue("dovecot")
        self.events: list[Event] = []
        self.shown: list[dict[str, Any]] = []  # each time a condition was, with `until` and `why`
        self.on: dict[EventKind, Callable[[], None]] = {}
        if where == "exchange":
            self.exchange = _exchange(request, folder, tls=tls)
            self.exchange.add_mailbox(f"{user}@new.example")
            table = to_exchange(self.source, self.exchange, user)
            table["destination"]["max_connections"] = connections  # so many requests at once
            table["destination"]["url"] = self.exchange.url.replace("127.0.0.1", "localhost")
            if tls:
                table["destination"]["ca_file"] = str(folder / "ca.pem")
            port = urlsplit(self.exchange.url).port or 0
        else:
            if where in {"plain", "apart", "deflated"}:  # each message has an answer of its own
                shape.setdefault("without", ("MULTIAPPEND",))
            if where == "deflated":
                shape.setdefault("compress", True)
            self.other: Dovecot = request.getfixturevalue("make_dovecot")(fsync="optimized", **shape)
            table = to_imap(self.source, self.other, user)
            server, end = (self.source, "source") if where == "source" else (self.other, "destination")
            port = server.tls_port if tls else server.port
            if tls:
                table[end] |= {"host": "localhost", "security": "tls", "ca_file": str(server.ca_file)}
        lines = where not in {"exchange", "deflated"} and not tls
        self.proxy: FaultProxy = Proxy(port) if lines else FaultProxy(port)
        if where == "plain":
            assert isinstance(self.proxy, Proxy)
            self.proxy.on_line = without_uidplus
        self._host = "localhost" if tls or where == "exchange" else "127.0.0.1"
        self._table = table
        self._redirect(port)
        self.source.load(user, [Record(data, self.source.wire(name)) for name, data in messages])
        self.database = Database.open(folder)
        self.host = Host(self.database, doors=impatient_doors(folder), patience=QUICK)

    def start(self, *, retry_rejected: bool = False, **options: Any) -> BatchRun:
        """Begin to move it."""
        self._table["options"] = {"settle": "1s", **options}
        return self.host.start(define(self._table, "wave.toml"), tell=self._tell, retry_rejected=retry_rejected)

    def run(self, *, retry_rejected: bool = False, **options: Any) -> BatchRun:
        """Move it, to the end of the run."""
        run = self.start(retry_rejected=retry_rejected, **options)
        assert run.join(50), [event.text for event in self.events]
        return run

    def kinds(self) -> list[str]:
        return [event.kind.value for event in list(self.events) if event.kind.value.startswith("mailbox.")]

    @property
    def conditions(self) -> list[str]:
        """What was shown, one after the other."""
        return [str(shown["condition"]) for shown in self.shown]

    @property
    def endpoint(self) -> str:
        """How people are told of the end with the bad link."""
        side = "source" if self.where == "source" else "destination"
        return f"{side} {self._host}:{self.proxy.port}: "

    def go_down(self, faults: Faults = GONE) -> None:
        """Every link ends now, and new ones have these faults."""
        self.proxy.faults = faults
        self.proxy.cut()

    def in_the_middle(self) -> EventKind:
        """What happens when something was moved and something was not; reading is always ahead of writing."""
        return EventKind.MAILBOX_STARTED if self.where == "source" else EventKind.MESSAGE_COPIED

    def view(self) -> MailboxView:
        with self.database.look() as look:
            return mailboxes(look, "wave")[0][0]

    def there(self) -> Counter[bytes]:
        """What is at the destination, read past the program."""
        if self.where == "exchange":
            return Counter(item.mime for item in self.exchange.mailbox(f"{self.user}@new.example").items())
        return Counter(record.data for record in self.other.read(f"{self.user}-new"))

    def each_is_there_once(self) -> None:
        assert self.there() == Counter(data for _, data in self.messages)
        self.each_is_copied()

    def each_is_copied(self) -> None:
        counts = self.view().counts
        assert (counts.total, counts.pending, counts.rejected) == (len(self.messages), 0, 0)
        assert counts.copied == len(self.messages)

    def _redirect(self, port: int) -> None:
        end = self._table["source" if self.where == "source" else "destination"]
        if self.where == "exchange":
            end["url"] = end["url"].replace(f":{port}/", f":{self.proxy.port}/")
        else:
            end["port"] = self.proxy.port

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        then = self.on.pop(event.kind, None)
        if then is not None:
            then()


def _exchange(request: pytest.FixtureRequest, folder: Path, *, tls: bool) -> PracticeExchange:
    options: dict[str, Any] = {}
    if tls:
        options["certificate"], options["key"] = Authority(folder).server()
    made: PracticeExchange = request.getfixturevalue("make_practice_exchange")(**options)
    made.add_account("svc", "secret")
    return made


def impatient_doors(folder: Path) -> Doors:
    """The real ones, with less patience for silence."""
    real = real_doors(folder, dict.fromkeys(Side, UNLIMITED))

    def source(batch: Batch, mailbox: Mailbox) -> Source:
        made = real.source(batch, mailbox)
        assert isinstance(made, ImapSource)
        made._connection._timeouts = Timeouts(SILENCE, SILENCE)
        return made

    def destination(batch: Batch, mailbox: Mailbox) -> Destination:
        made = real.destination(batch, mailbox)
        if isinstance(made, ImapDestination):
            made._connection._timeouts = Timeouts(SILENCE, SILENCE)
        else:
            assert isinstance(made, ExchangeDestination)
            settings = replace(made._sessions.first.settings, timeout=SILENCE)
            made = ExchangeDestination(settings, made._sessions.first.address)
        return made

    return Doors(source, destination, real.run_pass, real.load)


@contextmanager
def opened(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """With its secrets, its link, and an eye on what is shown."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    if scene.where == "deflated":
        monkeypatch.setattr(deflate, "SLOW", 0.0)
    shown = MailboxBoard.set

    def seen(board: MailboxBoard, **changes: Any) -> None:
        if changes.get("condition"):
            scene.shown.append({"until": None, "why": ""} | changes)
        shown(board, **changes)

    monkeypatch.setattr(MailboxBoard, "set", seen)
    with scene.proxy:
        try:
            yield scene
        finally:
            scene.host.close()
            scene.database.close()
