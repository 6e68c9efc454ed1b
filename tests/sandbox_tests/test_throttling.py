"""Budgets: what is let through, held and turned away, and for how long."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Literal

import pytest

from tests.sandbox.mailbox import Mailbox
from tests.sandbox.outcomes import Held
from tests.sandbox.raw import RawClient, message
from tests.sandbox.server import PracticeExchange
from tests.sandbox.soap import RefusedError
from tests.sandbox.throttling import Budget, Policy

BATCH = [message(b"Subject: %d\r\n\r\nHi\r\n" % number) for number in range(8)]
HOUR = 3_600_000.0
#: Four items at one go, two more on credit; 1000 ms come back in a second.
POLICY = Policy(max_burst=400, recharge_rate=HOUR, cutoff_balance=200, item=100)
#: The same, but what is spent stays spent for as long as a test takes.
STRICT = Policy(max_burst=400, recharge_rate=1000, cutoff_balance=150, item=100)


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> Budget:
    return Budget(POLICY, 400, clock)


def spend(budget: Budget, items: int) -> int:
    """How many of so many items go through."""
    through = 0
    for _item in range(items):
        with suppress(RefusedError), budget.item():
            through += 1
    return through


def test_it_may_be_overdrawn_and_no_further(budget: Budget) -> None:
    assert spend(budget, 4) == 4
    assert (budget.hold, budget.back_off) == (0, 0)
    assert spend(budget, 1) == 1
    assert budget.hold == pytest.approx(0.1, abs=0.002)
    assert spend(budget, 5) == 1
    assert budget.back_off == 201
    with pytest.raises(RefusedError, match="ErrorServerBusy") as caught, budget.item():
        pass
    assert (caught.value.stops, caught.value.values) == (True, {"BackOffMilliseconds": "201"})


def test_who_was_cut_off_waits_until_all_is_made_up_for(budget: Budget, clock: Clock) -> None:
    assert spend(budget, 9) == 6
    clock.at += 0.19
    assert (spend(budget, 1), budget.back_off) == (0, 11)
    clock.at += 0.02
    assert (spend(budget, 1), budget.back_off) == (1, 0)


def test_what_comes_back_is_never_more_than_the_burst(budget: Budget, clock: Clock) -> None:
    clock.at += 1000
    assert spend(budget, 9) == 6


def test_an_item_that_fails_is_charged_too(budget: Budget) -> None:
    for _item in range(6):
        with pytest.raises(ValueError, match="broken"), budget.item():
            raise ValueError("broken")
    assert budget.back_off == 201


def test_the_budget_is_checked_after_each_item_of_a_batch(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox
) -> None:
    practice_exchange.policy = STRICT
    answer = client.create(BATCH)
    assert answer.codes == [*["NoError"] * 6, "ErrorServerBusy", "ErrorBatchProcessingStopped"]
    assert int(answer.message_values()["BackOffMilliseconds"]) > 0
    assert ann.count() == 6
    turned_away = client.find()
    assert (turned_away.is_fault, turned_away.codes) == (True, ["ErrorServerBusy"])
    assert int(turned_away.message_values()["BackOffMilliseconds"]) > 0
    practice_exchange.policy = Policy()
    assert client.create(BATCH).codes == ["NoError"] * 8


@pytest.mark.parametrize(("of", "codes"), [("account", ["ErrorServerBusy"]), ("mailbox", ["NoError"])])
def test_whose_budget_it_is(
    practice_exchange: PracticeExchange,
    client: RawClient,
    of: Literal["account", "mailbox"],
    codes: list[str],
) -> None:
    practice_exchange.add_mailbox("bob@example.com")
    practice_exchange.policy = Policy(max_burst=50, recharge_rate=1000, cutoff_balance=0, item=100, of=of)
    assert client.create(BATCH[:1]).codes == ["NoError"]
    with RawClient(practice_exchange.url, "svc", "secret", mailbox="bob@example.com") as other:
        assert other.find().codes == codes


def test_too_many_at_once(
    practice_exchange: PracticeExchange, client: RawClient, make_client: Callable[[], RawClient]
) -> None:
    practice_exchange.policy = Policy(concurrency=1)
    held = Held()
    practice_exchange.next("CreateItem", held)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.create, BATCH)
        assert held.arrived.wait(20)
        other = make_client()
        assert other.find().codes == ["ErrorExceededConnectionCount"]
        held.release.set()
        assert first.result(20).codes == ["NoError"] * 8
    assert other.find().codes == ["NoError"]
