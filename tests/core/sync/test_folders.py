"""What servers and users do to whole folders, renamed, left out, forgotten, made anew: what becomes of their mail."""

from collections.abc import Callable

import pytest

from core.batch.definition import Options
from core.event import EventKind, Level
from core.mail.flags import SEEN
from core.mail.folder import FolderPath
from core.mail.outcome import Counts
from core.ports.failure import Action, EndpointError
from tests.core.sync.test_faults import storing
from tests.core.sync.world import World


def counts(world: World) -> Counts:
    return world.ledger().total()


def fill(world: World, path: str, count: int = 3) -> list[int]:
    if FolderPath.parse(path) not in world.old.folders:
        world.old.add(path)
    return [world.old.deliver(path, f"{path} {number}".encode(), days=number) for number in range(count)]


def listed_only(world: World) -> None:
    """A pass that ends before its first message is sent."""
    world.new.faults = [storing(0, Action.RETRY, in_doubt=False)]
    with pytest.raises(EndpointError):
        world.run()


# --- left out -----------------------------------------------------------------------------------------------------


def test_a_folder_that_is_left_out_now_takes_along_what_was_to_be_copied(world: World) -> None:
    fill(world, "B")
    listed_only(world)
    world.options = Options(exclude_folders=("B",))
    world.run()
    assert (counts(world).skipped, counts(world).total) == (3, 3)
    world.options = Options()
    world.run()
    assert (counts(world).copied, counts(world).total) == (3, 3)


def test_what_was_in_doubt_in_a_folder_that_is_left_out_is_looked_up(world: World) -> None:
    fill(world, "B")
    world.new.faults = [storing(2, Action.RETRY, in_doubt=True, late=5)]
    with pytest.raises(EndpointError):
        world.run()
    world.options = Options(exclude_folders=("B",))
    world.run()
    assert (counts(world).copied, counts(world).skipped) == (2, 1)


# --- deleted with folders below -----------------------------------------------------------------------------------


def test_a_folder_deleted_with_others_below_it_is_gone_although_its_name_is_listed(world: World) -> None:
    (uid, *_) = fill(world, "A")
    fill(world, "A/B", 1)
    world.run()
    world.old.move("A", uid, "A/B")
    world.old.folder("A").selectable = False
    world.run()
    assert world.new.all() == [("A", b"A 1"), ("A", b"A 2"), ("A/B", b"A 0"), ("A/B", b"A/B 0")]
    assert counts(world).source_gone == 3


def test_nothing_stays_pending_in_such_a_folder(world: World) -> None:
    fill(world, "A")
    listed_only(world)
    world.old.folder("A").selectable = False
    world.run()
    assert counts(world).vanished == 3


# --- forgotten by the server for once -----------------------------------------------------------------------------


def test_a_folder_that_is_back_is_not_copied_again(world: World) -> None:
    fill(world, "A")
    world.run()
    sent = world.new.sent
    world.old.folder("A").listed = False
    world.run()
    assert counts(world).source_gone == 3
    world.old.folder("A").listed = True
    world.old.deliver("A", b"new")
    world.run()
    assert world.new.sent == sent + 1
    assert (counts(world).copied, counts(world).source_gone, counts(world).total) == (4, 0, 4)


def test_what_was_not_copied_when_its_folder_went_is_copied_when_it_is_back(world: World) -> None:
    fill(world, "A")
    listed_only(world)
    world.old.folder("A").listed = False
    world.run()
    assert counts(world).vanished == 3
    world.old.folder("A").listed = True
    world.run()
    assert (counts(world).copied, counts(world).total) == (3, 3)
    assert len(world.new.all()) == 3


def test_messages_that_are_back(world: World) -> None:
    uids = fill(world, "INBOX")
    world.run()
    uids.append(world.old.deliver("INBOX", b"late"))
    listed_only(world)
    away = {uid: world.old.delete("INBOX", uid) for uid in (uids[1], uids[3])}
    world.run()
    assert (counts(world).source_gone, counts(world).vanished) == (1, 1)
    world.old.folder("INBOX").mails.update(away)
    world.run()
    assert (counts(world).copied, counts(world).source_gone, counts(world).total) == (4, 0, 4)
    assert len(world.new.all()) == 4


