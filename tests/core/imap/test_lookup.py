"""Finding messages again: those in doubt, and those that were there before."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from core.imap.destination import ImapDestination
from core.mail.fingerprint import canonical
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder, Outgoing
from tests.outgoing import doubts, mails, outgoing, said
from tests.servers.dovecot import Dovecot
from tests.servers.mail import WHEN, Record
from tests.servers.scripted import Answer, Scripted

Writing = Callable[..., ImapDestination]
INBOX = DestinationFolder(FolderPath.of("INBOX"), "INBOX", Role.INBOX)


def test_dates_that_the_server_does_not_keep_do_not_hide_a_message(
    dovecot: Dovecot, writing: Writing, user: str
) -> None:
    destination = writing(dovecot.port, user)
    mark = destination.mark(INBOX)
    soon = datetime.now(UTC) + timedelta(minutes=5)  # a clock that is ahead; Dovecot stores the present
    batch = [
        *outgoing(*mails(1), received=WHEN),
        *outgoing(*mails(1), received=soon),
        *outgoing(*mails(1), received=datetime(1900, 1, 1, tzinfo=UTC)),
        *outgoing(*mails(1), received=None),
    ]
    batch = [Outgoing(str(number), one.body, one.flags, one.received) for number, one in enumerate(batch)]
    written = destination.write(INBOX, batch)
    assert said(written) == [None] * 4
    found = destination.look_up(INBOX, doubts(batch[::-1], mark), frozenset())
    assert found["0"] == written[0].item  # who has a date to show gets the one with that date
    assert set(found.values()) == {one.item for one in written}
    assert len(found) == 4


def test_the_same_bytes_of_another_day_are_another_message(dovecot: Dovecot, writing: Writing, user: str) -> None:
    destination = writing(dovecot.port, user)
    mark = destination.mark(INBOX)
    destination.write(INBOX, outgoing(*mails(1), received=WHEN))
    other = outgoing(*mails(1), received=WHEN + timedelta(seconds=1))
    assert destination.look_up(INBOX, doubts(other, mark), frozenset()) == {}


def test_of_equal_messages_the_one_sent_last_is_found_first(dovecot: Dovecot, writing: Writing, user: str) -> None:
    """The other one may still be told by an earlier place."""
    destination = writing(dovecot.port, user)
    first, second = outgoing(*(2 * mails(1)))
    early = destination.mark(INBOX)
    destination.write(INBOX, outgoing(b"Subject: other\r\n\r\n"))
    late = destination.mark(INBOX)
    (written,) = destination.write(INBOX, [second])
    both = [*doubts([first], early), *doubts([second], late)]
    assert destination.look_up(INBOX, both, frozenset()) == {second.token: written.item}


def test_a_message_whose_line_ends_the_server_changed_is_found(dovecot: Dovecot, writing: Writing, user: str) -> None:
    destination = writing(dovecot.port, user)
    mark = destination.mark(INBOX)
    batch = outgoing(b"Subject: lf\n\nbare\n\nends\n", b"Subject: nul\r\n\r\na\0b\r\n", b"Subject: cr\r\n\r\nx\r")
    written = destination.write(INBOX, batch)
    assert [record.data for record in dovecot.read(user)] != [one.body.read() for one in batch]
    found = destination.look_up(INBOX, doubts(batch, mark), frozenset())
    assert found == {one.token: one.item for one in written}


def test_present_leaves_out_what_is_on_its_way_out(dovecot: Dovecot, writing: Writing, user: str) -> None:
    one, two = mails(2)
    dovecot.load(user, [Record(one, flags=frozenset({"\\Deleted"})), Record(two)])
    present = list(writing(dovecot.port, user).present(INBOX))
    assert [found.canonical for found in present] == [canonical(two)]
    assert [record.flags for record in dovecot.read(user)] == [{"\\Deleted"}, frozenset()]


def test_present_goes_on_after_its_reader_turned_elsewhere(dovecot: Dovecot, writing: Writing, user: str) -> None:
    messages = mails(250)
    dovecot.load(user, [Record(message) for message in messages])
    destination = writing(dovecot.port, user)
    other = destination.create_folder(FolderPath.of("Other"), None)
    found = []
    for present in destination.present(INBOX):
        found.append(present.canonical)
        if len(found) % 50 == 0:
            destination.mark(other)
    assert found == [canonical(message) for message in messages]


def test_a_message_that_the_server_cannot_read_hides_no_other(writing: Writing) -> None:
    def fetch(command: str) -> bytes:
        first, _, last = command.split(" ")[2].partition(":")
        uids = range(int(first), int(last or first) + 1)
        read = b"".join(b"* %d FETCH (UID %d BODY[] {3}\r\na%02d)\r\n" % (uid, uid, uid) for uid in uids if uid < 7)
        return read + (b"TAG NO some could not be read\r\n" if 7 in uids else b"TAG OK done\r\n")

    script: dict[str, Answer] = {
        "SELECT": b"* 7 EXISTS\r\n* OK [UIDVALIDITY 1] v\r\n* OK [UIDNEXT 8] n\r\nTAG OK done\r\n",
        "UID SEARCH": b"* SEARCH 1 2 3 4 5 6 7\r\nTAG OK done\r\n",
        "UID FETCH": fetch,
    }
    with Scripted(script) as server:
        present = list(writing(server.port).present(INBOX))
    assert [found.item for found in present] == [f"1:{uid}" for uid in range(1, 7)]
    assert present[3].canonical == canonical(b"a04")
