"""The destination's folders, where the contract does not reach."""

from collections.abc import Callable

import pytest

from core.imap.destination import ImapDestination
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder
from core.ports.failure import Action, EndpointError
from tests.outgoing import mails, outgoing, said
from tests.servers.courier import Courier
from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record, quoted, sure
from tests.servers.scripted import Answer, Scripted

Writing = Callable[..., ImapDestination]
ONE_BY_ONE: dict[str, Answer] = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 LITERAL+\r\nTAG OK done\r\n",
    "SELECT": b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\nTAG OK done\r\n",
}


def subscribed(server: Dovecot, user: str) -> set[str]:
    with server.client(user) as client:
        return {line.split(b' "/" ')[1].decode().strip('"') for line in sure(client.lsub()) if line}


def test_folders_are_subscribed_as_asked_and_stay_so_when_renamed(
    dovecot: Dovecot, writing: Writing, user: str
) -> None:
    destination = writing(dovecot.port, user)
    before = subscribed(dovecot, user)
    old = destination.create_folder(FolderPath.of("Old"), None)
    destination.create_folder(FolderPath.of("Old", "below"), None)
    destination.create_folder(FolderPath.of("Hidden"), None, subscribed=False)
    destination.create_folder(FolderPath.of("Older"), None)
    assert subscribed(dovecot, user) - before == {"Old", "Old/below", "Older"}
    destination.rename_folder(old, FolderPath.of("New"))
    assert subscribed(dovecot, user) - before == {"New", "New/below", "Older"}


def test_a_rename_that_the_server_refuses_changes_nothing(dovecot: Dovecot, writing: Writing, user: str) -> None:
    destination = writing(dovecot.port, user)
    one = destination.create_folder(FolderPath.of("One"), None)
    destination.create_folder(FolderPath.of("Two"), None)
    assert destination.rename_folder(one, FolderPath.of("Two")) == one
    inside = destination.create_folder(FolderPath.of("One", "in"), None)
    assert destination.rename_folder(one, FolderPath.of("One", "in", "self")) == one
    assert {folder.path for folder in destination.folders()} >= {one.path, inside.path, FolderPath.of("Two")}


def test_a_renamed_folder_with_a_separator_in_its_new_name(dovecot: Dovecot, writing: Writing, user: str) -> None:
    destination = writing(dovecot.port, user)
    old = destination.create_folder(FolderPath.of("Old"), None)
    new = destination.rename_folder(old, FolderPath.of("a/b"))
    assert new.path == FolderPath.of("a\u2215b")
    assert new.ref in [folder.ref for folder in destination.folders()]


def test_a_server_that_numbers_anew_keeps_its_folders_names(writing: Writing) -> None:
    validity = {"INBOX": 1}

    def status(command: str) -> bytes:
        name = command.split('"')[1]
        number = validity.setdefault(name, len(validity) + 1)
        return f'* STATUS "{name}" (MESSAGES 0 UIDVALIDITY {number})\r\nTAG OK done\r\n'.encode()

    listing = b'* LIST () "/" INBOX\r\n* LIST () "/" Old\r\nTAG OK done\r\n'
    with Scripted({"LIST": listing, "STATUS": status}) as server:
        destination = writing(server.port)
        old = destination.create_folder(FolderPath.of("Old"), None)
        assert destination.rename_folder(old, FolderPath.of("New")) == old
        assert destination.rename_folder(old, FolderPath.of("Newer")) == old
        made = [command.split('"')[1] for command in server.seen if command.startswith("CREATE")]
        renamed = [command for command in server.seen if command.startswith("RENAME")]
        assert renamed == [f'RENAME "{name}" "{name}-renamed"' for name in made]
        assert len(made) == 1
        assert f'DELETE "{made[0]}-renamed"' in server.seen
        assert server.count("DELETE") == 1


