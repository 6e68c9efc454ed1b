"""Runs that are paused, stopped, killed and watched from another terminal."""

import json
import signal
import socket
from collections.abc import Iterator, Mapping
from threading import Event
from typing import Any

import pytest

from tests.sandbox.outcomes import Held
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import Way
from tests.servers.lane import Lane
from tests.system.letters import letters
from tests.system.program import Program, counts_of
from tests.system.sides import Destination, Exchange, at_source, places, through


@pytest.fixture
def exchange(practice_exchange: PracticeExchange) -> Exchange:
    return Exchange(practice_exchange)


@pytest.fixture
def held(practice_exchange: PracticeExchange) -> Iterator[Held]:
    """Every request with mail arrives, and waits for its release."""
    held = Held()
    practice_exchange.next("CreateItem", held, times=None)
    yield held
    held.release.set()


class Silent(FaultProxy):
    """Lets nothing back any more from the moment that mail has come by, while `silencing`."""

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port)
        self.silencing = True
        self.mail = Event()

    def look(self, lane: Lane, data: bytes) -> Iterator[bytes]:
        if lane.way is Way.UP and (b"CreateItem" in data or b" APPEND " in data):
            self.mail.set()
        if lane.way is Way.UP or not (self.silencing and self.mail.is_set()):
            yield data


