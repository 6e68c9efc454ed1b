"""Moving messages at the destination."""

from collections.abc import Callable, Iterator

import pytest

from core.imap.destination import ImapDestination
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder
from core.ports.failure import Action, EndpointError
from tests.outgoing import doubts, mails, outgoing
from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record
from tests.servers.proxy import CutError, Proxy

Writing = Callable[..., ImapDestination]
INBOX = DestinationFolder(FolderPath.of("INBOX"), "INBOX", Role.INBOX)


@pytest.fixture
def without_move(make_dovecot: Callable[..., Dovecot]) -> Iterator[Proxy]:
    with Proxy(make_dovecot(without=("MOVE",)).port) as between:
        yield between


def test_without_move_only_that_message_is_expunged(
    make_dovecot: Callable[..., Dovecot], without_move: Proxy, writing: Writing, user: str
) -> None:
    server = make_dovecot(without=("MOVE",))
    first, second, third = mails(3)
    server.load(user, [Record(first, flags=frozenset({"\\Deleted"})), Record(third)])
    destination = writing(without_move.port, user)
    (written,) = destination.write(INBOX, outgoing(second, flags=["\\Flagged", "Kunde"]))
    there = destination.create_folder(FolderPath.of("There"), None)
    moved = destination.move(written.item or "", INBOX, there)
    assert moved is not None
    read = sorted((record.folder, record.data, record.flags) for record in server.read(user))
    assert read == [
        ("INBOX", first, frozenset({"\\Deleted"})),
        ("INBOX", third, frozenset()),
        ("There", second, frozenset({"\\Flagged", "Kunde"})),
    ]
    assert destination.shown(there, [moved])[moved].flags == Flags.of(["\\Flagged", "Kunde"])
    assert without_move.commands(b"EXPUNGE") == []
    assert len(without_move.commands(b"UID EXPUNGE")) == 1


@pytest.mark.parametrize("lost", [b"COPYUID", b"Store completed", b"Expunge completed"])
def test_a_link_lost_while_copying_makes_no_second_copy(
    lost: bytes, make_dovecot: Callable[..., Dovecot], without_move: Proxy, writing: Writing, user: str
) -> None:
    server = make_dovecot(without=("MOVE",))
    destination = writing(without_move.port, user)
    batch = outgoing(*mails(1))
    (written,) = destination.write(INBOX, batch)
    there = destination.create_folder(FolderPath.of("There"), None)
    in_doubt = doubts(batch, destination.mark(there))

    def on_line(line: bytes) -> bytes:
        if lost in line:
            without_move.on_line = lambda line: line
            raise CutError
        return line

    without_move.on_line = on_line
    with pytest.raises(EndpointError) as caught:
        destination.move(written.item or "", INBOX, there)
    assert caught.value.failure.action is Action.RETRY
    (copy,) = destination.look_up(there, in_doubt, frozenset()).values()
    moved = destination.move(written.item or "", INBOX, there, copy=copy)
    assert moved == copy
    assert [(record.folder, f":{record.uid}") for record in server.read(user)] == [("There", moved[moved.index(":") :])]


def test_where_its_new_id_could_not_be_known_a_message_stays(
    make_dovecot: Callable[..., Dovecot], writing: Writing, user: str
) -> None:
    server = make_dovecot(without=("UIDPLUS",))
    destination = writing(server.port, user)
    (written,) = destination.write(INBOX, outgoing(*mails(1)))
    there = destination.create_folder(FolderPath.of("There"), None)
    assert destination.move(written.item or "", INBOX, there) is None
    assert [record.folder for record in server.read(user)] == ["INBOX"]
