"""Killed at any moment, and answered by a server that fails in every way: each message arrives exactly once."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.sandbox.outcomes import Fewer, Held, Outcome, Reset, StoreLate, Truncated
from tests.sandbox.script import Request, Rule
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import CutError, Way
from tests.servers.lane import Lane
from tests.system.letters import letters, spread
from tests.system.program import Child, Program
from tests.system.sides import Destination, Exchange, at_source, places, through


@dataclass(frozen=True, slots=True)
class Moment:
    """So many bytes have gone this way between the program and the destination since the run began."""

    way: Way
    after: int
    arrives: bool = False  # what was under way behind them


#: Signing in; a request half sent; answers under way; whole requests that nobody hears of.
MOMENTS = (
    Moment(Way.UP, 400),
    Moment(Way.UP, 30_000),
    Moment(Way.DOWN, 3_000),
    Moment(Way.UP, 50_000, arrives=True),
    Moment(Way.DOWN, 9_000, arrives=True),
)


class Killer(FaultProxy):
    """Stands between a run and the destination, and kills the run at a moment."""

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port)
        self._moment: Moment | None = None
        self._victim: Future[Child] = Future()
        self._gone = Counter[Way]()

    def kill(self, moment: Moment, start: Callable[[], Child]) -> None:
        """Start a run, and see it die at that moment and at no other."""
        self._gone.clear()
        self._victim = Future()
        self._moment = moment
        self._victim.set_result(start())
        self._victim.result().wait(-9)

    def look(self, lane: Lane, data: bytes) -> Iterator[bytes]:
        """Pass on, kill, and pass the rest on or lose it."""
        moment = self._moment
        if moment is None or lane.way is not moment.way:
            yield data
            return
        left = moment.after - self._gone[lane.way]
        self._gone[lane.way] += len(data)
        if len(data) < left:
            yield data
            return
        yield data[:left]
        self._moment = None
        self._victim.result(30).kill()
        if not moment.arrives:
            raise CutError
        yield data[left:]


@pytest.fixture
def killer(destination: Destination) -> Iterator[Killer]:
    with Killer(destination.port) as killer:
        yield killer


def test_killed_at_any_moment(
    program: Program, dovecot: Dovecot, destination: Destination, killer: Killer, user: str
) -> None:
    users = [f"{user}a", f"{user}b"]
    for one in users:
        dovecot.load(one, spread(letters(60, filler=2_000), "INBOX", "Sent", "Projects"))
    batch = through(killer, destination.batch(dovecot, *users))
    batch["options"]["settle"] = "1s"
    file = program.batch(batch)
    for moment in MOMENTS:
        killer.kill(moment, lambda: program.start("run", file))
    last = program.migrate(file)
    for number, one in enumerate(users):
        assert last.counts(number) == {"copied": 60}
        assert places(destination.read(one)) == at_source(dovecot, one)


def shown(batch: Mapping[str, Any]) -> int:
    copied: int = batch["mailboxes"][0]["messages"]["copied"]
    return copied


def test_killed_while_it_waits_for_a_request(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, user: str
) -> None:
    destination = Exchange(practice_exchange)
    dovecot.load(user, letters(150))
    file = program.batch(destination.batch(dovecot, user))
    for _ in range(2):
        held = Held()
        practice_exchange.next("CreateItem", held, after=2)
        run = program.start("run", file)
        assert held.arrived.wait(30)
        sent = destination.sent(user)
        assert 40 <= sent < 150
        program.until("wave", lambda batch, sent=sent: shown(batch) == sent)  # type: ignore[misc]
        run.kill()
        held.release.set()  # what was sent is stored after its sender's death
    assert program.migrate(file).counts() == {"copied": 150}
    assert destination.sent(user) == 150
    assert places(destination.read(user)) == at_source(dovecot, user)


#: What becomes of a mailbox's second request.
ACCIDENTS: dict[str, Outcome] = {
    "reset-before": Reset("before"),
    "reset-after": Reset("after"),
    "reset-half": Reset("after", items=7),
    "truncated": Truncated(),
    "late": StoreLate(2.5),
    "fewer": Fewer(3),
}


def is_to(address: str, request: Request) -> bool:
    return request.mailbox == address


def test_whatever_exchange_does_with_a_request(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, user: str
) -> None:
    destination = Exchange(practice_exchange)
    users = [f"{user}-{accident}" for accident in ACCIDENTS]
    for one in users:
        dovecot.load(one, letters(45))
    batch = destination.batch(dovecot, *users)
    batch["options"]["settle"] = "4s"
    for one, outcome in zip(users, ACCIDENTS.values(), strict=True):
        practice_exchange.script(Rule((outcome,), "CreateItem", partial(is_to, f"{one}@new.example"), after=1))
    migrated = program.migrate(program.batch(batch))
    assert practice_exchange.script_left == 0
    practice_exchange.settle()
    for number, one in enumerate(users):
        assert migrated.counts(number) == {"copied": 45}, one
        assert places(destination.read(one)) == at_source(dovecot, one), one
    in_doubt = Counter(event["mailbox"] for event in migrated.kinds("message.in_doubt"))
    assert set(in_doubt) <= set(users)
    assert in_doubt[f"{user}-late"] == 20
    settled = {(event["mailbox"], event["text"]) for event in migrated.kinds("message.settled")}
    assert (f"{user}-late", "was stored after all: not sent again") in settled
