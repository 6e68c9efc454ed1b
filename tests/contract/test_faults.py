"""Whatever the link does in the middle of a run: each message is there once in the end, and nobody had to help."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
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
from core.imap.connection import Timeouts
from core.imap.destination import ImapDestination
from core.imap.source import ImapSource
from core.ports.destination import Destination
from core.ports.source import Source
from core.store.board import MailboxBoard
from core.store.database import Database
from core.store.views import MailboxView, mailboxes
from tests.sandbox.server import PracticeExchange
from tests.servers.certificates import Authority
from tests.servers.dovecot import Dovecot
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import BLACK_HOLE, Faults, Reset, Way
from tests.servers.mail import Record
from tests.system.program import SECRETS, to_exchange, to_imap

#: The waits of minutes, in a blink. A server may be silent for `SILENCE` seconds.
QUICK = Patience(before_first=(0.05,) * 100, shortest=0.05, longest=0.2, grace=0.2)
SILENCE = 0.7
#: In two folders, so that one is there before the other is sent.
MESSAGES = [
    (folder, b"Message-ID: <%d@example.org>\r\nSubject: %d\r\n\r\n" % (number, number) + b"some text\r\n" * 150)
    for folder in ("INBOX", "Later")
    for number in range(30 * len(folder), 30 * len(folder) + 30)
]
#: Bytes that a link carries at most, so that something got through and something did not.
ENOUGH = {
    ("source", Way.UP): 400,
    ("source", Way.DOWN): 25_000,
    ("imap", Way.UP): 20_000,
    ("imap", Way.DOWN): 2_500,
    ("exchange", Way.UP): 60_000,
    ("exchange", Way.DOWN): 9_000,
}


class Scene:
    """A mailbox to move, with a bad link to one of its two servers."""

    def __init__(self, where: str, request: pytest.FixtureRequest, user: str, folder: Path, *, tls: bool) -> None:
        self.where = where
        self.user = user
        self.source: Dovecot = request.getfixturevalue("dovecot")
        self.events: list[Event] = []
        self.conditions: list[str] = []
        self.on: dict[EventKind, Callable[[], None]] = {}
        if where == "exchange":
            self.exchange = _exchange(request, folder, tls=tls)
            self.exchange.add_mailbox(f"{user}@new.example")
            table = to_exchange(self.source, self.exchange, user)
            table["destination"]["url"] = self.exchange.url.replace("127.0.0.1", "localhost")
            if tls:
                table["destination"]["ca_file"] = str(folder / "ca.pem")
            port = urlsplit(self.exchange.url).port or 0
        else:
            self.other: Dovecot = request.getfixturevalue("make_dovecot")(fsync="optimized")
            table = to_imap(self.source, self.other, user)
            server, end = (self.source, "source") if where == "source" else (self.other, "destination")
            port = server.tls_port if tls else server.port
            if tls:
                table[end] |= {"host": "localhost", "security": "tls", "ca_file": str(server.ca_file)}
        self.proxy = FaultProxy(port)
        self._table = table
        self._redirect(port)
        self.source.load(user, [Record(data, self.source.wire(name)) for name, data in MESSAGES])
        self.database = Database.open(folder)
        self.host = Host(self.database, doors=_doors(folder), patience=QUICK)

    def start(self, **options: Any) -> BatchRun:
        """Begin to move it."""
        self._table["options"] = {"settle": "1s", **options}
        return self.host.start(define(self._table, "wave.toml"), tell=self._tell)

    def run(self, **options: Any) -> BatchRun:
        """Move it, to the end of the run."""
        run = self.start(**options)
        assert run.join(50), [event.text for event in self.events]
        return run

    def kinds(self) -> list[str]:
        return [event.kind.value for event in list(self.events) if event.kind.value.startswith("mailbox.")]

    def in_the_middle(self) -> EventKind:
        """What happens when something was moved and something was not; reading is always ahead of writing."""
        return EventKind.MAILBOX_STARTED if self.where == "source" else EventKind.MESSAGE_COPIED

    def view(self) -> MailboxView:
        with self.database.reading() as connection:
            return mailboxes(connection, "wave")[0][0]

    def there(self) -> Counter[bytes]:
        """What is at the destination, read past the program."""
        if self.where == "exchange":
            return Counter(item.mime for item in self.exchange.mailbox(f"{self.user}@new.example").items())
        return Counter(record.data for record in self.other.read(f"{self.user}-new"))

    def each_is_there_once(self) -> None:
        assert self.there() == Counter(data for _, data in MESSAGES)
        counts = self.view().counts
        assert (counts.total, counts.pending, counts.rejected) == (60, 0, 0)
        assert counts.copied == 60

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


def _doors(folder: Path) -> Doors:
    """The real ones, with less patience for silence."""
    real = real_doors(folder)

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
            made._session.settings = replace(made._session.settings, timeout=SILENCE)
        return made

    return Doors(source, destination, real.run_pass)


@pytest.fixture
def tls() -> bool:
    return False


@pytest.fixture(params=["source", "imap", "exchange"])
def scene(
    request: pytest.FixtureRequest, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> Iterator[Scene]:
    """Where the bad link is: at the source, or before one of both kinds of destination."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    scene = Scene(request.param, request, user, tmp_path, tls=tls)
    shown = MailboxBoard.set

    def seen(board: MailboxBoard, **changes: Any) -> None:
        if changes.get("condition"):
            scene.conditions.append(str(changes["condition"]))
        shown(board, **changes)

    monkeypatch.setattr(MailboxBoard, "set", seen)
    with scene.proxy:
        try:
            yield scene
        finally:
            scene.host.close()
            scene.database.close()