def test_a_message_that_vanished_only_for_once_is_copied(world: World) -> None:
    (uid, *_) = fill(world, "INBOX")
    away = {}

    def hide() -> None:
        away[uid] = world.old.folder("INBOX").mails.pop(uid)

    world.calls.before["fetch INBOX"].append(hide)
    world.run()
    assert counts(world).vanished == 1
    world.old.folder("INBOX").mails.update(away)
    world.old.deliver("INBOX", b"more")
    world.run()
    assert (counts(world).copied, counts(world).vanished, counts(world).total) == (4, 0, 4)


def test_a_message_that_moved_on_and_is_back_is_one_more(world: World) -> None:
    (uid, *_) = fill(world, "INBOX", 1)
    world.old.add("A")
    world.run()
    mail = world.old.folder("INBOX").mails[uid]
    world.old.move("INBOX", uid, "A")
    world.run()
    world.old.folder("INBOX").mails[uid] = mail
    world.run()
    assert world.new.all() == [("A", b"INBOX 0"), ("Posteingang", b"INBOX 0")]


# --- under one UIDVALIDITY ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kept", "deleted"), [("L1", "L2"), ("L2", "L1")])
def test_the_renamed_one_of_two_folders_with_one_uidvalidity(world: World, kept: str, deleted: str) -> None:
    world.old.add(deleted, uidvalidity=7)
    fill(world, deleted)
    world.run()
    world.old.add(kept, uidvalidity=7)
    for number in range(5):
        world.old.deliver(kept, b"other %d" % number, days=100 + number)
    listed_only(world)
    world.old.remove(deleted)
    world.old.rename(kept, "N")
    world.run()
    others = [("N", b"other %d" % number) for number in range(5)]
    assert world.new.all() == sorted(others + [(deleted, f"{deleted} {number}".encode()) for number in range(3)])


def test_another_folder_with_the_uidvalidity_of_a_deleted_one_is_copied(world: World) -> None:
    world.old.add("A", uidvalidity=1)
    fill(world, "A")
    world.run()
    world.old.remove("A")
    world.old.add("B", uidvalidity=1)
    for number in range(3):
        world.old.deliver("B", b"other %d" % number, days=100 + number)
    world.run()
    assert len(world.new.all()) == 6


def test_a_folder_made_anew_with_its_old_uidvalidity_is_copied(world: World) -> None:
    world.old.add("A", uidvalidity=1)
    fill(world, "A")
    world.run()
    world.old.remove("A")
    world.old.add("A", uidvalidity=1)
    world.old.deliver("A", b"other", days=100)
    world.run()
    assert len(world.new.all()) == 4


# --- renamed ------------------------------------------------------------------------------------------------------


def test_a_folder_renamed_while_it_was_listed_keeps_its_mail(world: World) -> None:
    (uid, *_) = fill(world, "INBOX")
    fill(world, "A")
    world.run()
    sent = world.new.sent
    world.old.move("INBOX", uid, "A")
    world.calls.before["examine A"].append(lambda: world.old.rename("A", "Z"))
    world.run()
    world.run()
    assert world.new.sent == sent
    assert sorted(data for place, data in world.new.all() if place == "Z") == [b"A 0", b"A 1", b"A 2", b"INBOX 0"]


def test_a_folder_that_is_listed_and_never_opened_stops_nothing(world: World) -> None:
    fill(world, "A")
    fill(world, "B")
    for name in "ABCD":
        world.calls.before[f"examine {name}"] = [world.gone] * 2
    fill(world, "INBOX")
    for name in "CD":
        world.old.add(name)
    assert world.run().finished
    assert [place for place, _ in world.new.all()] == ["Posteingang"] * 3
    assert world.run().new == 6


def test_what_hangs_below_a_renamed_folder_is_no_reason_to_warn(world: World) -> None:
    fill(world, "P")
    fill(world, "P/C")
    world.run()
    world.old.rename("P", "Q")
    world.run()
    assert [event.text for event in world.events if event.level >= Level.WARNING] == []
    assert {place for place, _ in world.new.all()} == {"Q", "Q/C"}


@pytest.mark.parametrize("keyed", [True, False])
def test_a_folder_that_others_share_is_not_renamed(make_world: Callable[..., World], *, keyed: bool) -> None:
    world = make_world(keyed=keyed, options=Options(folder_map={"A": "X", "B": "X", "D": "X/Y"}))
    for name in "ABD":
        fill(world, name, 1)
    world.run()
    assert world.new.all() == [("X", b"A 0"), ("X", b"B 0"), ("X/Y", b"D 0")]
    world.old.rename("A", "C")
    for name in "BCD":
        world.old.deliver(name, b"new " + name.encode())
    world.run()
    assert [place for place, data in world.new.all() if data.startswith(b"new")] == ["X", "X", "X/Y"]