def test_a_server_that_makes_no_folder_to_try_on_keeps_its_folders_names(writing: Writing) -> None:
    listing = b'* LIST () "/" INBOX\r\n* LIST () "/" Old\r\nTAG OK done\r\n'
    with Scripted({"LIST": listing, "CREATE": b"TAG NO not here\r\n"}) as server:
        destination = writing(server.port)
        old = destination.create_folder(FolderPath.of("Old"), None)
        assert destination.rename_folder(old, FolderPath.of("New")) == old
        assert server.count("RENAME") == server.count("DELETE") == 0


def test_what_tries_that_were_cut_off_have_left_is_deleted(dovecot: Dovecot, writing: Writing, user: str) -> None:
    empty, mail, own = "mailcutover-0123abcd", "mailcutover-0123abcd-renamed", "mailcutover-of-my-own"
    dovecot.load(user, [Record(b"Subject: x\r\n\r\n", mail)])
    destination = writing(dovecot.port, user)
    for name in (empty, own, "Old"):
        destination.create_folder(FolderPath.of(name), None)
    old = next(folder for folder in destination.folders() if folder.path == FolderPath.of("Old"))
    assert destination.rename_folder(old, FolderPath.of("New")).path == FolderPath.of("New")
    assert {name for name in dovecot.folders(user) if name.startswith("mailcutover")} == {mail, own}


def test_a_name_is_free_again_after_a_rename(dovecot: Dovecot, writing: Writing, user: str) -> None:
    destination = writing(dovecot.port, user)
    old = destination.create_folder(FolderPath.of("a/b"), None)
    destination.rename_folder(old, FolderPath.of("New"))
    assert destination.create_folder(old.path, None).path == old.path


def test_a_folder_that_is_there_keeps_its_name_when_one_below_cannot(writing: Writing) -> None:
    def create(command: str) -> bytes:
        return b"TAG NO no such sign\r\n" if "%" in command.rpartition("/")[2] else b"TAG OK done\r\n"

    script: dict[str, Answer] = {
        "LIST": b'* LIST () "/" INBOX\r\n* LIST () "/" x%\r\nTAG OK done\r\n',
        "CREATE": create,
    }
    with Scripted(script) as server:
        made = writing(server.port).create_folder(FolderPath.of("x%", "y%"), None)
        assert made.path == FolderPath.of("x%", "y\u2052")


