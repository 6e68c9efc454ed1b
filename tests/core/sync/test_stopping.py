"""A stop is obeyed at once: whatever is not in flight is not begun, and nothing is lost by it."""

from collections.abc import Callable

import pytest

from core.mail.flags import FLAGGED, SEEN
from core.ports.failure import Action, EndpointError
from tests.core.sync.test_faults import storing
from tests.core.sync.world import World


def busy(world: World) -> None:
    """Work of every kind for the next pass: new, moved, changed, in doubt, in a folder that is new or gone."""
    for name in "ABCDE":
        world.old.add(name)
        for number in range(3):
            world.old.deliver(name, f"{name} {number}".encode())
    world.run()
    for name in "ABCDE":
        world.old.flag(name, 1, [SEEN, FLAGGED])
    world.old.deliver("B", b"in doubt")
    world.new.faults = [storing(1, Action.RETRY, in_doubt=True, late=2)]
    with pytest.raises(EndpointError):
        world.run()
    world.old.move("A", 2, "C")
    world.old.flag("C", 1, [])
    world.old.remove("E")
    world.old.add("F")
    world.old.deliver("F", b"new")
    world.old.deliver("D", b"new")


def nothing_new_is_begun(world: World) -> int:
    """Passes that are stopped one call later each time; returns at which call the last one would have been."""
    for number in range(1, 500):
        world.calls.made.clear()
        world.calls.after(number, world.stop)
        if world.run().finished:
            return number
        # What was asked for is in flight; one message or one folder is a few requests.
        assert len(world.calls.made) <= number + 2, world.calls.made[number:]
    raise AssertionError("the pass never ended")


def test_in_passes_with_work_of_every_kind(world: World) -> None:
    busy(world)
    assert nothing_new_is_begun(world) > 20
    assert sorted(data for _, data in world.new.all()) == sorted(
        [f"{name} {number}".encode() for name in "ABCDE" for number in range(3)] + [b"in doubt", b"new", b"new"]
    )


@pytest.mark.parametrize("condstore", [True, False])
def test_in_passes_that_find_nothing_new(make_world: Callable[..., World], *, condstore: bool) -> None:
    world = make_world(condstore=condstore)
    for name in "ABCDE":
        world.old.add(name)
        world.old.deliver(name, b"x")
    world.run()
    world.old.modseq += 1
    assert nothing_new_is_begun(world) > 10


def test_in_first_passes_that_adopt(world: World) -> None:
    for name in "ABCDE":
        world.old.add(name)
        world.old.deliver(name, b"x")
    world.run()
    world.forget_ledger()
    assert nothing_new_is_begun(world) > 15
    assert len(world.new.all()) == 5
