"""Many mailboxes against an Exchange with budgets: all of it arrives, nothing is blamed, and less is asked at once."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import pytest

from core.batch.definition import define
from core.engine.host import Host
from core.event import Event, EventKind
from core.status import Condition
from core.store.board import MailboxBoard
from core.store.database import Database
from core.store.views import MailboxView, mailboxes
from tests.contract.scene import QUICK
from tests.sandbox.outcomes import Busy
from tests.sandbox.server import PracticeExchange
from tests.sandbox.throttling import Policy
from tests.servers.dovecot import Dovecot
from tests.system.letters import letters
from tests.system.program import SECRETS, to_exchange

MAILBOXES, MESSAGES = 6, 30


class Town:
    """Mailboxes that move all at once."""

    def __init__(self, source: Dovecot, exchange: PracticeExchange, user: str, folder: Path) -> None:
        self.exchange = exchange
        self.users = [f"{user}{letter}" for letter in "abcdef"[:MAILBOXES]]
        self.events: list[Event] = []
        self.used: list[int] = []  # connections to Exchange, each time that a message was stored
        for name in self.users:
            source.load(name, letters(MESSAGES, name=name))
            exchange.add_mailbox(f"{name}@new.example")
        self._mail = {name: Counter(record.data for record in source.read(name)) for name in self.users}
        self._table = to_exchange(source, exchange, *self.users)
        self._database = Database.open(folder)
        self.host = Host(self._database, patience=QUICK)
        self._endpoint = "127.0.0.1:" + exchange.url.split(":")[2].split("/")[0]

    def run(self) -> None:
        """Move them, and see that everything arrives, once."""
        run = self.host.start(define(self._table, "wave.toml"), tell=self._tell)
        assert run.join(100), [event.text for event in self.events]
        assert (run.exit_code, run.faults) == (0, [])
        for name in self.users:
            items = self.exchange.mailbox(f"{name}@new.example").items()
            assert Counter(item.mime for item in items) == self._mail[name]
        for view in self.views():
            assert (view.counts.copied, view.counts.rejected, view.counts.total) == (MESSAGES, 0, MESSAGES)

    def views(self) -> Sequence[MailboxView]:
        with self._database.look() as look:
            return mailboxes(look, "wave")[0]

    def kinds(self) -> Mapping[EventKind, int]:
        return Counter(event.kind for event in self.events)

    def allowed(self) -> int | None:
        """How many connections are left of those that there were."""
        return self.host._connections._narrow[self._endpoint].limit(time.monotonic())

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        if event.kind is EventKind.MESSAGE_COPIED:
            self.used.append(self.host._connections._used[self._endpoint])

    def close(self) -> None:
        self.host.close()
        self._database.close()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, object]]:
    """Each time that a mailbox was shown as throttled."""
    seen: list[Mapping[str, object]] = []
    set_ = MailboxBoard.set

    def see(board: MailboxBoard, **changes: object) -> None:
        if changes.get("condition") == Condition.THROTTLED:
            seen.append(changes)
        set_(board, **changes)  # type: ignore[arg-type]

    monkeypatch.setattr(MailboxBoard, "set", see)
    return seen


@pytest.fixture
def town(
    dovecot: Dovecot, practice_exchange: PracticeExchange, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("core.sync.answering.WAIT", 0.1)
    town = Town(dovecot, practice_exchange, user, tmp_path)
    yield town
    town.close()


def countdowns(shown: Sequence[Mapping[str, object]]) -> bool:
    """Whether each was shown with its end and its reason."""
    return bool(shown) and all(changes["until"] and changes["why"] for changes in shown)


@pytest.mark.parametrize("of", ["account", "mailbox"])
def test_budgets(town: Town, shown: list[Mapping[str, object]], of: Literal["account", "mailbox"]) -> None:
    """Less at one go than a mailbox sends in one request, and a hundred items a second after that."""
    town.exchange.policy = Policy(max_burst=100, recharge_rate=3_600_000, cutoff_balance=80, item=10, of=of)
    town.run()
    assert countdowns(shown)
    assert town.kinds()[EventKind.MAILBOX_THROTTLED] >= 1
    assert town.kinds()[EventKind.MESSAGE_IN_DOUBT] == 0, "who is asked for time knows what was not stored"
    assert town.allowed() is not None


def test_too_many_requests_at_once(town: Town, shown: list[Mapping[str, object]]) -> None:
    town.exchange.policy = Policy(concurrency=2)
    town.exchange.pace.request = 0.05
    town.run()
    assert countdowns(shown)
    assert town.kinds()[EventKind.MESSAGE_IN_DOUBT] == 0
    assert (town.allowed() or MAILBOXES) <= MAILBOXES // 2
    refused = [seen.status for seen in town.exchange.requests].count(500)
    assert refused <= 3 * MAILBOXES, "few are turned away before it is quiet enough"


def test_connections_come_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """With minutes of a twentieth of a second."""
    monkeypatch.setattr("core.engine.narrowing.WIDEN", 0.05)
    town.exchange.pace.item = 0.05
    town.exchange.next("CreateItem", Busy(back_off_ms=100), times=3)
    town.run()
    assert town.exchange.script_left == 0
    quiet = max(place for place, event in enumerate(town.events) if event.kind is EventKind.MAILBOX_THROTTLED)
    copied = sum(event.kind is EventKind.MESSAGE_COPIED for event in town.events[:quiet])
    assert max(town.used[copied:]) > MAILBOXES // 2, "more than half of them at once again"