def test_what_lies_above_is_made_where_the_server_does_not(writing: Writing) -> None:
    made: set[str] = set()

    def create(command: str) -> bytes:
        name = command.split('"')[1]
        if "/" in name and name.rpartition("/")[0] not in made:
            return b"TAG NO there is nothing above\r\n"
        made.add(name)
        return b"TAG OK done\r\n"

    with Scripted({"LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n', "CREATE": create}) as server:
        folder = writing(server.port).create_folder(FolderPath.of("a", "b", "c"), None)
        assert (folder.path, folder.ref) == (FolderPath.of("a", "b", "c"), "a/b/c")
        assert made == {"a", "a/b", "a/b/c"}


def test_each_name_of_a_path_is_spelt_by_itself(dovecot: Dovecot, writing: Writing, user: str) -> None:
    destination = writing(dovecot.port, user)
    made = destination.create_folder(FolderPath.of("50%", "cur", "Caf\u00e9 & \U0001f600", "tmp"), None)
    assert made.path == FolderPath.of("50%", "cur_", "Caf\u00e9 & \U0001f600", "tmp_")
    beside = destination.create_folder(FolderPath.of("50%", "cur", "new"), None)
    assert beside.path == FolderPath.of("50%", "cur_", "new_")
    there = {folder.path for folder in writing(dovecot.port, user).folders()}
    assert {made.path, beside.path} <= there
    assert FolderPath.of("50%_") not in there


def test_a_deep_path_that_cannot_be_made_is_not_tried_in_every_mixture(writing: Writing) -> None:
    script = {"LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n', "CREATE": b"TAG NO never\r\n"}
    with Scripted(script) as server:
        with pytest.raises(EndpointError, match="does not make this folder"):
            writing(server.port).create_folder(FolderPath(("%",) * 9), None)
        assert server.count("CREATE") == 9 * 4


def test_names_that_courier_cannot_even_look_for(courier: Courier, writing: Writing, user: str) -> None:
    """It takes nothing beyond U+FFFF, neither in CREATE nor in LIST, and hangs up after ten refusals in a row."""
    destination = writing(courier.port, user)
    names = [f"{number} \U0001f600" for number in range(8)]
    made = [destination.create_folder(FolderPath.of("nul\0", name), None).path for name in names]
    assert made == [FolderPath.of("nul_", f"{number} _") for number in range(8)]
    assert {folder.path for folder in writing(courier.port, user).folders()} >= set(made)


def test_a_folder_that_no_spelling_makes_stops_the_mailbox_with_a_cure(writing: Writing) -> None:
    script = {"LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n', "CREATE": b"TAG NO never\r\n"}
    with Scripted(script) as server:
        with pytest.raises(EndpointError, match=r"does not make this folder.*never.*folder_map") as caught:
            writing(server.port).create_folder(FolderPath.of("Box"), None)
        assert caught.value.failure.action is Action.STOP_MAILBOX
        assert server.count("CREATE") == 3


def test_a_busy_server_is_no_refusal_of_a_name(writing: Writing) -> None:
    script = {"LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n', "CREATE": b"TAG NO [UNAVAILABLE] later\r\n"}
    with Scripted(script) as server:
        with pytest.raises(EndpointError) as caught:
            writing(server.port).create_folder(FolderPath.of("Box"), None)
        assert caught.value.failure.action is Action.WAIT
        assert server.count("CREATE") == 1


def test_a_default_folder_is_made_as_such_where_the_server_can(writing: Writing) -> None:
    script = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 SPECIAL-USE CREATE-SPECIAL-USE\r\nTAG OK done\r\n",
        "LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
    }
    with Scripted(script) as server:
        made = writing(server.port).create_folder(FolderPath.of("Archive"), Role.ARCHIVE)
        assert made.role is Role.ARCHIVE
        assert 'CREATE "Archive" (USE (\\Archive))' in server.seen


def test_folders_that_hold_no_messages_and_views_are_left_out(writing: Writing) -> None:
    listing = (
        b'* LIST () "/" INBOX\r\n* LIST (\\Noselect) "/" Above\r\n* LIST (\\All) "/" All\r\n'
        b'* LIST () "/" {3}\r\na\r\nb\r\n* LIST () "/" Caf\xe9\r\nTAG OK done\r\n'
    )
    status = b"* STATUS x (MESSAGES 3)\r\nTAG OK done\r\n"
    with Scripted({"LIST": listing, "STATUS": status}) as server:
        found = writing(server.port).folders()
        assert [(folder.ref, folder.messages) for folder in found] == [("Caf\xe9", 3), ("INBOX", 3)]


def test_messages_go_into_a_folder_with_an_8_bit_name(writing: Writing) -> None:
    folder = DestinationFolder(FolderPath.of("Café"), "Caf\xe9")
    with Scripted({**ONE_BY_ONE, "APPEND": b"TAG OK [APPENDUID 7 1] done\r\n"}) as server:
        assert said(writing(server.port).write(folder, outgoing(b"a"))) == [None]
        (command,) = [command for command in server.seen if command.startswith("APPEND")]
        assert command.encode("utf-8", "surrogateescape").startswith(b'APPEND "Caf\xe9" ()')
        assert command.endswith("{1}\r\na")


def test_quoting_matches_the_reader(dovecot: Dovecot, writing: Writing, user: str) -> None:
    name = 'say "hi" \\ twice'
    folder = writing(dovecot.port, user).create_folder(FolderPath.of(name), None)
    assert writing(dovecot.port, user).write(folder, outgoing(*mails(1)))[0].failure is None
    assert [record.folder for record in dovecot.read(user)] == [name]
    assert quoted(name) == '"say \\"hi\\" \\\\ twice"'