def standing(batch: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Status and condition of each mailbox."""
    return [(one["status"], one["condition"]) for one in batch["mailboxes"]]


def test_paused_held_and_resumed_from_another_terminal(
    program: Program, dovecot: Dovecot, exchange: Exchange, held: Held, user: str
) -> None:
    users = [f"{user}{each}" for each in "abc"]
    for one in users:
        dovecot.load(one, letters(60))
    batch = exchange.batch(dovecot, *users)
    batch["destination"]["max_connections"] = 3  # one request at a time for each
    file = program.batch(batch)
    run = program.start("run", file)
    assert held.arrived.wait(30)
    assert "is to pause" in program.run("pause", "wave").stdout
    pausing = program.until("wave", lambda batch: batch["status"] == "Stopping")
    assert pausing["condition"] == "paused"
    held.release.set()
    paused = program.until("wave", lambda batch: batch["status"] == "Stopped")
    assert (paused["condition"], standing(paused)) == ("paused", [("Stopped", "paused")] * 3)
    assert paused["runner"]["pid"] == run.pid
    for one in paused["mailboxes"]:  # what was in flight was finished, and nothing begun after it
        assert one["messages"]["copied"] == exchange.sent(one["source"]) <= 20

    refused = program.run("run", file, exit_code=4).stderr
    assert str(run.pid) in refused
    assert socket.gethostname() in refused
    assert str(run.pid) in program.run("remove", "wave", exit_code=4).stderr

    program.run("pause", "wave", "--mailbox", f"{users[0]}@new.example")
    program.run("stop", "wave", "--mailbox", users[1])
    assert f"still held by themselves: {users[0]}, {users[1]}" in program.run("resume", "wave").stdout
    assert f"Paused or stopped, and not done: {users[0]}, {users[1]}" in run.wait(3)
    half = program.status("wave")
    assert standing(half) == [("Stopped", "paused"), ("Stopped", None), ("Synced", None)]
    assert half["runner"] is None
    assert places(exchange.read(users[2])) == at_source(dovecot, users[2])

    assert "not done" in program.run("run", file, exit_code=3).stdout  # lifts no mailbox's own wish
    resume = ("resume", "wave", "--mailbox", users[0], "--mailbox", users[1])
    assert "nobody runs wave now" in program.run(*resume).stdout
    program.run("run", file)
    assert [exchange.sent(one) for one in users] == [60] * 3
    for one in users:
        assert places(exchange.read(one)) == at_source(dovecot, one)


@pytest.mark.parametrize("how", ["stop", "SIGINT", "SIGTERM"])
def test_stopped_at_a_message_boundary(
    program: Program, dovecot: Dovecot, exchange: Exchange, held: Held, user: str, how: str
) -> None:
    dovecot.load(user, letters(60))
    batch = exchange.batch(dovecot, user)
    batch["destination"]["max_connections"] = 1  # one request at a time
    file = program.batch(batch)
    run = program.start("run", file)
    assert held.arrived.wait(30)
    if how == "stop":
        assert "is to stop" in program.run("stop", "wave").stdout
    else:
        run.signal(signal.Signals[how])
    run.until_said("Stopping, 1 in flight")
    held.release.set()
    run.wait(3)
    stopped = program.status("wave")
    assert (stopped["status"], stopped["runner"], standing(stopped)) == ("Stopped", None, [("Stopped", None)])
    # What was in flight was finished and written down: all that was sent is known.
    assert counts_of(stopped)["copied"] == exchange.sent(user) == 20
    assert program.migrate(file).counts() == {"copied": 60}
    assert exchange.sent(user) == 60


@pytest.mark.parametrize("how", ["stop --now", "two SIGINTs"])
def test_cut_off_while_the_server_is_silent(
    program: Program, dovecot: Dovecot, destination: Destination, user: str, how: str
) -> None:
    dovecot.load(user, letters(30))
    with Silent(destination.port) as proxy:
        file = program.batch(through(proxy, destination.batch(dovecot, user)))
        run = program.start("run", file)
        assert proxy.mail.wait(30)
        if how == "stop --now":
            program.run("stop", "wave", "--now")
        else:
            run.signal(signal.SIGINT)
            run.until_said("Stopping, 1 in flight")
            run.signal(signal.SIGINT)
        run.wait(3)
        assert standing(program.status("wave")) == [("Stopped", None)]
        proxy.silencing = False
        assert program.migrate(file).counts() == {"copied": 30}
    assert places(destination.read(user)) == at_source(dovecot, user)


def test_a_killed_runner_is_never_shown_running(
    program: Program, dovecot: Dovecot, exchange: Exchange, held: Held, user: str
) -> None:
    dovecot.load(user, letters(60))
    file = program.batch(exchange.batch(dovecot, user))
    run = program.start("run", file)
    assert held.arrived.wait(30)
    run.kill()
    found = program.status("wave")
    assert found["runner"] is None
    assert (found["status"], standing(found)) == ("Stopped", [("Stopped", None)])
    assert "run by: nobody" in program.run("status", "wave").stdout
    held.release.set()
    assert program.migrate(file).counts() == {"copied": 60}
    assert places(exchange.read(user)) == at_source(dovecot, user)


def test_two_batches_with_one_mailbox_in_common(
    program: Program, dovecot: Dovecot, exchange: Exchange, user: str
) -> None:
    users = [f"{user}a", f"{user}b"]
    for one in users:
        dovecot.load(one, letters(20))
    first = program.batch(exchange.batch(dovecot, users[0], name="first"), "first.toml")
    second = program.batch(exchange.batch(dovecot, *users, name="second"), "second.toml")
    held = Held()
    exchange.server.next("CreateItem", held)
    run = program.start("run", first)
    assert held.arrived.wait(30)
    said = program.migrate(second, exit_code=4)
    held.release.set()
    run.wait()
    assert [one["status"] for one in said.status["mailboxes"]] == ["Failed", "Synced"]
    assert str(run.pid) in said.status["mailboxes"][0]["error"]
    assert said.counts(1) == {"copied": 20}
    again = program.migrate(second)
    assert (again.counts(0), again.counts(1)) == ({"copied": 20}, {"copied": 20})
    assert [exchange.sent(one) for one in users] == [20, 20]


def test_followed_and_removed(program: Program, dovecot: Dovecot, destination: Destination, user: str) -> None:
    dovecot.load(user, letters(10))
    file = program.batch(destination.batch(dovecot, user))
    program.run("run", file)
    follow = program.start("log", "wave", "--follow", "--json", "--level", "debug")
    dovecot.load(user, letters(3, name="more"))
    program.run("run", file)
    follow.until_said('"batch.finished"', times=2)
    follow.signal(signal.SIGINT)
    seen = [json.loads(line)["event"] for line in follow.wait().splitlines()]
    assert seen.count("message.copied") == 13
    assert seen == [event["event"] for event in program.events("wave")]

    assert "its ledger is kept" in program.run("remove", "wave").stdout
    program.run("status", "wave", exit_code=2)
    assert program.migrate(file).counts() == {"copied": 13}
    assert destination.sent(user) == 13
    program.run("remove", "wave", "--forget-ledger", exit_code=2)
    program.run("remove", "wave", "--forget-ledger", "--yes-forget", "wave")
    assert program.migrate(file).counts() == {"already_there": 13}
    assert destination.sent(user) == 13
