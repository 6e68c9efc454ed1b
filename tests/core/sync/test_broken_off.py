"""Requests under way when something breaks off: nothing is sent twice, and all memory is given back."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest

from core.ports.destination import Limits
from tests.core.sync.test_faults import load, there_once
from tests.core.sync.world import MemoryDestination, World


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
def test_a_request_that_is_parted_while_the_pace_changes(
    make_world: Callable[..., World], sizes: tuple[int, ...]
) -> None:
    world = make_world(at_once=3)
    world.new = new = Wavering(world.clock, world.calls, keyed=True, at_once=3)
    new.sizes = itertools.cycle(sizes)
    load(world, 30)
    assert world.run().finished
    there_once(world, 30)
    assert new.sent == 30
