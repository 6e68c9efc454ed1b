"""The rules that count over a whole mailbox, when a pass is cut off, listed anew or repeated."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from core.batch.definition import Options
from core.event import EventKind
from core.ports.failure import Action, EndpointError
from core.status import PassKind
from tests.core.sync.test_faults import answering, load, storing
from tests.core.sync.world import World


def newest(world: World, count: int) -> None:
    for number in range(count):
        world.old.deliver("INBOX", b"%d" % number, days=number + 1)


def test_later_arrivals_do_not_push_out_what_the_initial_pass_chose(make_world: Callable[..., World]) -> None:
    world = make_world(options=Options(max_items_per_mailbox=3))
    newest(world, 6)
    world.new.faults = [answering(None, Action.STOP_MAILBOX, Action.STOP_MAILBOX)]
    with pytest.raises(EndpointError):
        world.run(kind=PassKind.INITIAL)
    world.old.deliver("INBOX", b"later")
    world.run(kind=PassKind.INITIAL)
    assert [data for _, data in world.new.all()] == [b"0", b"1", b"2", b"later"]
    assert world.ledger().total().skipped == 3


def test_what_is_in_doubt_is_never_left_out(make_world: Callable[..., World]) -> None:
    world = make_world(options=Options(max_items_per_mailbox=3))
    newest(world, 6)
    world.new.faults = [storing(3, Action.RETRY, in_doubt=True, late=5)]
    with pytest.raises(EndpointError):
        world.run(kind=PassKind.INITIAL)
    for number in range(3):
        world.old.deliver("INBOX", b"later %d" % number)
    world.run(kind=PassKind.INITIAL)
    assert world.ledger().total().copied == len(world.new.all()) == 6


def test_messages_too_large_count_when_nothing_else_is_to_be_copied(make_world: Callable[..., World]) -> None:
    world = make_world(options=Options(rejected_limit=2))
    for _ in range(3):
        world.old.deliver("INBOX", b"x" * 6000)
    for _ in range(2):
        with pytest.raises(EndpointError, match="more than rejected_limit"):
            world.run()
    world.options = Options(rejected_limit=3)
    assert world.run().finished


def test_what_is_rejected_again_is_not_tried_a_third_time_when_the_pass_lists_anew(world: World) -> None:
    load(world, 4)
    world.new.faults = [answering(Action.REJECT)]
    world.run()
    world.new.faults = [answering(Action.REJECT)] * 4  # one by one: each stumbled before
    world.old.add("B")
    world.old.deliver("B", b"b")
    world.calls.before["fetch B"].append(world.gone)
    result = world.run(retry_rejected=True)
    assert (result.finished, result.rejected) == (True, 4)
    assert [event.kind for event in world.events].count(EventKind.MESSAGE_REJECTED) == 8


def test_what_is_pending_is_judged_by_the_rules_of_today(make_world: Callable[..., World]) -> None:
    strict = Options(received_since=datetime(2025, 12, 1, tzinfo=UTC))
    world = make_world(options=strict)
    world.old.deliver("INBOX", b"old", days=100)
    world.run()
    world.options = Options()
    world.new.faults = [storing(0, Action.RETRY, in_doubt=False)]
    with pytest.raises(EndpointError):
        world.run()
    world.options = strict
    world.run()
    assert world.new.all() == []
    assert world.ledger().total().skipped == 1
