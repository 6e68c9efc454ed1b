"""Users move mail while we list: what was seen twice or not at all is still one message."""

from collections.abc import Callable

import pytest

from core.mail.folder import FolderPath
from core.ports.failure import Action, EndpointError
from tests.core.sync.world import World


def settled(world: World, *paths: str) -> dict[str, int]:
    """One copied message in each folder."""
    uids = {}
    for path in paths:
        if FolderPath.parse(path) not in world.old.folders:
            world.old.add(path)
        uids[path] = world.old.deliver(path, path.encode())
    world.run()
    return uids


def nothing() -> None:
    return


def test_from_a_folder_that_was_listed_to_one_that_was_not(world: World) -> None:
    uids = settled(world, "INBOX", "Z")
    world.calls.before["examine Z"].append(lambda: world.old.move("INBOX", uids["INBOX"], "Z"))
    world.run()
    world.run()
    assert world.new.all() == [("Z", b"INBOX"), ("Z", b"Z")]


def test_from_a_folder_that_was_not_listed_to_one_that_was(world: World) -> None:
    uids = settled(world, "INBOX", "Z")
    world.calls.before["examine Z"].append(lambda: world.old.move("Z", uids["Z"], "INBOX"))
    world.run()
    world.run()
    assert world.new.all() == [("Posteingang", b"INBOX"), ("Posteingang", b"Z")]


def test_to_a_folder_that_was_made_for_it(world: World) -> None:
    uids = settled(world, "INBOX", "Z")

    def make_and_move() -> None:
        world.old.add("New")
        world.old.move("Z", uids["Z"], "New")

    world.calls.before["examine Z"].append(make_and_move)
    world.run()
    world.run()
    assert world.new.all() == [("New", b"Z"), ("Posteingang", b"INBOX")]


def test_while_we_look_again(world: World) -> None:
    uids = settled(world, "INBOX", "Y", "Z")
    world.old.deliver("INBOX", b"new")
    world.calls.before["examine Z"] += [nothing, lambda: world.old.move("INBOX", uids["INBOX"], "Z")]
    world.calls.before["examine Y"] += [nothing, nothing, lambda: world.old.move("Z", uids["Z"], "INBOX")]
    world.run()
    world.run()
    assert world.new.all() == [("Posteingang", b"Z"), ("Posteingang", b"new"), ("Y", b"Y"), ("Z", b"INBOX")]


def test_nothing_is_looked_at_twice_when_nothing_is_new(world: World) -> None:
    settled(world, "INBOX", "Z")
    world.calls.made.clear()
    world.run()
    assert world.calls.made.count("examine Z") == 1
    assert world.calls.made.count("folders") == 1


def test_folders_that_never_stand_still_end_the_pass(world: World) -> None:
    settled(world, "INBOX", "Z")
    names = iter("ABCDEFGH")

    def restless() -> None:
        world.old.add(next(names))
        world.old.deliver("Z", b"new")

    world.calls.before["examine Z"] = [restless] * 8
    with pytest.raises(EndpointError) as error:
        world.run()
    assert error.value.failure.action is Action.RETRY
    world.calls.before.clear()
    world.run()
    assert world.new.all().count(("Z", b"new")) == len(world.old.folder("Z").mails) - 1


def test_on_from_where_it_was_listed_before_it_was_fetched(world: World) -> None:
    uids = settled(world, "INBOX", "Z")
    moved = world.old.move("INBOX", uids["INBOX"], "Z")
    world.calls.before["fetch Z"].append(lambda: world.old.move("Z", moved, "INBOX"))
    world.run()
    world.run()
    assert world.new.all() == [("Posteingang", b"INBOX"), ("Z", b"Z")]
    assert world.new.sent == 2


@pytest.mark.parametrize("looks", [1, 3])
def test_always_to_where_we_have_just_looked(world: World, looks: int) -> None:
    uids = settled(world, "INBOX", "Y", "Z")
    at = [("Z", uids["Z"])]

    def to(path: str) -> Callable[[], None]:
        def turn() -> None:
            at.append((path, world.old.move(*at[-1], path)))

        return turn

    world.calls.before["examine Z"] += [to("INBOX")]
    world.calls.before["examine INBOX"] += [nothing, *[to("Y")] * looks]
    world.calls.before["examine Y"] += [nothing, *[to("INBOX")] * looks]
    world.run()
    world.run()
    assert world.new.all() == [("Posteingang", b"INBOX"), ("Posteingang", b"Z"), ("Y", b"Y")]
    assert world.new.sent == 3
