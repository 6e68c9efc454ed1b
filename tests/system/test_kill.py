"""Killed while a request is at the server, and answered by a server that fails in every way: each message arrives
exactly once. tests/crash kills at every other moment.
"""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from tests.sandbox.outcomes import Fewer, Held, Outcome, Reset, StoreLate, Truncated
from tests.sandbox.script import Request, Rule
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.system.letters import letters
from tests.system.program import Program
from tests.system.sides import Exchange, at_source, places


def shown(batch: Mapping[str, Any]) -> int:
    copied: int = batch["mailboxes"][0]["messages"]["copied"]
    return copied


def test_killed_while_it_waits_for_a_request(
    program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, user: str
) -> None:
    destination = Exchange(practice_exchange)
    dovecot.load(user, letters(150))
    batch = destination.batch(dovecot, user)
    batch["destination"]["max_connections"] = 1  # one request at a time
    file = program.batch(batch)
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