def test_inbox_renamed(world: World) -> None:
    fill(world, "INBOX")
    world.run()
    sent = world.new.sent
    world.old.rename_inbox("Old")
    world.old.deliver("INBOX", b"new")
    world.run()
    assert world.new.sent == sent + 1
    assert [place for place, _ in world.new.all()] == ["Old"] * 3 + ["Posteingang"]


def test_two_folders_that_changed_names(world: World) -> None:
    fill(world, "A")
    fill(world, "B")
    world.run()
    sent = world.new.sent
    world.old.swap("A", "B")
    world.run()
    assert world.new.sent == sent
    assert world.new.all() == sorted(
        [("A", b"B %d" % number) for number in range(3)] + [("B", b"A %d" % number) for number in range(3)]
    )


def test_renamed_to_the_path_of_one_that_was_deleted(world: World) -> None:
    fill(world, "A", 1)
    fill(world, "B", 1)
    world.run()
    sent = world.new.sent
    world.old.remove("A")
    world.old.rename("B", "A")
    world.run()
    assert world.new.sent == sent
    assert world.new.all() == [("A", b"A 0"), ("A", b"B 0")]


def test_renamed_one_after_the_other(world: World) -> None:
    fill(world, "A", 1)
    fill(world, "B", 1)
    world.run()
    sent = world.new.sent
    world.old.rename("B", "C")
    world.old.rename("A", "B")
    world.run()
    assert world.new.sent == sent
    assert world.new.all() == [("B", b"A 0"), ("C", b"B 0")]


def test_deleted_and_made_anew(world: World) -> None:
    fill(world, "A", 1)
    world.run()
    world.old.remove("A")
    world.old.add("A")
    world.old.deliver("A", b"new")
    world.run()
    assert world.new.all() == [("A", b"A 0"), ("A", b"new")]
    assert [event.kind for event in world.events].count(EventKind.FOLDER_VALIDITY_CHANGED) == 1


@pytest.mark.parametrize("twice", [("Work/Old", "Work/New", "Work", "Home"), ("Work", "Home", "Home/Old", "Home/New")])
@pytest.mark.parametrize("lost", [False, True])
def test_a_folder_and_one_below_it_renamed_between_two_passes(
    world: World, twice: tuple[str, str, str, str], *, lost: bool
) -> None:
    for path in ("Work", "Work/Old", "Work/Old/Older"):
        world.old.add(path)
        world.old.deliver(path, path.encode())
    world.run()
    world.old.rename(*twice[:2])
    world.old.rename(*twice[2:])
    if lost:
        world.calls.before["places"] = [lambda: None, world.lost]  # renamed, and not recorded
    world.until_done()
    assert world.new.all() == [("Home", b"Work"), ("Home/New", b"Work/Old"), ("Home/New/Older", b"Work/Old/Older")]
    uid = 1
    world.old.flag("Home/New", uid, {SEEN})
    assert world.run().flags_changed == 1


def test_a_folder_that_left_one_renamed_since_by_a_pass_cut_off(world: World) -> None:
    for path in ("Work", "Work/Old"):
        world.old.add(path)
        world.old.deliver(path, path.encode())
    world.run()
    world.old.rename("Work", "Home")
    world.calls.before["places"] = [lambda: None, world.lost]
    with pytest.raises(EndpointError):
        world.run()
    world.old.rename("Home/Old", "Alpha")
    world.until_done()
    assert world.new.all() == [("Alpha", b"Work/Old"), ("Home", b"Work")]


def test_a_folder_renamed_again_before_the_one_below_it_was_followed(world: World) -> None:
    for path in ("Work", "Work/Old"):
        world.old.add(path)
        world.old.deliver(path, path.encode())
    world.run()
    world.old.rename("Work", "Home")
    world.calls.before["examine Home/Old"] = [world.lost]
    with pytest.raises(EndpointError):
        world.run()
    world.old.rename("Home", "House")
    world.until_done()
    assert world.new.all() == [("House", b"Work"), ("House/Old", b"Work/Old")]
