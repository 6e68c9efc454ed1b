"""What a pass does with everything a source's users may do between two of them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from core.batch.definition import Options
from core.event import EventKind
from core.mail.flags import DELETED, FLAGGED, SEEN, Flags
from core.mail.folder import Role
from core.mail.outcome import Counts
from core.status import PassKind
from tests.core.sync.world import World


def counts(world: World) -> Counts:
    return world.ledger().total()


def test_every_message_once_with_flags_and_date(world: World) -> None:
    world.old.add("Gesendet", Role.SENT)
    world.old.add("Projects")
    world.old.add("Projects/Old")
    for number in range(11):
        world.old.deliver("INBOX", b"in %d" % number, [SEEN, "Work"] if number % 2 else [], days=number)
    world.old.deliver("Gesendet", b"sent")
    world.old.deliver("Projects/Old", b"old", [FLAGGED])
    result = world.run(kind=PassKind.INITIAL)
    assert (result.finished, result.new) == (True, 13)
    inbox = world.new.at("Posteingang")
    assert len(inbox) == 11
    assert inbox[b"in 3"].flags == Flags.of([SEEN, "Work"])
    assert inbox[b"in 3"].received == world.old.folder("INBOX").mails[4].received
    assert [place for place, _ in world.new.all() if place != "Posteingang"] == ["Projects/Old", "Sent"]
    assert {str(place.path) for place in world.new.folders()} == {"Posteingang", "Sent", "Projects", "Projects/Old"}
    assert counts(world) == Counts(
        copied=13, bytes_total=counts(world).bytes_total, bytes_copied=counts(world).bytes_total
    )


def test_a_second_pass_copies_nothing(world: World) -> None:
    for number in range(5):
        world.old.deliver("INBOX", b"%d" % number)
    world.run()
    sent = world.new.sent
    result = world.run()
    assert (result.new, result.flags_changed, world.new.sent) == (0, 0, sent)
    assert [event.kind for event in world.events].count(EventKind.FOLDER_LISTED) == 1


def test_real_duplicates_stay_as_many(world: World) -> None:
    for _ in range(3):
        world.old.deliver("INBOX", b"same")
    world.run()
    assert world.new.all() == [("Posteingang", b"same")] * 3


def test_new_mail_is_copied_and_deleted_mail_stays(world: World) -> None:
    first = world.old.deliver("INBOX", b"first")
    world.run()
    world.old.delete("INBOX", first)
    world.old.deliver("INBOX", b"second")
    assert world.run().new == 1
    assert world.new.all() == [("Posteingang", b"first"), ("Posteingang", b"second")]
    assert (counts(world).copied, counts(world).source_gone) == (2, 1)


@pytest.mark.parametrize("condstore", [True, False])
def test_flags_are_merged_three_ways(make_world: Callable[..., World], *, condstore: bool) -> None:
    world = make_world(condstore=condstore)
    read, kept, mixed = (world.old.deliver("INBOX", name) for name in (b"read", b"kept", b"mixed"))
    world.run()
    there = world.new.at("Posteingang")
    there[b"kept"].flags = Flags.of([SEEN])  # the user read it at the destination
    there[b"mixed"].flags = Flags.of(["Own"])
    world.old.flag("INBOX", read, [SEEN])
    world.old.flag("INBOX", kept, [FLAGGED])
    world.old.flag("INBOX", mixed, [SEEN, DELETED])
    assert world.run().flags_changed == 3
    there = world.new.at("Posteingang")
    assert there[b"read"].flags == Flags.of([SEEN])
    assert there[b"kept"].flags == Flags.of([SEEN, FLAGGED])
    assert there[b"mixed"].flags == Flags.of([SEEN, "Own"])
    world.old.flag("INBOX", read, [])
    assert world.run().flags_changed == 1
    assert world.new.at("Posteingang")[b"read"].flags == Flags()
    assert world.run().flags_changed == 0


def test_what_a_user_deleted_or_moved_at_the_destination_is_left_alone(world: World) -> None:
    uids = [world.old.deliver("INBOX", b"%d" % number) for number in range(2)]
    world.run()
    (inbox,) = [place for place in world.new.folders() if place.role is Role.INBOX]
    archive = world.new.create_folder(inbox.path.parse("Mine"), None)
    items = list(world.new.held[inbox.ref])
    world.new.move(items[0], inbox, archive)
    del world.new.held[inbox.ref][items[1]]
    for uid in uids:
        world.old.flag("INBOX", uid, [SEEN])
    before = world.new.all()
    result = world.run()
    assert (result.new, result.flags_changed) == (0, 0)
    assert world.new.all() == before
    assert world.run().new == 0


def test_a_renamed_folder_is_renamed_and_nothing_is_copied(world: World) -> None:
    world.old.add("Projects")
    world.old.add("Projects/Old")
    world.old.deliver("Projects", b"a")
    world.old.deliver("Projects/Old", b"b")
    world.run()
    sent = world.new.sent
    world.old.rename("Projects", "Works")
    world.old.deliver("Works/Old", b"c")
    assert world.run().new == 1
    assert world.new.sent == sent + 1
    assert world.new.all() == [("Works", b"a"), ("Works/Old", b"b"), ("Works/Old", b"c")]
    assert counts(world).source_gone == 0


def test_a_moved_message_takes_its_copy_along(world: World) -> None:
    world.old.add("Done")
    uid = world.old.deliver("INBOX", b"moved", [SEEN])
    world.old.deliver("INBOX", b"stays")
    world.run()
    sent = world.new.sent
    there = world.old.move("INBOX", uid, "Done")
    world.old.flag("Done", there, [SEEN, FLAGGED])
    result = world.run()
    assert (result.new, world.new.sent, result.flags_changed) == (0, sent, 1)
    assert world.new.all() == [("Done", b"moved"), ("Posteingang", b"stays")]
    assert world.new.at("Done")[b"moved"].flags == Flags.of([SEEN, FLAGGED])
    assert (counts(world).copied, counts(world).already_there, counts(world).source_gone) == (2, 1, 1)
    assert world.run().new == 0


def test_a_moved_message_whose_copy_the_user_moved_stays_there(world: World) -> None:
    world.old.add("Done")
    uid = world.old.deliver("INBOX", b"moved")
    world.run()
    (inbox,) = [place for place in world.new.folders() if place.role is Role.INBOX]
    mine = world.new.create_folder(inbox.path.parse("Mine"), None)
    world.new.move(next(iter(world.new.held[inbox.ref])), inbox, mine)
    world.old.move("INBOX", uid, "Done")
    assert world.run().new == 0
    assert world.new.all() == [("Mine", b"moved")]


def test_mail_deleted_long_ago_and_delivered_again_is_copied_again(world: World) -> None:
    uid = world.old.deliver("INBOX", b"again")
    world.run()
    world.old.delete("INBOX", uid)
    world.run()
    world.old.deliver("INBOX", b"again")
    assert world.run().new == 1


def test_a_new_uidvalidity_copies_nothing_again(world: World) -> None:
    for number in range(6):
        world.old.deliver("INBOX", b"%d" % (number // 2))  # each twice
    world.run()
    world.old.renumber("INBOX")
    world.old.deliver("INBOX", b"new")
    sent = world.new.sent
    assert world.run().new == 1
    assert world.new.sent == sent + 1
    uid = next(uid for uid, mail in world.old.folder("INBOX").mails.items() if mail.data == b"2")
    world.old.flag("INBOX", uid, [SEEN])
    assert world.run().flags_changed == 1
    assert counts(world).already_there == 6


def test_rules_leave_out_and_are_judged_anew(make_world: Callable[..., World]) -> None:
    world = make_world(options=Options(max_message_size=10, received_since=datetime(2025, 12, 1, tzinfo=UTC)))
    world.old.deliver("INBOX", b"much too large")
    gone = world.old.deliver("INBOX", b"deleted", [DELETED])
    world.old.deliver("INBOX", b"old", days=100)
    world.old.deliver("INBOX", b"fine")
    world.run()
    assert world.new.all() == [("Posteingang", b"fine")]
    assert counts(world).skipped == 3
    world.options = Options()
    world.old.flag("INBOX", gone, [SEEN])
    world.run()
    assert counts(world).copied == 4
    assert DELETED not in world.new.at("Posteingang")[b"deleted"].flags


def test_only_the_newest_of_all_folders_at_the_initial_pass(make_world: Callable[..., World]) -> None:
    world = make_world(options=Options(max_items_per_mailbox=3))
    world.old.add("B")
    for days in (1, 3, 5):
        world.old.deliver("INBOX", b"a%d" % days, days=days)
        world.old.deliver("B", b"b%d" % days, days=days + 1)
    world.run(kind=PassKind.INITIAL)
    assert [data for _, data in world.new.all()] == [b"b1", b"a1", b"a3"]
    world.old.deliver("B", b"later", days=50)
    assert world.run().new == 1
    assert counts(world).skipped == 3


def test_larger_than_the_destination_takes_is_rejected_with_both_sizes(world: World) -> None:
    world.old.deliver("INBOX", b"x" * 6000)
    world.old.deliver("INBOX", b"small")
    result = world.run()
    assert (result.new, result.rejected, world.new.sent) == (1, 1, 1)
    (entry,) = world.ledger().rejected(world.ledger().folders.current()[0])
    assert entry.reason == "5.9 KB is more than the destination takes (4.9 KB)"


def test_folder_rules_and_the_folder_map(make_world: Callable[..., World]) -> None:
    options = Options(exclude_folders=("Spam*",), folder_map={"Projects/Old": "Archive/Projects", "In": "INBOX"})
    world = make_world(options=options)
    for name in ("Spam 2", "Projects/Old", "Projects/Old/1", "In"):
        world.old.add(name)
        world.old.deliver(name, name.encode())
    world.run()
    assert world.new.all() == [
        ("Archive/Projects", b"Projects/Old"),
        ("Archive/Projects/1", b"Projects/Old/1"),
        ("Posteingang", b"In"),
    ]


def test_a_folder_name_that_differs_in_case_only(make_world: Callable[..., World]) -> None:
    world = make_world(keyed=True)
    for name in ("Work", "work"):
        world.old.add(name)
        world.old.deliver(name, name.encode())
    world.run()
    assert world.new.all() == [("Work", b"Work"), ("work (2)", b"work")]
    world.old.deliver("work", b"more")
    world.run()
    assert ("work (2)", b"more") in world.new.all()


def test_stopped_anywhere_it_goes_on_where_it_was(make_world: Callable[..., World]) -> None:
    for looks in range(1, 60, 4):
        world = make_world(keyed=looks % 8 == 1)
        world.old.add("B")
        for number in range(14):
            world.old.deliver("B" if number % 3 else "INBOX", b"%d" % number)
        first = world.run(stop_after=looks)
        second = world.run()
        assert second.finished
        assert first.new + second.new == 14
        assert len(world.new.all()) == 14


def test_a_ledger_that_was_lost_finds_what_is_there(world: World) -> None:
    world.old.add("B")
    for number in range(5):
        world.old.deliver("B", b"%d" % number)
    world.old.deliver("B", b"0")
    world.run()
    with world.database.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM message").scalar_one() == 6
    world.database.writer.do(lambda connection: connection.exec_driver_sql("DELETE FROM pair"))
    world.old.deliver("B", b"new")
    assert world.run().new == 1
    assert counts(world).already_there == 6
    assert len(world.new.all()) == 7


def test_the_final_pass_compares_every_folder(world: World) -> None:
    world.old.deliver("INBOX", b"a")
    world.run()
    world.run()
    listed = [event.kind for event in world.events].count(EventKind.FOLDER_LISTED)
    world.run(kind=PassKind.FINAL)
    assert [event.kind for event in world.events].count(EventKind.FOLDER_LISTED) == listed + 1


@pytest.mark.parametrize("keyed", [True, False])
def test_two_folders_may_go_to_one(make_world: Callable[..., World], *, keyed: bool) -> None:
    world = make_world(keyed=keyed, options=Options(folder_map={"A": "X", "B": "X"}))
    for name in ("A", "B", "x"):
        world.old.add(name)
        world.old.deliver(name, name.encode())
    world.run()
    assert world.new.all() == [("X", b"A"), ("X", b"B"), ("x (2)" if keyed else "x", b"x")]
