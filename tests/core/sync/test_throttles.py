"""A destination that asks for time gets it, is asked for less afterwards, and no message is the worse for it."""

from collections.abc import Callable, Sequence

import pytest

from core.ports.destination import DestinationFolder, Limits, Outgoing, Written
from core.ports.failure import Action, EndpointError
from tests.core.sync.test_faults import answering, load, storing, there_once
from tests.core.sync.world import Fault, MemoryDestination, World, failure


class Sizes:
    """How many messages each request carries; the first ones go as they are told."""

    def __init__(self, world: World, *faults: Fault) -> None:
        self.seen: list[int] = []
        self._faults = list(faults)
        world.new.faults = [self]

    def __call__(
        self, new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]
    ) -> Sequence[Written]:
        self.seen.append(len(batch))
        new.faults.append(self)
        fault = self._faults.pop(0) if self._faults else answering(None)
        return fault(new, place, batch)


@pytest.fixture
def roomy(make_world: Callable[..., World]) -> World:
    """A destination that takes many messages at once."""
    world = make_world()
    world.new.limits = Limits(8, 10_000, 5_000, keyed=True, folds_case=True)
    return world


def test_half_as_much_is_sent_after_a_throttle_and_more_with_each_request(roomy: World) -> None:
    load(roomy, 60)
    sizes = Sizes(roomy, answering(None, None, None, Action.WAIT))
    assert roomy.run().finished
    assert sizes.seen[:8] == [8, 2, 4, 4, 5, 6, 7, 8], (
        "the two that were not taken first; then four of the eight that were ready, and the rest"
    )
    there_once(roomy, 60)


def test_each_further_throttle_halves_it_again_down_to_one(roomy: World) -> None:
    load(roomy, 20)
    sizes = Sizes(roomy, *[storing(0, Action.WAIT, in_doubt=False)] * 5)
    assert roomy.run().finished
    assert sizes.seen[:9] == [8, 4, 2, 1, 1, 1, 1, 2, 3]
    there_once(roomy, 20)


@pytest.mark.parametrize("whole", [True, False])
def test_messages_that_are_not_to_blame_go_together_again(roomy: World, whole: bool) -> None:
    """The mailbox was full, say."""
    load(roomy, 8)
    stop = Action.STOP_MAILBOX
    sizes = Sizes(roomy, storing(0, stop, in_doubt=False) if whole else answering(stop))
    with pytest.raises(EndpointError):
        roomy.run()
    assert roomy.run().finished
    assert sizes.seen == [8, 8]
    there_once(roomy, 8)


@pytest.mark.parametrize("whole", [True, False])
def test_nor_does_a_throttle_put_blame_on_anybody(roomy: World, whole: bool) -> None:
    load(roomy, 8)
    busy = storing(0, Action.WAIT, in_doubt=False) if whole else answering(Action.WAIT)

    def busy_when_stopped(
        new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]
    ) -> Sequence[Written]:
        roomy.stop()
        return busy(new, place, batch)

    sizes = Sizes(roomy, busy_when_stopped)
    assert not roomy.run().finished
    assert roomy.run().finished
    assert sizes.seen == [8, 8]
    there_once(roomy, 8)


def test_who_asks_for_no_time_again_and_again_is_given_some(world: World) -> None:
    load(world, 2)

    def busy(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        return [Written(message.token, failure=failure(Action.WAIT, seconds=0.0)) for message in batch]

    world.new.faults = [busy] * 40
    assert world.run().finished
    waited = world.steering.waited
    assert waited[:3] == pytest.approx([0.01, 0.04, 0.09])
    assert waited == sorted(waited)
    assert waited[-1] == 10.0
    there_once(world, 2)
