"""Requests under way when something breaks off: nothing is sent twice, nothing is forgotten, all memory comes back.

`World.run` looks at the memory after each pass.
"""

import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from core.errors import StateError
from core.event import EventKind
from core.ports.destination import DestinationFolder, Limits, Outgoing, Written
from core.ports.failure import Action, EndpointError
from tests.core.sync.test_faults import answering, load, storing, there_once
from tests.core.sync.world import Fault, MemoryDestination, World

_PATIENCE = 60.0


@pytest.fixture
def wide(make_world: Callable[..., World]) -> World:
    """A destination that takes three requests of four messages at once."""
    return make_world(at_once=3)


def together(*faults: Fault) -> list[Fault]:
    """Each happens when all these requests are under way."""
    barrier = threading.Barrier(len(faults))

    def met(fault: Fault) -> Fault:
        def wrapped(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
            barrier.wait(_PATIENCE)
            return fault(new, place, batch)

        return wrapped

    return [met(fault) for fault in faults]


def asks_for_time(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
    """For three seconds."""
    return storing(0, Action.WAIT, in_doubt=False)(new, place, batch)


def in_doubt(world: World) -> int:
    """How many messages an earlier pass has left so."""
    return sum(len(world.ledger().intents(folder)) for folder in world.ledger().folders.current())


class Wavering(MemoryDestination):
    """Takes another number of messages each time that it is asked: as Exchange, where each answer changes it."""

    sizes = itertools.cycle([4])

    @property
    def limits(self) -> Limits:
        return replace(self._limits, batch_messages=next(self.sizes))

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._limits = limits


@pytest.mark.parametrize("sizes", [(5, 1, 2), (5, 2, 1), (1, 5, 2), (5, 5, 1)])
def test_a_request_that_is_parted_while_the_pace_changes(wide: World, sizes: tuple[int, ...]) -> None:
    wide.new = new = Wavering(wide.clock, wide.calls, keyed=True, at_once=3)
    new.sizes = itertools.cycle(sizes)
    load(wide, 30)
    assert wide.run().finished
    there_once(wide, 30)
    assert new.sent == 30


# --- our own side ------------------------------------------------------------------------------------------------


def test_a_store_that_breaks_when_one_more_connection_is_asked_for(wide: World) -> None:
    load(wide, 24)

    def broken(_flying: int) -> bool:
        raise StateError("the disk is full")

    wide.another = broken
    with pytest.raises(StateError):
        wide.run()
    wide.another = lambda _: True
    assert wide.run().finished
    there_once(wide, 24)


def test_a_system_that_gives_no_more_threads(wide: World, monkeypatch: pytest.MonkeyPatch) -> None:
    load(wide, 24)
    start, tried = threading.Thread.start, threading.Event()

    def refused(thread: threading.Thread) -> None:
        if "_1" in thread.name:  # the second of those that send
            tried.set()
            raise RuntimeError("can't start new thread")
        start(thread)

    def busy(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        assert tried.wait(_PATIENCE)
        return new.take(place, batch)

    wide.new.faults = [busy]

    monkeypatch.setattr(threading.Thread, "start", refused)
    with pytest.raises(RuntimeError, match="new thread"):
        wide.run()
    monkeypatch.undo()
    assert wide.until_done().finished
    there_once(wide, 24)


def test_no_room_on_the_disk_for_what_a_refused_message_becomes(wide: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes up while that what is under way is written down."""
    load(wide, 12)
    wide.new.faults = together(storing(2, Action.SPLIT, in_doubt=True), *[answering(Action.REJECT)] * 2)
    wide.calls.before["look_up Posteingang"].append(wide.lost)
    tried: list[object] = []

    def refused(*of: object) -> str:
        tried.append(of)
        raise StateError("the disk is full")

    monkeypatch.setattr("core.sync.repairing.Repairing.refused", refused)
    with pytest.raises(StateError):
        wide.run()
    assert tried
    monkeypatch.undo()
    assert wide.run(retry_rejected=True).finished
    there_once(wide, 12)


# --- marks -------------------------------------------------------------------------------------------------------


def test_a_link_that_is_lost_when_the_next_request_would_go(make_world: Callable[..., World]) -> None:
    world = make_world(keyed=False)
    load(world, 24)
    world.calls.before["mark Posteingang"] += [lambda: None, world.lost]
    with pytest.raises(EndpointError):
        world.run()
    assert world.ledger().total().copied == 4, "what had been answered is known"
    assert in_doubt(world) == 0, "what had not left is not in doubt"
    assert world.run().finished
    there_once(world, 24)


def test_a_folder_that_is_made_anew_while_the_next_request_is_made_ready(make_world: Callable[..., World]) -> None:
    """What has the old one's mark would be looked for there only, and sent again."""
    world = make_world(keyed=False)
    load(world, 8)

    def made_anew(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        new.make_anew("Posteingang")
        return new.take(place, batch)

    world.new.faults = [made_anew, storing(4, Action.RETRY, in_doubt=True)]
    assert world.until_done().finished
    there_once(world, 8)


# --- who asks for time gets it, whatever else happens ------------------------------------------------------------


@pytest.mark.parametrize("lost", [storing(2, Action.RETRY, in_doubt=True), storing(0, Action.RETRY, in_doubt=False)])
def test_a_throttle_beside_a_link_that_is_lost(wide: World, lost: Fault) -> None:
    load(wide, 12)
    wide.new.faults = together(lost, asks_for_time, lost)
    with pytest.raises(EndpointError) as error:
        wide.run()
    assert (error.value.failure.action, error.value.failure.seconds) == (Action.WAIT, 3.0)
    assert wide.until_done().finished
    there_once(wide, 12)


def test_what_ends_the_mailbox_is_told_before_a_throttle(wide: World) -> None:
    load(wide, 12)
    full = storing(0, Action.STOP_MAILBOX, in_doubt=False)
    wide.new.faults = together(asks_for_time, full, storing(0, Action.RETRY, in_doubt=False))
    with pytest.raises(EndpointError) as error:
        wide.run()
    assert error.value.failure.action is Action.STOP_MAILBOX
    assert wide.run().finished
    there_once(wide, 12)


@pytest.mark.parametrize("breaks", [World.lost, World.gone])
def test_a_throttle_while_the_source_breaks_off(wide: World, breaks: Callable[[World], None]) -> None:
    load(wide, 12)
    wide.old.add("B")
    wide.old.deliver("B", b"b")
    broken = threading.Event()

    def at_the_source() -> None:
        broken.set()
        breaks(wide)

    def busy(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        assert broken.wait(_PATIENCE)
        return asks_for_time(new, place, batch)

    wide.calls.before["fetch INBOX"].append(lambda: None)
    wide.calls.before["fetch B"].append(at_the_source)
    wide.new.faults = [busy]
    with pytest.raises(EndpointError) as error:
        wide.run()
    assert (error.value.failure.action, error.value.failure.seconds) == (Action.WAIT, 3.0)


def test_of_several_in_one_request_the_longest_wait_counts(wide: World) -> None:
    load(wide, 4)

    def busy(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        answers = answering(Action.WAIT)(new, place, batch)
        first = answers[0].failure
        assert first is not None
        return [replace(answers[0], failure=replace(first, seconds=9.0)), *answers[1:]]

    wide.new.faults = [busy]
    assert wide.run().finished
    assert wide.steering.waited == [9.0]
    there_once(wide, 4)


def test_a_throttle_is_told_when_stopping_has_come(wide: World) -> None:
    """Whoever looks after the connections hears of it, and the next pass has fewer."""
    load(wide, 12)

    def busy(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        wide.stop()
        return asks_for_time(new, place, batch)

    wide.new.faults = together(busy, busy, busy)
    assert not wide.run().finished
    assert [event.kind for event in wide.events].count(EventKind.MAILBOX_THROTTLED) == 1


# --- blame -------------------------------------------------------------------------------------------------------


def test_who_has_stumbled_before_still_goes_alone_when_it_was_not_its_turn(make_world: Callable[..., World]) -> None:
    world = make_world()
    load(world, 2)
    lost = storing(0, Action.RETRY, in_doubt=False)
    world.new.faults = [lost]
    with pytest.raises(EndpointError):
        world.run()
    world.new.faults = [lost]
    with pytest.raises(EndpointError):
        world.run()
    folder = world.ledger().folders.current()[0]
    assert all(entry.exact for entry in world.ledger().entries(folder, [1, 2]).values())
    assert world.run().finished
    there_once(world, 2)
