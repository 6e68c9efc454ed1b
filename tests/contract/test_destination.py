"""What every destination must do, whatever server is behind it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from core.mail.body import Body
from core.mail.fingerprint import canonical, folded
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.mail.key import SourceKey
from core.ports.destination import Destination, DestinationFolder, Doubt, Outgoing, Written
from core.ports.failure import Action
from tests.contract.ground import Ground, Stored

WHEN = datetime(2019, 3, 5, 6, 7, 8, tzinfo=UTC)
ODD_NAMES = [
    "Größe",
    "日本語",
    "a/b",
    "a.b",
    "back\\slash",
    "50%",
    "st*r",
    'quo"te',
    "R&D",
    "~home",
    "#news",
    " blank ",
    "cur",
    "tab\there",
    "x" * 200,
    "0123",
    "NIL",
    "{3}",
    "!;{}|^`<>",
    "\U0001f600",
]

ODD_MESSAGES = {
    "bare LF": b"Subject: odd\r\n\r\nline\nline\r\n",
    "bare CR": b"Subject: odd\r\n\r\nline\rline\r\n",
    "LF alone": b"Subject: odd\n\nline\n",
    "NUL": b"Subject: odd\r\n\r\na\0b\r\n",
    "NUL above": b"Subject: o\0dd\r\n\r\nab\r\n",
    "8-bit above": b"Subject: \xe9\xff odd\r\n\r\nab\r\n",
    "8-bit below": b"Subject: odd\r\n\r\n\x80\xff\r\n",
    "no header": b"no header at all\r\n",
    "no end": b"Subject: odd\r\n\r\nend",
    "blank": b"\r\n",
    "commands": b"Subject: odd\r\n\r\nx1 NOOP\r\nx2 APPEND INBOX {3+}\r\nabc\r\nx4 LOGOUT\r\n",
    "long line": b"Subject: odd\r\n\r\n" + b"x" * 100_000 + b"\r\n",
}


def text(number: int | str) -> bytes:
    return (
        f"Message-ID: <{number}@example.org>\r\nFrom: ann@example.org\r\nSubject: number {number}\r\n"
        f"Date: Tue, 05 Mar 2019 06:07:08 +0000\r\n\r\nThis is {number}.\r\n"
    ).encode()


def token(uid: int) -> str:
    return SourceKey("imap.example.org", "ann", "INBOX", 7, uid).token


def outgoing(uid: int, data: bytes | None = None, flags: Sequence[str] = (), received: datetime = WHEN) -> Outgoing:
    return Outgoing(token(uid), Body.of(text(uid) if data is None else data), Flags.of(flags), received)


def doubt(message: Outgoing, mark: str) -> Doubt:
    return Doubt(message.token, mark, message.received, folded(message.body), message.body.size)


def inbox(destination: Destination) -> DestinationFolder:
    return next(folder for folder in destination.folders() if folder.role is Role.INBOX)


def items(written: Sequence[Written]) -> list[str]:
    assert [one.failure for one in written] == [None] * len(written)
    found = [one.item for one in written if one.item is not None]
    assert len(set(found)) == len(written)
    return found


def folder_at(destination: Destination, *names: str) -> DestinationFolder:
    return destination.create_folder(FolderPath.of(*names), None)


# --- folders ----------------------------------------------------------------------------------------------------------


def test_folders_have_paths_refs_and_roles_of_their_own(ground: Ground, destination: Destination) -> None:
    folders = destination.folders()
    assert len({folder.path for folder in folders}) == len(folders)
    assert len({folder.ref for folder in folders}) == len(folders)
    roles = [folder.role for folder in folders if folder.role]
    assert len(set(roles)) == len(roles)
    assert ground.roles <= set(roles)
    assert inbox(destination).path == FolderPath.of("INBOX")


def test_folders_tell_how_much_they_hold(destination: Destination) -> None:
    destination.write(inbox(destination), [outgoing(1), outgoing(2)])
    held = {folder.path: folder.messages for folder in destination.folders()}
    assert held.pop(FolderPath.of("INBOX")) == 2
    assert set(held.values()) <= {0}


def test_a_folder_is_made_once_with_what_is_above(ground: Ground, destination: Destination) -> None:
    path = FolderPath.of("Customers", "North", "Ann & Bob")
    made = destination.create_folder(path, None)
    assert made.path == path
    assert destination.create_folder(path, None).ref == made.ref
    assert ground.destination().create_folder(path, None).ref == made.ref
    assert [folder.ref for folder in destination.folders()].count(made.ref) == 1
    above = destination.create_folder(FolderPath.of("Customers"), None)
    destination.write(above, [outgoing(1)])
    destination.write(made, [outgoing(2)])
    assert [stored.path for stored in ground.stored()] == [("Customers",), path.parts]


def test_a_default_folder_is_the_destinations_own(ground: Ground, destination: Destination) -> None:
    there = {folder.role: folder.ref for folder in destination.folders() if folder.role}
    for role in ground.roles:
        assert destination.create_folder(FolderPath.of("Gesendet"), role).ref == there[role]
    assert FolderPath.of("Gesendet") not in [folder.path for folder in destination.folders()]


def test_a_default_folder_that_is_not_there_is_made(ground: Ground, destination: Destination) -> None:
    made = destination.create_folder(FolderPath.of("Junk"), Role.JUNK)
    assert destination.create_folder(FolderPath.of("Junk"), Role.JUNK).ref == made.ref
    assert [folder.ref for folder in ground.destination().folders() if folder.role is Role.JUNK] == [made.ref]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_becomes_a_folder(ground: Ground, destination: Destination, name: str) -> None:
    made = destination.create_folder(FolderPath.of("Odd", name), None)
    destination.write(made, [outgoing(1)])
    below = destination.create_folder(FolderPath.of("Odd", name, "below"), None)
    assert below.path.parent == made.path
    again = ground.destination()
    assert {made.path, below.path} <= {folder.path for folder in again.folders()}
    assert again.create_folder(FolderPath.of("Odd", name), None).ref == made.ref
    assert [stored.path for stored in ground.stored()] == [made.path.parts]


def test_different_names_never_become_one_folder(destination: Destination) -> None:
    plain = [folder_at(destination, name) for name in ODD_NAMES]
    # Asked for by name, what others have become.
    alike = [
        destination.create_folder(folder.path, None)
        for folder, name in zip(plain, ODD_NAMES, strict=True)
        if folder.path != FolderPath.of(name)
    ]
    refs = [folder.ref for folder in [*plain, *alike]]
    assert len(set(refs)) == len(refs)


def test_a_renamed_folder_keeps_what_it_holds(ground: Ground, destination: Destination) -> None:
    old, below = folder_at(destination, "Old"), folder_at(destination, "Old", "below")
    (item,) = items(destination.write(old, [outgoing(1, flags=["\\Seen"])]))
    destination.write(below, [outgoing(2)])
    new = destination.rename_folder(old, FolderPath.of("Top", "New"))
    top = FolderPath.of("Top", "New") if ground.renames else FolderPath.of("Old")
    assert new.path == top
    assert [stored.path for stored in ground.stored()] == [top.parts, (*top.parts, "below")]
    assert destination.shown(new, [item])[item].flags == Flags.of(["\\Seen"])
    paths = {folder.path for folder in destination.folders() if folder.role is None and folder.messages}
    assert paths == {top, FolderPath((*top.parts, "below"))}
    assert len(items(destination.write(new, [outgoing(3)]))) == 1


# --- writing ----------------------------------------------------------------------------------------------------------


def test_messages_arrive_in_order_with_flags_and_dates(ground: Ground, destination: Destination) -> None:
    flags = [(), ("\\Seen",), ("\\Flagged", "\\Seen"), ("\\Answered", "\\Seen"), ("\\Draft", "\\Seen"), ("$Forwarded",)]
    batch = [outgoing(uid, flags=some, received=WHEN + timedelta(days=uid)) for uid, some in enumerate(flags)]
    folder = folder_at(destination, "Here")
    written = destination.write(folder, batch)
    assert [one.token for one in written] == [message.token for message in batch]
    shown = destination.shown(folder, items(written))
    assert [shown[one.item or ""].flags for one in written] == [Flags.of(some) for some in flags]
    assert ground.stored() == [
        Stored(("Here",), frozenset(some), WHEN + timedelta(days=uid), canonical(text(uid)))
        for uid, some in enumerate(flags)
    ]


def test_a_batch_may_be_as_large_as_the_limits_say(ground: Ground, destination: Destination) -> None:
    limits = destination.limits
    count = min(limits.batch_messages, 120)
    filler = b"x" * 70 + b"\r\n"
    room = limits.batch_bytes // count - 300
    batch = [outgoing(uid, text(uid) + filler * (room // len(filler))) for uid in range(count)]
    assert sum(message.body.size for message in batch) <= limits.batch_bytes
    folder = folder_at(destination, "Many")
    assert len(items(destination.write(folder, batch))) == count
    assert sorted(stored.canonical for stored in ground.stored()) == sorted(
        canonical(message.body.read()) for message in batch
    )


def test_keywords_that_cannot_be_kept_are_named(ground: Ground, destination: Destination) -> None:
    odd = ["tab\tkey", "Müller", "paren(these)", 'quo"te']
    (written,) = destination.write(inbox(destination), [outgoing(1, flags=["\\Seen", "Kunde", *odd])])
    assert written.failure is None
    (stored,) = ground.stored()
    assert "\\Seen" in stored.flags
    assert (stored.flags | set(written.dropped)) == {"\\Seen", "Kunde", *odd}


@pytest.mark.parametrize("odd", ODD_MESSAGES)
def test_an_odd_message_is_stored_or_refused_for_a_reason(ground: Ground, destination: Destination, odd: str) -> None:
    folder = folder_at(destination, "Here")
    mark = destination.mark(folder)
    batch = [outgoing(1), outgoing(2, ODD_MESSAGES[odd]), outgoing(3)]
    before, written, after = destination.write(folder, batch)
    items([before, after])
    found = destination.look_up(folder, [doubt(message, mark) for message in batch], frozenset())
    if written.failure is None:
        assert found == {one.token: one.item for one in (before, written, after)}
    else:
        assert found == {one.token: one.item for one in (before, after)}
        assert written.failure.action is Action.REJECT
        assert not written.failure.in_doubt
        assert written.failure.said
    assert len(ground.stored()) == len(found)


def test_no_message_is_refused_for_its_date(ground: Ground, destination: Destination) -> None:
    """Where a destination cannot keep a date, it says which one the message has there."""
    folder = folder_at(destination, "Here")
    mark = destination.mark(folder)
    years = [2019, 1600, 1900, 1969, 1970, 2037, 2038, 2107, 4501, 9999, 2019]
    dates = [datetime(year, 1, 1, tzinfo=UTC) for year in years]
    batch = [outgoing(uid, received=date) for uid, date in enumerate(dates)]
    written = destination.write(folder, batch)
    assert [one.failure for one in written] == [None] * len(batch)
    found = destination.look_up(folder, [doubt(message, mark) for message in batch], frozenset())
    assert found == {one.token: one.item for one in written}
    there = {stored.canonical: stored.received for stored in ground.stored()}
    assert len(there) == len(batch)
    for uid, (date, one) in enumerate(zip(dates, written, strict=True)):
        if one.redated is not None or date.year == 2019:
            assert there[canonical(text(uid))] == (one.redated or date)
    redated = {date.year for date, one in zip(dates, written, strict=True) if one.redated}
    assert redated in ({1600, 1900, 1969}, {1600, 4501, 9999}, set())  # Dovecot takes every date, and changes some


def test_nothing_is_sent_for_an_empty_batch(ground: Ground, destination: Destination) -> None:
    assert list(destination.write(inbox(destination), [])) == []
    assert ground.stored() == []


def test_after_close_the_next_call_makes_a_new_connection(ground: Ground, destination: Destination) -> None:
    folder = inbox(destination)
    destination.write(folder, [outgoing(1)])
    destination.close()
    assert len(items(destination.write(folder, [outgoing(2)]))) == 1
    assert len(ground.stored()) == 2


# --- looking up -------------------------------------------------------------------------------------------------------


def test_look_up_finds_what_was_stored_and_nothing_else(destination: Destination) -> None:
    folder = folder_at(destination, "Doubt")
    mark = destination.mark(folder)
    sent = [outgoing(uid) for uid in range(5)]
    stored = items(destination.write(folder, sent))
    never = [outgoing(uid) for uid in range(5, 8)]
    found = destination.look_up(folder, [doubt(message, mark) for message in [*never, *sent]], frozenset())
    assert found == {message.token: item for message, item in zip(sent, stored, strict=True)}


def test_look_up_tells_twins_apart_by_what_is_claimed(destination: Destination) -> None:
    folder = folder_at(destination, "Twins")
    mark = destination.mark(folder)
    one, two, three = (outgoing(uid, text("twin")) for uid in (1, 2, 3))
    first, second = items(destination.write(folder, [one, two]))
    assert destination.look_up(folder, [doubt(two, mark)], frozenset({first})) == {two.token: second}
    found = destination.look_up(folder, [doubt(message, mark) for message in (one, two)], frozenset())
    assert set(found) == {one.token, two.token}
    assert set(found.values()) == {first, second}
    found = destination.look_up(folder, [doubt(three, mark)], frozenset({first, second}))
    assert found == {}


def test_look_up_takes_no_message_that_was_there_before(ground: Ground, destination: Destination) -> None:
    ground.deliver(("INBOX",), text(1), WHEN)
    folder = inbox(destination)
    mark = destination.mark(folder)
    assert destination.look_up(folder, [doubt(outgoing(1), mark)], frozenset()) == {}


def test_look_up_by_another_object_sees_what_came_meanwhile(ground: Ground, destination: Destination) -> None:
    folder = inbox(destination)
    mark = destination.mark(folder)
    looking = ground.destination()
    assert looking.look_up(folder, [doubt(outgoing(1), mark)], frozenset()) == {}
    (item,) = items(destination.write(folder, [outgoing(1)]))
    assert looking.look_up(folder, [doubt(outgoing(1), mark)], frozenset()) == {token(1): item}


def test_present_shows_what_could_be_ours(ground: Ground, destination: Destination) -> None:
    ground.deliver(("INBOX",), text("before"), WHEN)
    folder = inbox(destination)
    stored = items(destination.write(folder, [outgoing(1), outgoing(2)]))
    present = list(destination.present(folder))
    if destination.limits.keyed:
        assert {one.token: one.item for one in present if one.token} == {
            token(1): stored[0],
            token(2): stored[1],
        }
    else:
        prints = {one.item: one.canonical for one in present}
        assert [prints[item] for item in stored] == [canonical(text(1)), canonical(text(2))]
        assert sorted(one.canonical or b"" for one in present) == sorted(
            canonical(text(number)) for number in ("before", 1, 2)
        )


def test_present_in_an_empty_folder_is_nothing(destination: Destination) -> None:
    assert list(destination.present(folder_at(destination, "Empty"))) == []


# --- flags and moves --------------------------------------------------------------------------------------------------


def test_shown_leaves_out_what_is_gone(ground: Ground, destination: Destination) -> None:
    folder = folder_at(destination, "Gone")
    stored = items(destination.write(folder, [outgoing(1), outgoing(2, flags=["\\Seen"])]))
    assert set(destination.shown(folder, stored)) == set(stored)
    ground.delete(("Gone",))
    assert destination.shown(folder, stored) == {}


def test_change_flags_changes_nothing_else(ground: Ground, destination: Destination) -> None:
    folder = folder_at(destination, "Flags")
    one, two = items(destination.write(folder, [outgoing(1, flags=["\\Seen", "Kunde"]), outgoing(2)]))
    assert destination.change_flags(folder, one, Flags.of(["\\Flagged"]), Flags.of(["\\Seen"])) == ()
    shown = destination.shown(folder, [one, two])
    assert shown[one].flags == Flags.of(["\\Flagged", "Kunde"])
    assert shown[two].flags == Flags()
    assert [stored.flags for stored in ground.stored()] == [frozenset({"\\Flagged", "Kunde"}), frozenset()]
    assert destination.change_flags(folder, one, Flags(), Flags()) == ()


def test_change_flags_names_keywords_that_cannot_be_kept(destination: Destination) -> None:
    folder = inbox(destination)
    (item,) = items(destination.write(folder, [outgoing(1)]))
    left = destination.change_flags(folder, item, Flags.of(["\\Seen", "tab\tkey"]), Flags())
    kept = destination.shown(folder, [item])[item].flags
    assert kept | set(left) == {"\\Seen", "tab\tkey"}


def test_a_moved_item_keeps_its_flags_and_gets_a_new_id(ground: Ground, destination: Destination) -> None:
    here, there = folder_at(destination, "Here"), folder_at(destination, "There")
    one, two = items(destination.write(here, [outgoing(1, flags=["\\Flagged"]), outgoing(2)]))
    moved = destination.move(one, here, there)
    assert moved is not None
    assert destination.shown(there, [moved])[moved].flags == Flags.of(["\\Flagged"])
    assert list(destination.shown(here, [one, two])) == [two]
    assert [(stored.path, stored.canonical) for stored in ground.stored()] == [
        (("Here",), canonical(text(2))),
        (("There",), canonical(text(1))),
    ]


def test_a_moved_item_whose_new_id_was_not_heard_is_found(ground: Ground, destination: Destination) -> None:
    here, there = folder_at(destination, "Here"), folder_at(destination, "There")
    message = outgoing(1)
    (item,) = items(destination.write(here, [message]))
    in_doubt = doubt(message, destination.mark(there))
    moved = destination.move(item, here, there)
    found = destination.look_up(there, [in_doubt], frozenset())
    assert found == {message.token: moved}
    assert destination.move(item, here, there, copy=moved) == moved
    assert [stored.path for stored in ground.stored()] == [("There",)]


def test_a_message_that_is_gone_is_not_moved(ground: Ground, destination: Destination) -> None:
    here, there = folder_at(destination, "Here"), folder_at(destination, "There")
    (item,) = items(destination.write(here, [outgoing(1)]))
    ground.delete(("Here",))
    assert destination.move(item, here, there) is None
    assert ground.stored() == []
