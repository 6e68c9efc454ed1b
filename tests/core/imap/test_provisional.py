r"""Messages without a lasting UID, at a real Courier: mail that came in, and nobody has opened the folder since."""

from collections.abc import Iterator, Sequence

import pytest

from core.imap.connection import Address, Connection, SignIn
from core.imap.provisional import FIRST, UNNUMBERED
from core.imap.source import ImapSource
from core.mail.folder import FolderPath, Role
from core.ports.failure import FolderChangedError, Side
from core.ports.source import OpenFolder, SourceFolder, SourceMessage
from core.secret import Secret
from tests.servers.courier import Courier
from tests.servers.mail import Record, sure
from tests.servers.scripted import Answer, Scripted

INBOX = SourceFolder(FolderPath.of("INBOX"), b"INBOX", Role.INBOX)
EARLY, LATE = 1_000_000_000, 1_600_000_000


def mail(name: str, text: str = "") -> bytes:
    return f"Message-ID: <{name}@example.org>\nSubject: {name}\n\n{text}\n".encode()


def wire(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


class Mailbox:
    """One user's mailbox."""

    def __init__(self, server: Courier, user: str) -> None:
        self.server = server
        self.user = user
        self._made: list[ImapSource] = []

    def opened_by_user(self) -> None:
        with self.server.client(self.user) as client:
            sure(client.select())

    def source(self) -> ImapSource:
        """In a session of its own."""
        sign_in = SignIn(self.user, lambda: Secret(self.server.password))
        address = Address(self.server.host, self.server.port, "none")
        self._made.append(ImapSource(Connection(address, sign_in, Side.SOURCE)))
        return self._made[-1]

    def listed(self, source: ImapSource | None = None) -> dict[int, SourceMessage]:
        """The messages as a new look shows them."""
        source = source or self.source()
        inbox = source.examine(INBOX)
        return {message.uid: message for message in source.messages(inbox, source.uids(inbox))}

    def close(self) -> None:
        for source in self._made:
            source.close()


@pytest.fixture
def mailbox(courier: Courier, user: str) -> Iterator[Mailbox]:
    """Two of its messages have lasting UIDs."""
    mailbox = Mailbox(courier, user)
    courier.load(user, [Record(wire(mail(name))) for name in ("one", "two")])
    mailbox.opened_by_user()
    yield mailbox
    mailbox.close()


def fetched(source: ImapSource, inbox: OpenFolder, messages: Sequence[SourceMessage]) -> dict[int, bytes | None]:
    return {one.uid: one.body.read() if one.body else None for one in source.fetch(inbox, messages)}


def test_a_number_stands_for_one_message(mailbox: Mailbox) -> None:
    first = mailbox.server.deliver(mailbox.user, mail("a"), at=LATE)
    one, two, a = mailbox.listed()
    assert (one, two) == (1, 2)
    assert FIRST <= a < 2 * FIRST
    assert list(mailbox.listed()) == [1, 2, a]
    mailbox.server.taken(mailbox.user, first)
    mailbox.server.deliver(mailbox.user, mail("b"), at=LATE)
    *_, b = mailbox.listed()
    assert FIRST <= b != a
    mailbox.server.deliver(mailbox.user, mail("a"), at=LATE)  # the same message is back
    assert set(mailbox.listed()) == {1, 2, a, b}


def test_mail_that_comes_between_moves_no_number(mailbox: Mailbox) -> None:
    mailbox.server.deliver(mailbox.user, mail("late", "late"), at=LATE)
    *_, late = mailbox.listed()
    mailbox.server.deliver(mailbox.user, mail("early", "early and long"), at=EARLY)
    source = mailbox.source()
    inbox = source.examine(INBOX)
    messages = {message.uid: message for message in source.messages(inbox, source.uids(inbox))}
    (early,) = messages.keys() - {1, 2, late}
    assert fetched(source, inbox, list(messages.values())) == {
        1: wire(mail("one")),
        2: wire(mail("two")),
        late: wire(mail("late", "late")),
        early: wire(mail("early", "early and long")),
    }
    assert {uid for uid, _ in source.flags(inbox, None)} == set(messages)
    assert messages[early].size == len(wire(mail("early", "early and long")))
    assert [messages[uid].received.timestamp() for uid in (early, late)] == [EARLY, LATE]  # type: ignore[union-attr]


def test_what_the_server_numbers_anew_in_one_session_is_not_taken_for_another(mailbox: Mailbox) -> None:
    mailbox.server.deliver(mailbox.user, mail("late"), at=LATE)
    source = mailbox.source()
    inbox = source.examine(INBOX)
    *_, late = source.messages(inbox, source.uids(inbox))
    mailbox.server.deliver(mailbox.user, mail("earl"), at=EARLY)
    source._connection.order(b"NOOP")  # its UID is the early one's now
    with pytest.raises(FolderChangedError):
        fetched(source, inbox, [late])
    inbox = source.examine(INBOX)
    assert fetched(source, inbox, [late]) == {late.uid: wire(mail("late"))}


def test_a_user_who_opens_the_folder_gives_lasting_uids(mailbox: Mailbox) -> None:
    mailbox.server.deliver(mailbox.user, mail("new"), at=LATE)
    source = mailbox.source()
    inbox = source.examine(INBOX)
    *_, new = source.messages(inbox, source.uids(inbox))
    mailbox.opened_by_user()
    inbox = source.examine(INBOX)
    with pytest.raises(FolderChangedError, match="for good"):
        fetched(source, inbox, [new])
    assert list(source.uids(inbox)) == [1, 2, 3]
    assert list(source.messages(inbox, [new.uid])) == []


def test_a_folder_that_nobody_has_opened_keeps_one_uidvalidity(courier: Courier, user: str) -> None:
    mailbox = Mailbox(courier, user)
    courier.deliver(user, mail("a"), at=LATE)
    source = mailbox.source()
    inbox = source.examine(INBOX)
    assert inbox.uidvalidity == UNNUMBERED
    (number,) = source.uids(inbox)
    assert list(mailbox.listed()) == [number]
    mailbox.opened_by_user()
    again = source.examine(INBOX)
    assert again.uidvalidity != UNNUMBERED
    assert list(source.uids(again)) == [1]
    with pytest.raises(FolderChangedError, match="UIDVALIDITY was 1"):
        source.uids(inbox)
    mailbox.close()


def test_twins_are_two_and_lookalikes_are_known_by_their_bytes(mailbox: Mailbox) -> None:
    deliver = mailbox.server.deliver
    deliver(mailbox.user, mail("twin", "same"), at=LATE)
    twin = deliver(mailbox.user, mail("twin", "same"), at=LATE)
    alike = deliver(mailbox.user, mail("twin", "else"), at=LATE)
    numbers = set(mailbox.listed()) - {1, 2}
    assert len(numbers) == 3
    source = mailbox.source()
    inbox = source.examine(INBOX)
    bodies = fetched(source, inbox, [mailbox.listed()[number] for number in numbers])
    assert sorted(filter(None, bodies.values())) == sorted(
        wire(mail("twin", text)) for text in ("else", "same", "same")
    )
    mailbox.server.taken(mailbox.user, alike)
    deliver(mailbox.user, mail("twin", "else"), at=LATE)
    assert set(mailbox.listed()) - {1, 2} == numbers
    mailbox.server.taken(mailbox.user, twin)
    left = set(mailbox.listed()) - {1, 2}
    assert left < numbers
    assert bodies[(numbers - left).pop()] == wire(mail("twin", "same"))


def test_what_cannot_be_looked_at_keeps_its_uid() -> None:
    script: dict[str, Answer] = {
        "EXAMINE": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\nTAG OK done\r\n",
        "UID SEARCH": lambda said: b"* SEARCH %b\r\nTAG OK done\r\n" % (b"2" if "RECENT" in said else b"1 2"),
        "UID FETCH": b"TAG NO cannot be read\r\n",
    }
    with Scripted(script) as server:
        sign_in = SignIn("ann", lambda: Secret("secret"))
        source = ImapSource(Connection(Address(server.host, server.port, "none"), sign_in, Side.SOURCE))
        assert list(source.uids(source.examine(INBOX))) == [1, 2]
        source.close()
