"""Messages and folders that users move at the source, with trouble in between: one message, one copy."""

import threading

import pytest

from core.engine.budget import MemoryBudget
from core.mail.flags import SEEN
from core.mail.folder import FolderPath
from core.mail.outcome import Counts
from core.ports.failure import EndpointError
from tests.core.sync.world import World


def counts(world: World) -> Counts:
    return world.ledger().total()


def move_all(world: World, count: int) -> None:
    """Copied from INBOX; then all of it moves to Done."""
    world.old.add("Done")
    uids = [world.old.deliver("INBOX", b"%d" % number) for number in range(count)]
    world.run()
    for uid in uids:
        world.old.move("INBOX", uid, "Done")


def test_a_link_lost_at_the_source_between_two_moves(world: World) -> None:
    move_all(world, 150)
    world.source_faults = [lambda: None, world.lost]
    world.until_done()
    assert len(world.new.all()) == 150
    assert {place for place, _ in world.new.all()} == {"Done"}


def test_a_link_lost_at_the_destination_between_two_moves(world: World) -> None:
    move_all(world, 4)
    world.calls.before["move Posteingang"] = [lambda: None, lambda: None, world.lost]
    world.until_done()
    assert world.new.all() == [("Done", b"%d" % number) for number in range(4)]
    assert (counts(world).copied, counts(world).already_there, counts(world).source_gone) == (4, 4, 4)


@pytest.mark.parametrize("done", ["copied", "moved"])
def test_a_copy_that_moved_while_the_answer_was_lost_is_known_where_it_went(world: World, done: str) -> None:
    """`copied`: as a server without MOVE, which was to take the first one away next."""
    move_all(world, 4)
    world.calls.before[f"{done} Posteingang"] = [lambda: None, world.lost]
    world.until_done()
    assert world.new.all() == [("Done", b"%d" % number) for number in range(4)]
    for uid in world.old.folders[FolderPath.of("Done")].mails:
        world.old.flag("Done", uid, {SEEN})
    world.run()
    assert all(SEEN in mail.flags for mail in world.new.at("Done").values())
    assert (counts(world).copied, counts(world).already_there, counts(world).source_gone) == (4, 4, 4)


@pytest.mark.parametrize("done", ["copied", "moved"])
def test_a_message_that_goes_on_while_its_copy_is_on_its_way(world: World, done: str) -> None:
    move_all(world, 1)
    world.old.add("Further")
    world.calls.before[f"{done} Posteingang"] = [world.lost]
    with pytest.raises(EndpointError):
        world.run()
    (uid,) = world.old.folders[FolderPath.of("Done")].mails
    world.old.move("Done", uid, "Further")
    world.until_done()
    assert world.new.all() == [("Further", b"0")]


@pytest.mark.parametrize("done", ["copied", "moved"])
def test_a_message_that_is_deleted_while_its_copy_is_on_its_way(world: World, done: str) -> None:
    move_all(world, 1)
    world.calls.before[f"{done} Posteingang"] = [world.lost]
    with pytest.raises(EndpointError):
        world.run()
    (uid,) = world.old.folders[FolderPath.of("Done")].mails
    world.old.delete("Done", uid)
    world.until_done()
    assert world.new.all() == [("Done", b"0")]


def test_a_move_that_failed_gives_back_the_memory_that_the_next_request_waits_for(world: World) -> None:
    world.old.add("Done")
    uids = [world.old.deliver("INBOX", b"%03d" % number) for number in range(200)]
    world.run()
    for uid in uids:
        world.old.move("INBOX", uid, "Done")
    world.old.deliver("Done", b"new", days=-1)
    world.calls.before["move Posteingang"] = [world.lost]
    world.budget = MemoryBudget(300)  # as much as the first hundred
    passes = threading.Thread(target=world.until_done, daemon=True)
    passes.start()
    passes.join(20)
    assert not passes.is_alive()
    assert world.budget.used == 0
    assert len(world.new.all()) == 201


def test_real_duplicates_move_one_by_one(world: World) -> None:
    world.old.add("Done")
    uids = [world.old.deliver("INBOX", b"same") for _ in range(3)]
    world.run()
    sent = world.new.sent
    for uid in uids[:2]:
        world.old.move("INBOX", uid, "Done")
    world.old.deliver("Done", b"same")
    world.run()
    assert world.new.all() == [("Done", b"same")] * 3 + [("Posteingang", b"same")]
    assert world.new.sent == sent + 1
