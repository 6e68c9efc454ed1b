"""Mailboxes, batches and processes that share the connections to one Exchange, which counts them."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.batch.definition import Batch, define
from core.engine.host import BatchRun, Host
from core.event import Event
from core.store.database import Database
from core.store.dials import Dials
from tests.contract.scene import QUICK
from tests.sandbox.server import PracticeExchange
from tests.sandbox.throttling import Policy
from tests.servers.dovecot import Dovecot
from tests.system.letters import letters
from tests.system.program import SECRETS, to_exchange

#: So many requests at once, whoever sends them.
_ALLOWED = 3
_LARGE, _SMALL = 240, 20


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[list[Host]]:
    """Two, as two processes have them."""
    databases = [Database.open(tmp_path) for _ in range(2)]
    hosts = [Host(database, patience=QUICK) for database in databases]
    yield hosts
    for host, database in zip(hosts, databases, strict=True):
        host.close()
        database.close()


def test_never_more_than_are_allowed(
    hosts: list[Host],
    dovecot: Dovecot,
    practice_exchange: PracticeExchange,
    user: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Large mailboxes take what is spare, and the dials are turned all the time."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("core.exchange.pace._MOST", 20)
    practice_exchange.policy = Policy(concurrency=_ALLOWED)
    practice_exchange.pace.item = 0.003
    sizes: dict[str, int] = {}
    events: list[Event] = []

    def batch(number: int) -> Batch:
        mine = {f"{user}{number}a": _LARGE, f"{user}{number}b": _SMALL}
        for login, many in mine.items():
            dovecot.load(login, letters(many, name=login))
            practice_exchange.add_mailbox(f"{login}@new.example")
        sizes.update(mine)
        table = to_exchange(dovecot, practice_exchange, *mine)
        table["name"] = f"wave{number}"
        table["destination"]["max_connections"] = _ALLOWED
        return define(table, f"wave{number}.toml")

    runs: list[BatchRun] = [host.start(batch(number), tell=events.append) for number, host in enumerate(hosts)]
    chance = random.Random(0)
    database = Database.open(tmp_path)
    while not all(run.join(0.05) for run in runs):
        Dials(database).turn(chance.choice(runs).name, "destination.max_connections", str(chance.randint(1, _ALLOWED)))
    database.close()
    assert [(run.exit_code, run.faults) for run in runs] == [(0, [])] * 2
    assert {seen.status for seen in practice_exchange.requests} == {200}, "none was turned away"
    for login, many in sizes.items():
        assert practice_exchange.mailbox(f"{login}@new.example").count() == many
