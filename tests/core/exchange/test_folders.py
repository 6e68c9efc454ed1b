"""Folders: default ones by role in any language, others by path, made once and with few requests."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.exchange.tree import Folder, FolderTree
from core.mail.folder import FolderPath, Role
from core.ports.failure import Action, EndpointError
from tests.core.exchange.conftest import Box, batch, inbox
from tests.sandbox.outcomes import ItemError, Reset


def paths(box: Box) -> list[str]:
    """The folders that are really there."""
    return [folder.path for folder in box.mailbox.folders()]


@pytest.mark.parametrize("language", ["en", "de"])
def test_roles_do_not_depend_on_language(make_box: Callable[..., Box], language: str) -> None:
    box = make_box(language=language)
    destination = box.connected()
    known = {folder.role: folder for folder in destination.folders() if folder.role}
    assert set(known) == set(Role) - {Role.ARCHIVE}
    before = paths(box)
    for role, folder in known.items():
        assert destination.create_folder(FolderPath.of(role.value), role).ref == folder.ref
    assert paths(box) == before
    names = {folder.id: folder.path for folder in box.mailbox.folders()}
    for folder in known.values():
        assert folder.path == FolderPath.of(names[folder.ref])


def test_a_folder_below_the_inbox_goes_there_in_any_language(make_box: Callable[..., Box]) -> None:
    box = make_box(language="de")
    destination = box.connected()
    made = destination.create_folder(FolderPath.of("INBOX", "Sub"), None)
    assert "Posteingang/Sub" in paths(box)
    assert made.path == FolderPath.of("Posteingang", "Sub")


def test_only_mail_folders_are_listed(box: Box) -> None:
    listed = {str(folder.path) for folder in box.connected().folders()}
    assert {"INBOX", "Sent Items", "Drafts"} <= listed
    assert not {"Calendar", "Contacts", "Tasks", "Notes", "Journal"} & listed


def test_the_listing_says_how_much_a_folder_holds(box: Box) -> None:
    destination = box.connected()
    destination.write(inbox(destination), batch())
    assert {f.role: f.messages for f in destination.folders()}[Role.INBOX] == 3


def test_the_archive_is_found_by_name_or_made(box: Box) -> None:
    destination = box.connected()
    made = destination.create_folder(FolderPath.of("Archive"), Role.ARCHIVE)
    assert made.role is Role.ARCHIVE
    again = box.connected()
    assert {folder.role: folder.ref for folder in again.folders()}[Role.ARCHIVE] == made.ref
    assert again.create_folder(FolderPath.of("Archives"), Role.ARCHIVE).ref == made.ref
    assert paths(box).count("Archive") == 1


def test_a_path_is_made_with_its_parents_once(box: Box) -> None:
    destination = box.connected()
    first = destination.create_folder(FolderPath.of("A", "B", "C"), None)
    before = len(box.operations())
    second = destination.create_folder(FolderPath.of("a", "b", "D"), None)
    assert box.operations()[before:] == ["CreateFolder"]
    assert destination.create_folder(FolderPath.of("A", "B", "C"), None).ref == first.ref
    assert [path for path in paths(box) if path[0] in "Aa"] == ["A", "A/B", "A/B/C", "A/B/D"]
    assert second.path == FolderPath.of("A", "B", "D")


def test_a_new_folder_costs_one_request(box: Box) -> None:
    destination = box.connected()
    destination.folders()
    before = len(box.operations())
    for number in range(5):
        destination.create_folder(FolderPath.of(f"Folder {number}"), None)
    assert box.operations()[before:] == ["CreateFolder"] * 5


@pytest.mark.parametrize(
    "name", ["a/b", "a\\b", "<&>\"'", "  x", "\u4e2d\u6587", "e\u0301", "\U0001f600", "%41", "x" * 200]
)
def test_odd_names_come_back_as_they_were(box: Box, name: str) -> None:
    destination = box.connected()
    made = destination.create_folder(FolderPath.of("Odd", name), None)
    assert made.path == FolderPath.of("Odd", name)
    listed = {folder.ref: folder.path for folder in box.connected().folders()}
    assert listed[made.ref] == made.path


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("", "_ (e3b0c442)"),
        ("  ", "_ (6c179f21)"),
        ("a\x01b", "a\ufffdb (82d34c7d)"),
        ("a\x02b", "a\ufffdb (fc98f617)"),
        ("long" * 63, "long" * 59 + "lon (b2d62c85)"),
    ],
)
def test_names_that_exchange_cannot_have_get_a_stand_in_each_its_own(box: Box, name: str, made: str) -> None:
    destination = box.connected()
    destination.create_folder(FolderPath.of("Odd", name), None)
    assert f"Odd/{made}" in paths(box)
    refs = {destination.create_folder(FolderPath.of("Odd", name), None).ref for _ in range(2)}
    refs.add(box.connected().create_folder(FolderPath.of("Odd", name), None).ref)
    assert len(refs) == 1


def test_mail_does_not_go_into_a_calendar(box: Box) -> None:
    destination = box.connected()
    made = destination.create_folder(FolderPath.of("Calendar", "2019"), None)
    assert str(made.path) == "Calendar (mail)/2019"
    assert box.connected().create_folder(FolderPath.of("calendar", "2019"), None).ref == made.ref


def test_a_folder_that_a_user_makes_meanwhile_is_used(box: Box) -> None:
    destination = box.connected()
    destination.folders()
    box.mailbox.make_folder("projects")
    made = destination.create_folder(FolderPath.of("Projects"), None)
    assert made.path == FolderPath.of("projects")
    assert box.operations()[-2:] == ["CreateFolder", "FindFolder"]


def test_a_folder_whose_answer_was_lost_is_not_made_twice(box: Box) -> None:
    destination = box.connected()
    box.server.next("CreateFolder", Reset("after"))
    with pytest.raises(EndpointError) as caught:
        destination.create_folder(FolderPath.of("Projects"), None)
    assert caught.value.failure.action is Action.RETRY
    destination.create_folder(FolderPath.of("Projects"), None)
    assert paths(box).count("Projects") == 1


def test_a_folder_that_is_there_and_is_not_is_told(box: Box) -> None:
    destination = box.connected()
    box.server.next("CreateFolder", ItemError("ErrorFolderExists"), times=None)
    with pytest.raises(EndpointError) as caught:
        destination.create_folder(FolderPath.of("Ghost"), None)
    assert (caught.value.failure.action, caught.value.failure.said) == (Action.STOP_MAILBOX, "Ghost")
    assert "folder_map" in caught.value.failure.cure


def test_a_refused_name_is_told(box: Box) -> None:
    destination = box.connected()
    box.server.next("CreateFolder", ItemError("ErrorFolderSave"))
    with pytest.raises(EndpointError) as caught:
        destination.create_folder(FolderPath.of("Files"), None)
    assert "folder_map" in caught.value.failure.cure


@pytest.mark.parametrize("to", ["Old/B", "New", "New/A", "Old/A/B"])
def test_rename(box: Box, to: str) -> None:
    destination = box.connected()
    folder = destination.create_folder(FolderPath.of("Old", "A"), None)
    if to == "Old/A/B":
        folder = destination.create_folder(FolderPath.of("Old", "C"), None)
    destination.write(folder, batch())
    destination.create_folder(FolderPath((*folder.path.parts, "below")), None)
    renamed = destination.rename_folder(folder, FolderPath.parse(to))
    assert str(renamed.path) == to
    assert box.mailbox.count(to) == 3
    assert {str(f.path): f.ref for f in destination.folders()}[to] == renamed.ref
    assert f"{to}/below" in paths(box)
    assert destination.create_folder(FolderPath.parse(to), None).ref == renamed.ref


def test_rename_to_a_calendar_s_name(box: Box) -> None:
    destination = box.connected()
    folder = destination.create_folder(FolderPath.of("Old"), None)
    assert destination.rename_folder(folder, FolderPath.of("Calendar")).path == FolderPath.of("Calendar (mail)")
    assert "Calendar (mail)" in paths(box)


def test_rename_to_a_name_that_a_user_took_meanwhile(box: Box) -> None:
    destination = box.connected()
    folder = destination.create_folder(FolderPath.of("Old"), None)
    box.mailbox.make_folder("New")
    with pytest.raises(EndpointError) as caught:
        destination.rename_folder(folder, FolderPath.of("New"))
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.RETRY, "ErrorFolderExists")
    assert {"Old", "New"} <= set(paths(box))


def test_more_folders_than_a_page(box: Box) -> None:
    mailbox = box.mailbox
    for number in range(1005):
        mailbox.make_folder(f"Folder {number:04d}")
    listed = [folder for folder in box.connected().folders() if folder.path.name.startswith("Folder ")]
    assert len(listed) == 1005
    assert box.operations().count("FindFolder") == 2


# The tree by itself

NAMES = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=5)


@given(NAMES)
def test_a_chain_of_folders_has_its_path(names: list[str]) -> None:
    tree = FolderTree("root")
    chain = ["root", *(f"id{number}" for number in range(len(names)))]
    # Children first: a server may list them in any order.
    for (parent, ref), name in reversed(list(zip(pairwise(chain), names, strict=True))):
        tree.add(Folder(ref, parent, name))
    leaf = tree.child(chain[-2], names[-1])
    assert leaf is not None
    assert tree.path(leaf) == FolderPath(tuple(names))


def test_a_circle_of_folders_ends() -> None:
    tree = FolderTree("root")
    tree.add(Folder("a", "b", "A"))
    tree.add(Folder("b", "a", "B"))
    (a, _b) = tree.mail()
    assert tree.path(a).parts == ("B", "A")
