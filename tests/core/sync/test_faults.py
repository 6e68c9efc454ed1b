"""Whatever a destination or a link does in the middle, every message is there once in the end."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from core.event import EventKind
from core.ports.destination import DestinationFolder, Outgoing, Written
from core.ports.failure import Action, EndpointError
from core.sync import fetching
from tests.core.sync.world import Fault, MemoryDestination, World, failure


def load(world: World, count: int = 10) -> None:
    for number in range(count):
        world.old.deliver("INBOX", b"%d" % number, days=number)


def there_once(world: World, count: int = 10) -> None:
    assert world.new.all() == sorted(("Posteingang", b"%d" % number) for number in range(count))


def storing(stored: int, action: Action, *, in_doubt: bool, late: float = 0) -> Fault:
    """Stores the first few, then the request fails as a whole."""

    def fault(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        for message in batch[:stored]:
            new.store(place, message, late=late)
        raise EndpointError(failure(action, in_doubt=in_doubt, seconds=3.0))

    return fault


def answering(*actions: Action | None, in_doubt: bool = False, store_doubtful: bool = False) -> Fault:
    """One answer an item; None stores it."""

    def fault(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        answers = []
        for message, action in zip(batch, actions * len(batch), strict=False):
            if action is None:
                item = new.store(place, message)
                answers.append(Written(message.token, item if new.names_items else None))
            else:
                if store_doubtful:
                    new.store(place, message)
                answers.append(Written(message.token, failure=failure(action, in_doubt=in_doubt, seconds=2.0)))
        return answers

    return fault


@pytest.mark.parametrize("stored", [0, 1, 4])
@pytest.mark.parametrize("late", [0, 2.5])
def test_a_lost_answer_is_looked_up(world: World, stored: int, late: float) -> None:
    load(world)
    world.new.faults = [storing(stored, Action.RETRY, in_doubt=True, late=late)]
    assert world.until_done().finished
    there_once(world)
    settled = [event.text for event in world.events if event.kind is EventKind.MESSAGE_SETTLED]
    assert len(settled) == 4
    assert sum("not sent again" in text for text in settled) == stored


def test_what_was_not_stored_waits_until_it_can_no_longer_be(world: World) -> None:
    load(world, 2)
    world.new.faults = [storing(0, Action.RETRY, in_doubt=True)]
    world.until_done()
    there_once(world, 2)
    assert (world.clock.now() - world.events[0].time).total_seconds() >= 10


def test_other_messages_go_on_while_one_settles(world: World) -> None:
    load(world, 9)
    world.new.faults = [storing(0, Action.RETRY, in_doubt=True)]
    with pytest.raises(EndpointError):
        world.run()
    assert len(world.new.all()) == 0
    world.run()
    copied = [event for event in world.events if event.kind is EventKind.MESSAGE_COPIED]
    waited = next(event.time for event in world.events if "not stored" in event.text)
    assert sum(event.time < waited for event in copied) == 5
    there_once(world, 9)


def test_a_link_lost_before_anything_was_sent(world: World) -> None:
    load(world)
    world.new.faults = [storing(0, Action.RETRY, in_doubt=False)]
    world.until_done()
    there_once(world)
    assert world.steering.waited == []


def test_a_throttle_is_waited_out_and_counted_against_nobody(world: World) -> None:
    load(world)
    world.new.faults = [storing(0, Action.WAIT, in_doubt=False)] * 7
    result = world.run()
    assert (result.finished, result.rejected) == (True, 0)
    assert world.steering.waited == [3.0] * 7
    there_once(world)


def test_a_throttle_in_the_middle_of_a_batch(world: World) -> None:
    load(world)
    world.new.faults = [answering(None, Action.WAIT, None, Action.RETRY)]
    assert world.run().finished
    there_once(world)


@pytest.mark.parametrize("action", [Action.SPLIT, Action.REJECT])
def test_one_item_that_spoils_every_request_is_found(world: World, action: Action) -> None:
    load(world)

    def spoilt(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        new.faults.append(spoilt)
        if any(message.body.read() == b"5" for message in batch):
            raise EndpointError(failure(action, in_doubt=True))
        return answering(None)(new, place, batch)

    world.new.faults = [spoilt]
    result = world.run()
    assert (result.new, result.rejected) == (9, 1)
    assert ("Posteingang", b"5") not in world.new.all()
    assert len(world.new.all()) == 9


def test_a_spoilt_request_that_stored_some_of_it(world: World) -> None:
    load(world)
    world.new.faults = [storing(2, Action.SPLIT, in_doubt=True)]
    assert world.run().new == 10
    there_once(world)


def test_refused_messages_are_listed_and_tried_again_when_asked(world: World) -> None:
    load(world)
    world.new.faults = [answering(None, Action.REJECT, None, None)]
    assert world.run().rejected == 1
    assert world.run().rejected == 1
    assert len(world.new.all()) == 9
    result = world.run(retry_rejected=True)
    assert (result.rejected, result.new) == (0, 1)
    there_once(world)


def test_single_items_in_doubt(world: World) -> None:
    load(world)
    world.new.faults = [answering(None, Action.RETRY, in_doubt=True, store_doubtful=True)]
    assert world.run().finished
    there_once(world)


def test_an_item_that_always_stumbles_ends_the_pass_not_the_mailbox(world: World) -> None:
    load(world, 3)
    world.new.faults = [answering(Action.RETRY)] * 3
    with pytest.raises(EndpointError) as error:
        world.run()
    assert error.value.failure.action is Action.RETRY
    world.until_done()
    there_once(world, 3)


def test_a_full_mailbox_stops_it_and_what_was_stored_counts(world: World) -> None:
    load(world)
    world.new.faults = [answering(None, None, Action.STOP_MAILBOX, Action.STOP_MAILBOX)]
    with pytest.raises(EndpointError) as error:
        world.run()
    assert error.value.failure.action is Action.STOP_MAILBOX
    assert world.ledger().total().copied == 2
    world.run()
    there_once(world)


def test_too_many_refusals_fail_the_mailbox(make_world: Callable[..., World]) -> None:
    from core.batch.definition import Options

    world = make_world(options=Options(rejected_limit=2))
    load(world)
    world.new.faults = [answering(Action.REJECT)] * 9
    with pytest.raises(EndpointError, match="more than rejected_limit"):
        world.run()
    assert world.ledger().total().rejected > 2


def test_a_link_lost_at_the_source(world: World) -> None:
    load(world, 300)

    def lost() -> None:
        raise EndpointError(failure(Action.RETRY))

    world.source_faults = [lambda: None, lost, lambda: None, lost]
    world.until_done()
    there_once(world, 300)


def test_messages_that_vanish_while_they_are_fetched(world: World) -> None:
    load(world)

    def deleted() -> None:
        for uid in (2, 3):
            world.old.delete("INBOX", uid)

    world.source_faults = [deleted]
    result = world.run()
    assert (result.new, world.ledger().total().vanished) == (8, 2)


def test_messages_larger_than_they_were_said_to_be_count_as_what_they_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "REQUEST_BYTES", 100)
    for number in range(40):
        world.old.deliver("INBOX", b"%02d" % number * 20, days=number)
    world.old.sizes = 1
    most = 0

    def watched(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        nonlocal most
        most = max(most, world.steering.held)
        assert len(batch) <= 4
        return answering(None)(new, place, batch)

    world.new.faults = [always(watched)]
    assert world.run().new == 40
    # Four being written and four ready, three at hand, four times three that wait, three being fetched; a byte for
    # each of the others.
    assert 200 < most <= (4 + 4 + 3 + 4 * 3 + 3) * 40 + 40 < 40 * 40


def test_a_folder_renumbered_in_the_middle_is_listed_anew(world: World) -> None:
    load(world, 150)
    world.source_faults = [lambda: None, lambda: world.old.renumber("INBOX")]
    assert world.run().finished
    there_once(world, 150)


def always(fault: Fault) -> Fault:
    """The same, again and again; not for ever."""

    def again(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        assert new.writes < 200, "the pass never ends"
        new.faults.append(again)
        return fault(new, place, batch)

    return again


def test_one_message_that_breaks_every_connection_holds_up_no_other(world: World) -> None:
    load(world, 20)

    def breaking(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        for number, message in enumerate(batch):
            if message.body.read() in {b"1", b"2"}:
                storing(number, Action.RETRY, in_doubt=True)(new, place, batch)
        return answering(None)(new, place, batch)

    world.new.faults = [always(breaking)]
    for _ in range(4):
        with pytest.raises(EndpointError) as error:
            world.run()
        assert error.value.failure.action is Action.RETRY
    assert len(world.new.all()) == 18
    world.new.faults = []
    world.until_done()
    there_once(world, 20)


def refusing(what: bytes, action: Action, *, in_doubt: bool, alone: bool = False) -> Fault:
    """Every request with this message in it fails as a whole."""

    def refuse(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        if any(message.body.read() == what for message in batch):
            raise EndpointError(failure(action, in_doubt=in_doubt, alone=alone))
        return answering(None)(new, place, batch)

    return refuse


def test_one_message_that_is_cut_off_each_time_holds_up_no_other(world: World) -> None:
    load(world, 20)
    world.new.faults = [always(refusing(b"12", Action.RETRY, in_doubt=False, alone=True))]
    for _ in range(2):
        with pytest.raises(EndpointError):
            world.run()
    assert len(world.new.all()) == 19
    assert world.ledger().total().rejected == 0
    world.new.faults = []
    world.until_done()
    there_once(world, 20)


LARGE = b"Subject: large\r\n\r\n" + b"x" * (1 << 20)


@pytest.fixture
def wide(world: World) -> World:
    """A destination that may take large messages."""
    world.new.limits = replace(world.new.limits, batch_bytes=4 << 20, max_message=None)
    load(world, 5)
    world.old.deliver("INBOX", LARGE, days=2)
    return world


def test_a_large_message_that_no_connection_outlives_is_refused(wide: World) -> None:
    wide.new.faults = [always(refusing(LARGE, Action.RETRY, in_doubt=True))]
    assert wide.until_done().rejected == 1
    there_once(wide, 5)
    (event,) = [event for event in wide.events if event.kind is EventKind.MESSAGE_REJECTED]
    assert "no connection outlives it (1.0 MB, sent alone 3 times, not stored)" in event.text
    wide.new.faults = []
    assert wide.run(retry_rejected=True).new == 1
    assert len(wide.new.all()) == 6


def test_a_large_message_is_not_refused_for_a_link_that_is_down(wide: World) -> None:
    wide.new.faults = [always(refusing(LARGE, Action.RETRY, in_doubt=False))]
    for _ in range(5):
        with pytest.raises(EndpointError):
            wide.run()
    assert wide.ledger().total().rejected == 0
    wide.new.faults = []
    wide.until_done()
    assert len(wide.new.all()) == 6


def test_a_large_message_that_was_stored_each_time_is_not_refused(wide: World) -> None:
    wide.new.faults = [storing(6, Action.RETRY, in_doubt=True, late=3)]
    assert wide.until_done().rejected == 0
    assert len(wide.new.all()) == 6


def test_one_message_whose_answer_is_always_unknown_ends_the_pass(world: World) -> None:
    load(world)

    def unknown(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        return answering(*[Action.RETRY if message.body.read() == b"3" else None for message in batch], in_doubt=True)(
            new, place, batch
        )

    world.new.faults = [always(unknown)]
    with pytest.raises(EndpointError) as error:
        world.run()
    assert error.value.failure.action is Action.RETRY
    assert len(world.new.all()) == 9
    world.new.faults = []
    world.until_done()
    there_once(world)


@pytest.mark.parametrize("action", [Action.RETRY, Action.STOP_MAILBOX])
def test_a_server_that_gives_nothing_but_doubt_is_not_sent_more(world: World, action: Action) -> None:
    load(world, 40)
    world.new.faults = [always(answering(action, in_doubt=True))]
    with pytest.raises(EndpointError) as error:
        world.run()
    assert error.value.failure.action is action
    assert world.new.writes == 1
    world.new.faults = []
    world.until_done()
    there_once(world, 40)


def test_a_server_that_asks_for_time_and_leaves_doubt_gets_its_time(world: World) -> None:
    load(world)
    world.new.faults = [answering(Action.WAIT, in_doubt=True)] * 2
    assert world.run().finished
    assert world.steering.waited[:2] == [2.0, 2.0]
    there_once(world)