def test_a_slow_link_is_no_trouble(scene: Scene) -> None:
    scene.proxy.faults = Faults(latency=0.005, rate=2_000_000)
    assert scene.run().exit_code == 0
    scene.each_is_there_once()
    assert scene.conditions == []


@pytest.mark.parametrize("way", Way)
def test_resets_in_the_middle(scene: Scene, way: Way) -> None:
    scene.proxy.faults = Faults(reset=Reset(way, ENOUGH[scene.where, way], times=3))
    run = scene.run()
    assert (run.exit_code, run.faults) == (0, [])
    scene.each_is_there_once()
    assert scene.proxy.resets == 3
    if (scene.where, way) == ("imap", Way.UP):
        assert "settling" in scene.conditions, "messages were sent, and are not there"
    assert scene.kinds().count("mailbox.finished") == 1


@pytest.mark.parametrize(
    "faults",
    [BLACK_HOLE, Faults(held=frozenset({Way.UP})), Faults(held=frozenset({Way.DOWN}))],
    ids=["both ways", "up", "down"],
)
def test_silence_in_the_middle(scene: Scene, faults: Faults) -> None:
    """The link seems to stand, and carries nothing."""
    scene.on[scene.in_the_middle()] = lambda: setattr(scene.proxy, "faults", faults)
    scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = scene.proxy.heal
    run = scene.run()
    assert (run.exit_code, run.faults) == (0, [])
    scene.each_is_there_once()
    assert "waiting_for_link" in scene.conditions
    if scene.where == "exchange" and Way.UP in faults.held:
        assert "settling" in scene.conditions, "a whole request was sent, and is not there"
    assert scene.kinds()[-1] == "mailbox.finished"


def test_nobody_listens_for_a_while(scene: Scene) -> None:
    tries = iter(range(3))

    def go_down() -> None:
        scene.proxy.faults = Faults(refused=True)
        scene.proxy.cut()

    def come_back_later() -> None:
        if next(tries, None) is None:
            scene.proxy.heal()
        else:
            scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = come_back_later

    scene.on[scene.in_the_middle()] = go_down
    scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = come_back_later
    run = scene.run()
    assert (run.exit_code, run.faults) == (0, [])
    scene.each_is_there_once()
    assert scene.kinds().count("mailbox.waiting_for_link") == 4
    assert scene.kinds().count("mailbox.started") == 1
    assert "waiting_for_link" in scene.conditions


def test_a_link_that_is_down_from_the_beginning(scene: Scene) -> None:
    scene.proxy.faults = Faults(refused=True)
    scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = scene.proxy.heal
    assert scene.run().exit_code == 0
    scene.each_is_there_once()


@pytest.mark.parametrize("tls", [True])
def test_another_certificate_stops_the_batch(scene: Scene, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    scene.proxy.faults = Faults(certificate=Authority(other).server())
    assert scene.run().exit_code == 1
    assert "certificate does not verify" in (scene.view().error or "")
    assert "mailbox.waiting_for_link" not in scene.kinds(), "waiting would not help"
    assert not scene.there()
    scene.proxy.heal()
    assert scene.run().exit_code == 0
    scene.each_is_there_once()


@pytest.mark.parametrize("way", Way)
def test_stop_now_waits_for_no_server(scene: Scene, way: Way) -> None:
    held = threading.Event()

    def hold() -> None:
        scene.proxy.faults = Faults(held=frozenset({way}))
        held.set()

    scene.on[scene.in_the_middle()] = hold
    run = scene.start()
    assert held.wait(30)
    run.stop(now=True)
    assert run.join(20)
    assert (run.exit_code, run.faults, scene.view().status.value) == (3, [], "Stopped")
    scene.proxy.heal()
    assert scene.run().exit_code == 0
    scene.each_is_there_once()
