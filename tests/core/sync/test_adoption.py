"""What was at the destination before us is found, wherever the first pass ends, and never copied again."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from core.batch.definition import Options
from core.event import EventKind
from core.mail.folder import FolderPath
from core.ports.destination import DestinationFolder, Present
from core.ports.failure import Action, EndpointError
from tests.core.sync.test_faults import storing
from tests.core.sync.world import World


def copied_and_forgotten(world: World, count: int = 3) -> None:
    """Everything was copied; then the ledger was lost."""
    for number in range(count):
        world.old.deliver("INBOX", b"%d" % number)
    world.run()
    world.forget_ledger()


def test_when_the_first_pass_ends_before_the_folder_is_placed(world: World) -> None:
    copied_and_forgotten(world)
    world.calls.before["create Posteingang"].append(world.lost)
    world.until_done()
    assert len(world.new.all()) == 3


def test_when_a_user_has_moved_all_of_it(make_world: Callable[..., World]) -> None:
    world = make_world(keyed=True)
    copied_and_forgotten(world)
    inbox = world.new.place("Posteingang")
    mine = world.new.create_folder(FolderPath.of("Mine"), None)
    for item in list(world.new.held[inbox.ref]):
        world.new.move(item, inbox, mine)
    world.run()
    assert [place for place, _ in world.new.all()] == ["Mine"] * 3


def test_what_is_there_twice_is_told_and_left(make_world: Callable[..., World]) -> None:
    """As a user copies a message, or a server stores one long after we have given up on it."""
    world = make_world(keyed=True)
    copied_and_forgotten(world)
    mine = world.new.create_folder(FolderPath.of("Mine"), None)
    one = world.new.at("Posteingang")[b"0"]
    world.new.held[mine.ref]["copy"] = one
    world.run()
    assert world.new.all() == [("Mine", one.data), *(("Posteingang", b"%d" % number) for number in range(3))]
    told = [(event.folder, event.uid) for event in world.events if event.kind is EventKind.MESSAGE_DUPLICATED]
    assert told == [("INBOX", 1)]


@pytest.mark.parametrize("names_items", [True, False])
def test_when_the_source_is_renumbered_in_the_middle(make_world: Callable[..., World], *, names_items: bool) -> None:
    world = make_world(keyed=False, names_items=names_items)
    for number in range(6):
        world.old.deliver("INBOX", b"%d" % number)
        world.new.put("Posteingang", b"%d" % number, world.clock.now())
    world.source_faults = [world.lost]
    with pytest.raises(EndpointError):
        world.run()
    world.old.renumber("INBOX")
    world.run()
    assert len(world.new.all()) == 6


def test_when_two_folders_go_to_one(make_world: Callable[..., World]) -> None:
    for keyed in (True, False):
        world = make_world(keyed=keyed, options=Options(folder_map={"A": "X", "B": "X"}))
        for name in "AB":
            world.old.add(name)
            for number in range(4):
                world.old.deliver(name, b"%d" % (number // 2), days=number)
        world.run()
        assert [place for place, _ in world.new.all()] == ["X"] * 8
        world.forget_ledger()
        world.source_faults = [lambda: None, world.lost]
        world.old.deliver("B", b"new")
        world.until_done()
        assert Counter(data for _, data in world.new.all()) == {b"0": 4, b"1": 4, b"new": 1}


@pytest.mark.parametrize("looks", range(1, 40, 3))
def test_wherever_the_first_pass_is_stopped(make_world: Callable[..., World], looks: int) -> None:
    world = make_world(keyed=looks % 2 == 0)
    copied_and_forgotten(world, 6)
    for number in range(6, 9):
        world.old.deliver("INBOX", b"%d" % number)
    world.run(stop_after=looks)
    world.run()
    assert world.new.all() == [("Posteingang", b"%d" % number) for number in range(9)]


def test_when_the_first_pass_is_cut_off_in_a_request(world: World) -> None:
    copied_and_forgotten(world, 3)
    for number in range(3, 9):
        world.old.deliver("INBOX", b"%d" % number)
    world.new.faults = [storing(2, Action.RETRY, in_doubt=True, late=2)]
    world.until_done()
    assert world.new.all() == [("Posteingang", b"%d" % number) for number in range(9)]


def test_stopped_while_a_large_folder_is_read(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(keyed=False)
    for number in range(10):
        world.new.put("Posteingang", b"%d" % number, world.clock.now())
    world.old.deliver("INBOX", b"3")
    present, read = world.new.present, []

    def watched(place: DestinationFolder) -> Iterator[Present]:
        for message in present(place):
            read.append(message)
            world.stop()
            yield message

    monkeypatch.setattr(world.new, "present", watched)
    assert not world.run().finished
    assert len(read) == 1
