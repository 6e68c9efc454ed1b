"""Messages in doubt while users go on: moved, read, at either side; and clocks that are set."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from core.mail.flags import SEEN, Flags
from core.mail.folder import FolderPath
from core.ports.destination import DestinationFolder, Doubt
from core.ports.failure import Action, EndpointError
from tests.core.sync.test_faults import load, storing, there_once
from tests.core.sync.world import World


def doubtful(world: World, stored: int, late: float = 0) -> None:
    """A pass whose only request ends in doubt."""
    world.new.faults = [storing(stored, Action.RETRY, in_doubt=True, late=late)]
    with pytest.raises(EndpointError):
        world.run()


@pytest.mark.parametrize("late", [0, 3])
def test_moved_at_the_source_while_in_doubt(world: World, late: float) -> None:
    world.old.add("Done")
    uid = world.old.deliver("INBOX", b"x")
    doubtful(world, 1, late)
    world.old.move("INBOX", uid, "Done")
    world.until_done()
    assert world.new.all() == [("Done", b"x")]


@pytest.mark.parametrize("stored", [0, 1])
def test_flags_that_changed_while_in_doubt_are_carried(world: World, stored: int) -> None:
    uid = world.old.deliver("INBOX", b"x")
    doubtful(world, stored, late=3)
    world.old.flag("INBOX", uid, [SEEN])
    world.until_done()
    assert world.new.at("Posteingang")[b"x"].flags == Flags.of([SEEN])
    assert world.run().flags_changed == 0


def test_moved_at_the_destination_while_in_doubt(make_world: Callable[..., World]) -> None:
    world = make_world(keyed=True)
    world.old.deliver("INBOX", b"x")
    doubtful(world, 1)
    inbox = world.new.place("Posteingang")
    mine = world.new.create_folder(FolderPath.of("Mine"), None)
    world.new.move(next(iter(world.new.held[inbox.ref])), inbox, mine)
    world.until_done()
    assert world.new.all() == [("Mine", b"x")]


def test_moved_at_the_destination_to_a_folder_made_while_we_wait(make_world: Callable[..., World]) -> None:
    world = make_world(keyed=True)
    world.old.deliver("INBOX", b"x")
    doubtful(world, 1, late=5)
    inbox = world.new.place("Posteingang")

    def file_it() -> None:
        world.new.move(
            next(iter(world.new.held[inbox.ref])), inbox, world.new.create_folder(FolderPath.of("New"), None)
        )

    world.calls.before["look_up Posteingang"] = [lambda: None, file_it]
    assert world.run().finished
    assert world.new.all() == [("New", b"x")]
    assert world.new.sent == 1


def test_a_copy_in_doubt_is_not_taken_for_one_that_was_there_before(make_world: Callable[..., World]) -> None:
    world = make_world(keyed=False)
    world.new.put("Posteingang", b"before", world.clock.now())
    for _ in range(2):
        world.old.deliver("INBOX", b"same")
    doubtful(world, 1, late=3)

    def later() -> None:
        world.clock.at += timedelta(seconds=4)

    world.calls.before["present Posteingang"].append(later)
    world.until_done()
    assert world.new.all() == [("Posteingang", b"before"), ("Posteingang", b"same"), ("Posteingang", b"same")]


def test_a_clock_that_was_set_back_is_not_waited_for(world: World) -> None:
    load(world, 2)
    doubtful(world, 0)
    world.clock.at -= timedelta(days=1)
    before = world.clock.at
    world.until_done()
    assert (world.clock.at - before).total_seconds() < 60
    there_once(world, 2)


def test_what_was_stored_while_we_looked_is_not_taken_for_absent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    load(world, 2)
    doubtful(world, 2, late=5)
    look_up = world.new.look_up

    def slow(place: DestinationFolder, doubts: Sequence[Doubt], claimed: frozenset[str]) -> dict[str, str]:
        found = look_up(place, doubts, claimed)
        world.clock.at += timedelta(seconds=11)
        return found

    monkeypatch.setattr(world.new, "look_up", slow)
    world.until_done()
    there_once(world, 2)


def test_in_a_folder_that_was_renamed_by_a_pass_cut_off(world: World) -> None:
    """At the destination it has another name than the ledger knows."""
    world.old.add("A")
    world.old.deliver("A", b"x")
    doubtful(world, 1, late=3)
    world.old.rename("A", "B")
    world.calls.before["places"] = [lambda: None, world.lost]  # the second look is after the rename
    with pytest.raises(EndpointError):
        world.run()
    world.clock.at += timedelta(seconds=11)
    world.until_done()
    assert world.new.all() == [("B", b"x")]
