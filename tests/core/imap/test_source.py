import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.imap.connection import Address, Connection, SignIn, Timeouts
from core.imap.source import ImapSource
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.failure import Action, EndpointError, FolderChangedError, Side
from core.ports.source import OpenFolder, Source, SourceFolder, SourceMessage
from core.secret import Secret
from tests.servers.dovecot import Dovecot
from tests.servers.mail import WHEN, Record, append, quoted, sure
from tests.servers.pymap import Pymap
from tests.servers.scripted import Answer, Scripted

Open = Callable[..., ImapSource]
INBOX = SourceFolder(FolderPath.of("INBOX"), b"INBOX", Role.INBOX)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    made = []

    def make(
        server: Dovecot | Pymap | Scripted, user: str = "ann", password: str = "secret", **options: str
    ) -> ImapSource:
        sign_in = SignIn(user, lambda: Secret(password))
        address = Address(server.host, server.port, "none")
        connection = Connection(address, sign_in, Side.SOURCE, Timeouts(5, 20), spool=tmp_path)
        made.append(ImapSource(connection, **options))
        return made[-1]

    yield make
    for source in made:
        source.close()


@pytest.fixture(params=["/", "INBOX."])
def server(request: pytest.FixtureRequest) -> Dovecot:
    found: Dovecot = request.getfixturevalue("dovecot" if request.param == "/" else "dovecot_dot")
    return found


def message(number: int, size: int = 0) -> bytes:
    return b"Subject: %d\r\n\r\n" % number + b"x" * size


def load(server: Dovecot, user: str, count: int = 3) -> None:
    server.load(user, [Record(message(number)) for number in range(1, count + 1)])


def alter(server: Dovecot, user: str, uids: str, flags: str) -> None:
    with server.client(user) as client:
        sure(client.select())
        sure(client.uid("STORE", uids, flags))
        if "Deleted" in flags:
            sure(client.expunge())


def listed(source: Source, folder: OpenFolder) -> list[SourceMessage]:
    return sorted(source.messages(folder, source.uids(folder)), key=lambda m: m.uid)


def bytes_of(source: Source, folder: OpenFolder, messages: list[SourceMessage]) -> dict[int, bytes | None]:
    found: dict[int, bytes | None] = {}
    for fetched in source.fetch(folder, messages):
        assert fetched.failure is None
        found[fetched.uid] = None if fetched.body is None else fetched.body.read()
        if fetched.body is not None:
            fetched.body.close()
    return found


# --- against a real server ----------------------------------------------------------------------------------------


def test_a_mailbox_is_read_as_it_is(server: Dovecot, opened: Open, user: str) -> None:
    sep = server.separator
    server.load(
        user,
        [
            Record(message(1), flags=frozenset({"\\Seen", "$Forwarded", "007", "NIL"})),
            Record(b"no header", received=datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)),
            Record(message(3), server.wire("Projects", "Entw&APw-rfe")),
        ],
    )
    source: Source = opened(server, user)
    source.connect()
    folders = {str(folder.path): folder for folder in source.folders()}
    assert sorted(folders) == ["Drafts", "INBOX", "Projects", "Projects/Entwürfe", "Sent", "Trash"]
    assert folders["Sent"].role is Role.SENT
    deep = folders["Projects/Entwürfe"]
    assert deep.name == f"{server.prefix}Projects{sep}Entw&APw-rfe".encode()
    inbox = source.examine(folders["INBOX"])
    assert (inbox.exists, inbox.uidnext) == (2, 3)
    assert inbox.highestmodseq
    assert source.uids(inbox) == [1, 2]
    first, second = listed(source, inbox)
    assert first.flags == Flags({"\\Seen", "$Forwarded", "007", "NIL"})
    assert (first.uid, first.size, first.received) == (1, len(message(1)), WHEN)
    assert second.received == datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert bytes_of(source, inbox, [second, first]) == {2: b"no header", 1: message(1)}
    opened_deep = source.examine(deep)
    assert bytes_of(source, opened_deep, listed(source, opened_deep)) == {1: message(3)}
    assert bytes_of(source, inbox, [first]) == {1: message(1)}  # the first folder is opened again by itself


def test_reading_changes_nothing(dovecot: Dovecot, opened: Open, user: str) -> None:
    with dovecot.client(user) as client:
        for number in range(3):
            sure(append(client, Record(message(number))))
    before = dovecot.read(user)
    source = opened(dovecot, user)
    inbox = source.examine(INBOX)
    bytes_of(source, inbox, listed(source, inbox))
    list(source.flags(inbox, None))
    source.close()
    assert dovecot.read(user) == before
    with dovecot.client(user) as client:
        assert sure(client.select())
        assert client.recent()[1] == [b"3"]  # nobody has seen them yet


def test_every_real_message_comes_byte_for_byte(dovecot: Dovecot, opened: Open, user: str, corpus: list[bytes]) -> None:
    dovecot.load(user, [Record(data) for data in corpus if data])
    source = opened(dovecot, user)
    inbox = source.examine(INBOX)
    messages = listed(source, inbox)
    found = bytes_of(source, inbox, list(reversed(messages)))
    assert list(found) == [m.uid for m in reversed(messages)]
    assert found == {record.uid: record.data for record in dovecot.read(user)}


@pytest.mark.parametrize("size", [(8 << 20) + 1, 12 << 20, (12 << 20) + 1])
def test_a_large_message_goes_through_a_file(
    dovecot: Dovecot, opened: Open, user: str, tmp_path: Path, size: int
) -> None:
    large = message(1, size - len(message(1)))
    dovecot.load(user, [Record(large), Record(message(2))])
    source = opened(dovecot, user)
    inbox = source.examine(INBOX)
    first, second = source.fetch(inbox, listed(source, inbox))
    assert first.body is not None
    assert second.body is not None
    assert (first.body.in_memory, first.body.size, second.body.in_memory) == (False, size, True)
    assert first.body.read() == large
    assert list(tmp_path.iterdir()) == []  # it has no name
    first.body.close()


def test_flags_all_and_changed(server: Dovecot, opened: Open, user: str) -> None:
    load(server, user)
    source = opened(server, user)
    inbox = source.examine(INBOX)
    assert dict(source.flags(inbox, None)) == {1: Flags(), 2: Flags(), 3: Flags()}
    assert dict(source.flags(inbox, inbox.highestmodseq)) == {}
    alter(server, user, "2", "+FLAGS (\\Flagged 12)")
    again = source.examine(INBOX)
    assert again.highestmodseq is not None
    assert inbox.highestmodseq is not None
    assert again.highestmodseq > inbox.highestmodseq
    assert dict(source.flags(again, inbox.highestmodseq)) == {2: Flags({"\\Flagged", "12"})}
    assert dict(source.flags(again, None)) == {1: Flags(), 2: Flags({"\\Flagged", "12"}), 3: Flags()}


def test_a_modseq_from_the_future_means_all_flags(dovecot: Dovecot, opened: Open, user: str) -> None:
    load(dovecot, user)
    source = opened(dovecot, user)
    inbox = source.examine(INBOX)
    assert inbox.highestmodseq is not None
    assert len(dict(source.flags(inbox, inbox.highestmodseq + 1000))) == 3


def test_without_condstore_all_flags_are_compared(
    make_dovecot: Callable[..., Dovecot], opened: Open, user: str
) -> None:
    server = make_dovecot(without=("CONDSTORE", "QRESYNC"))
    load(server, user)
    source = opened(server, user)
    inbox = source.examine(INBOX)
    assert inbox.highestmodseq is None
    assert len(dict(source.flags(inbox, 1))) == 3


def test_an_empty_folder_is_empty(dovecot: Dovecot, opened: Open, user: str) -> None:
    source = opened(dovecot, user)
    inbox = source.examine(INBOX)
    assert (inbox.exists, source.uids(inbox), list(source.messages(inbox, []))) == (0, [], [])
    assert list(source.flags(inbox, None)) == list(source.flags(inbox, inbox.highestmodseq)) == []
    assert list(source.fetch(inbox, [])) == []


def test_what_was_deleted_meanwhile_has_vanished(dovecot: Dovecot, opened: Open, user: str) -> None:
    load(dovecot, user, 4)
    source = opened(dovecot, user)
    inbox = source.examine(INBOX)
    messages = listed(source, inbox)
    alter(dovecot, user, "2,3", "+FLAGS (\\Deleted)")
    assert bytes_of(source, inbox, messages) == {1: message(1), 2: None, 3: None, 4: message(4)}
    assert source.uids(inbox) == [1, 4]
    assert [m.uid for m in source.messages(inbox, [1, 2, 3, 4])] == [1, 4]
    assert sorted(dict(source.flags(inbox, None))) == [1, 4]


def test_a_folder_that_is_gone_has_changed(server: Dovecot, opened: Open, user: str) -> None:
    gone = SourceFolder(FolderPath.of("gone"), server.wire("gone").encode())
    source = opened(server, user)
    with pytest.raises(FolderChangedError):
        source.examine(gone)
    source.connect()
    assert source.examine(INBOX).exists == 0


def test_a_folder_made_anew_has_changed(dovecot: Dovecot, opened: Open, user: str) -> None:
    name = dovecot.wire("box")
    dovecot.load(user, [Record(message(1), name)])
    source = opened(dovecot, user)
    box = source.examine(SourceFolder(FolderPath.of("box"), name.encode()))
    assert len(source.uids(box)) == 1
    source.examine(INBOX)
    with dovecot.client(user) as client:
        sure(client.delete(quoted(name)))
        sure(client.create(quoted(name)))
    with pytest.raises(FolderChangedError, match="UIDVALIDITY"):
        source.uids(box)
    with dovecot.client(user) as client:
        sure(client.delete(quoted(name)))
    source.examine(INBOX)
    for call in (
        lambda: source.uids(box),
        lambda: list(source.messages(box, [1])),
        lambda: list(source.flags(box, None)),
        lambda: list(source.fetch(box, [SourceMessage(1, 5, None, Flags())])),
    ):
        with pytest.raises(FolderChangedError, match="is gone"):
            call()


def test_a_folder_deleted_while_it_is_open_has_changed(dovecot: Dovecot, opened: Open, user: str) -> None:
    name = dovecot.wire("open")
    dovecot.load(user, [Record(message(1), name)])
    source = opened(dovecot, user)
    folder = source.examine(SourceFolder(FolderPath.of("open"), name.encode()))
    with dovecot.client(user) as client:
        sure(client.delete(quoted(name)))
    with pytest.raises(FolderChangedError, match="is gone"):  # Dovecot hangs up; the new connection finds out why
        bytes_of(source, folder, [SourceMessage(1, len(message(1)), None, Flags())])


def test_after_a_lost_connection_the_next_call_goes_on(dovecot: Dovecot, opened: Open, user: str) -> None:
    load(dovecot, user)
    source = opened(dovecot, user)
    inbox = source.examine(INBOX)
    for call in (
        lambda: source.uids(inbox),
        lambda: listed(source, inbox),
        lambda: dict(source.flags(inbox, None)),
    ):
        cut(source)
        with pytest.raises(EndpointError) as caught:
            call()
        assert caught.value.failure.action is Action.RETRY
        assert len(call()) == 3


def test_fetching_goes_on_over_a_new_connection(dovecot: Dovecot, opened: Open, user: str) -> None:
    load(dovecot, user)
    source = opened(dovecot, user)
    inbox = source.examine(INBOX)
    messages = listed(source, inbox)
    cut(source)
    assert bytes_of(source, inbox, messages) == {uid: message(uid) for uid in (1, 2, 3)}


def cut(source: ImapSource) -> None:
    source._connection._client.socket().shutdown(socket.SHUT_RDWR)


def test_a_restarted_server_is_found_again(make_dovecot: Callable[..., Dovecot], opened: Open, user: str) -> None:
    server = make_dovecot(fsync="optimized")
    load(server, user)
    source = opened(server, user)
    inbox = source.examine(INBOX)
    server.stop()
    source._connection.drop()  # the process that served us may linger
    for _ in range(2):
        with pytest.raises(EndpointError) as caught:
            source.uids(inbox)
        assert (caught.value.failure.action, caught.value.failure.code) == (Action.RETRY, "REFUSED")
    server.start()
    assert source.uids(inbox) == [1, 2, 3]


def test_a_root_in_a_shared_tree(dovecot: Dovecot, opened: Open, user: str) -> None:
    dovecot.load(user, [Record(message(1), "users/ann"), Record(message(2), "users/ann/Sent")])
    source = opened(dovecot, user, root="/users/ann")
    assert [(str(f.path), f.role) for f in source.folders()] == [("INBOX", Role.INBOX), ("Sent", Role.SENT)]
    inbox = source.examine(source.folders()[0])
    assert bytes_of(source, inbox, listed(source, inbox)) == {1: message(1)}


def test_a_server_of_another_make(pymap: Pymap, opened: Open) -> None:
    records = [
        Record(message(1), "Reading", flags=frozenset({"\\Seen"})),
        Record(message(2, 9 << 20), "Reading"),
        Record(message(3), "Reading 2"),
    ]
    pymap.load(records)
    source = opened(pymap, pymap.user, pymap.password)
    folders = {str(folder.path): folder for folder in source.folders()}
    assert folders["INBOX"].role is Role.INBOX
    reading, other = source.examine(folders["Reading"]), source.examine(folders["Reading 2"])
    assert (reading.highestmodseq, reading.exists, other.exists) == (None, 2, 1)
    first, second = listed(source, reading)
    assert (first.flags, first.received, second.flags) == (Flags({"\\Seen"}), WHEN, Flags())
    assert list(bytes_of(source, reading, [second, first]).values()) == [records[1].data, records[0].data]
    assert [flags for _, flags in source.flags(reading, None)] == [Flags({"\\Seen"}), Flags()]
    assert list(bytes_of(source, other, listed(source, other)).values()) == [records[2].data]


# --- lies that no real server tells -------------------------------------------------------------------------------


def examined(exists: int = 3, uidvalidity: int = 7) -> bytes:
    codes = b"* OK [UIDVALIDITY %d] ok\r\n* OK [UIDNEXT 99] ok\r\n" % uidvalidity
    return b"* %d EXISTS\r\n%bTAG OK [READ-ONLY] done\r\n" % (exists, codes)


def told(**script: Answer | list[Answer]) -> Scripted:
    return Scripted({name.replace("_", " "): said for name, said in script.items()})


SEARCH = b"* SEARCH 1 2 3\r\nTAG OK done\r\n"


@pytest.mark.parametrize(
    "said", [b"TAG OK done\r\n", b"* SEARCH\r\nTAG OK done\r\n", b"* SEARCH 2 2 1\r\nTAG OK x\r\n"]
)
def test_a_list_shorter_than_exists_is_an_error(opened: Open, said: bytes) -> None:
    with told(UID_SEARCH=said) as server:
        source = opened(server)
        inbox = source.examine(INBOX)
        with pytest.raises(EndpointError, match="holds 3 messages and lists") as caught:
            source.uids(inbox)
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.RETRY, "SHORT-LIST")
    assert (server.count("UID SEARCH"), server.count("EXAMINE")) == (3, 3)


def test_a_list_that_was_short_once_is_read_again(opened: Open) -> None:
    with told(UID_SEARCH=[b"* SEARCH 1\r\nTAG OK x\r\n", SEARCH]) as server:
        source = opened(server)
        assert source.uids(source.examine(INBOX)) == [1, 2, 3]


def test_a_list_is_compared_with_what_is_there_now(opened: Open) -> None:
    shrunk = b"* SEARCH 1 3\r\nTAG OK x\r\n"
    with told(UID_SEARCH=shrunk, NOOP=b"* 2 EXPUNGE\r\nTAG OK x\r\n") as server:
        source = opened(server)
        assert source.uids(source.examine(INBOX)) == [1, 3]
    grown = b"* SEARCH 1 2 3\r\n* 9 EXISTS\r\nTAG OK x\r\n"  # they came after the answer
    with told(UID_SEARCH=grown) as server:
        source = opened(server)
        assert source.uids(source.examine(INBOX)) == [1, 2, 3]
        assert server.count("UID SEARCH") == 1


def test_the_uids_of_a_very_large_folder_are_one_long_line(opened: Open) -> None:
    uids = list(range(100_000, 260_000))
    line = b"* SEARCH " + b" ".join(b"%d" % uid for uid in uids) + b"\r\nTAG OK x\r\n"
    with told(UID_SEARCH=line, EXAMINE=examined(len(uids))) as server:
        source = opened(server)
        assert source.uids(source.examine(INBOX)) == uids


def test_a_connection_that_ends_within_a_message_loses_nothing(opened: Open) -> None:
    def given(uid: int) -> bytes:
        return b"* %d FETCH (UID %d BODY[] {4}\r\nm\r\n%d)\r\n" % (uid, uid, uid)

    answers: list[Answer] = [
        given(1) + b"* 2 FETCH (UID 2 BODY[] {4}\r\nm\rCLOSE",
        given(2) + b"TAG OK x\r\n",  # alone, over the second connection
        given(3) + b"TAG OK x\r\n",
    ]
    with told(UID_FETCH=answers) as server:
        source = opened(server)
        inbox = source.examine(INBOX)
        messages = [SourceMessage(uid, 4, None, Flags()) for uid in (3, 2, 1)]
        assert bytes_of(source, inbox, messages) == {3: b"m\r\n3", 2: b"m\r\n2", 1: b"m\r\n1"}
    assert [said.split()[2] for said in server.seen if said.startswith("UID FETCH")] == ["1:3", "2", "3"]
    assert server.connections == 2


def test_flags_of_sequence_numbers_confuse_nothing(opened: Open) -> None:
    said = (
        b"* 2 FETCH (FLAGS (\\Deleted))\r\n* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 1 FETCH (FLAGS (wrong))\r\n"
        b"* 2 FETCH (FLAGS (12 NIL) UID 2 MODSEQ (9))\r\n* 3 FETCH (UID 3 FLAGS ())\r\n"
        b"* 3 FETCH (FLAGS (\\Deleted))\r\n"
        b"TAG OK x\r\n"
    )
    with told(UID_SEARCH=SEARCH, UID_FETCH=said) as server:
        source = opened(server)
        assert dict(source.flags(source.examine(INBOX), None)) == {
            1: Flags({"\\Seen"}),
            2: Flags({"12", "NIL"}),
            3: Flags(),
        }


def test_flags_that_are_left_out_are_an_error_while_the_message_is_there(opened: Open) -> None:
    two = b"* 1 FETCH (UID 1 FLAGS ())\r\n* 3 FETCH (UID 3 FLAGS ())\r\nTAG OK x\r\n"
    with told(UID_SEARCH=[SEARCH, b"* SEARCH 2\r\nTAG OK x\r\n"], UID_FETCH=two) as server:
        source = opened(server)
        with pytest.raises(EndpointError) as caught:
            list(source.flags(source.examine(INBOX), None))
    assert caught.value.failure.code == "SHORT-LIST"
    with told(UID_SEARCH=[SEARCH, b"* SEARCH\r\nTAG OK x\r\n"], UID_FETCH=two) as server:
        source = opened(server)
        assert sorted(dict(source.flags(source.examine(INBOX), None))) == [1, 3]


def test_changedsince_that_is_refused_means_all_flags(opened: Open) -> None:
    offers = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN CONDSTORE\r\nTAG OK x\r\n"
    examine = examined(1).replace(b"TAG", b"* OK [HIGHESTMODSEQ 50] ok\r\nTAG")
    all_flags = b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\nTAG OK x\r\n"
    with told(
        CAPABILITY=offers,
        EXAMINE=[b"TAG BAD what\r\n", examine],
        UID_SEARCH=b"* SEARCH 1\r\nTAG OK x\r\n",
        UID_FETCH=[b"TAG BAD what\r\n", all_flags],
    ) as server:
        source = opened(server)
        inbox = source.examine(INBOX)
        assert inbox.highestmodseq == 50
        assert dict(source.flags(inbox, 40)) == {1: Flags({"\\Seen"})}
    assert [said for said in server.seen if "INBOX" in said] == [
        'EXAMINE "INBOX" (CONDSTORE)',
        'EXAMINE "INBOX"',
    ]


def test_what_cannot_be_described_is_listed_nevertheless(opened: Open) -> None:
    def describe(command: str) -> bytes:
        if "2" in command.split()[2]:
            return b"TAG NO Some messages could not be FETCHed\r\n"
        uid = int(command.split()[2])
        return b'* %d FETCH (UID %d FLAGS () INTERNALDATE "never" RFC822.SIZE 9)\r\nTAG OK x\r\n' % (uid, uid)

    with told(UID_SEARCH=SEARCH, UID_FETCH=lambda c: describe(c) if ":" not in c else b"TAG NO no\r\n") as server:
        source = opened(server)
        inbox = source.examine(INBOX)
        assert listed(source, inbox) == [
            SourceMessage(1, 9, None, Flags()),
            SourceMessage(2, 0, None, Flags()),
            SourceMessage(3, 9, None, Flags()),
        ]


def test_what_is_left_out_is_listed_while_the_server_finds_it(opened: Open) -> None:
    one = b"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 9)\r\n* 7 FETCH (UID 8 FLAGS () RFC822.SIZE 9)\r\nTAG OK x\r\n"
    with told(UID_SEARCH=[SEARCH, b"* SEARCH 3\r\nTAG OK x\r\n"], UID_FETCH=one) as server:
        source = opened(server)
        inbox = source.examine(INBOX)
        assert [(m.uid, m.size) for m in listed(source, inbox)] == [(1, 9), (3, 0)]  # 2 is gone


def test_a_folder_without_uidvalidity_cannot_be_migrated(opened: Open) -> None:
    with told(EXAMINE=b"* 3 EXISTS\r\nTAG OK x\r\n") as server, pytest.raises(EndpointError) as caught:
        opened(server).examine(INBOX)
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.STOP_MAILBOX, "UIDVALIDITY")


def test_a_refused_folder_that_is_there_is_not_gone(opened: Open) -> None:
    there = b'* LIST () "/" INBOX\r\nTAG OK x\r\n'
    broken = told(EXAMINE=b"TAG NO index is broken\r\n", LIST=there)
    with broken as server, pytest.raises(EndpointError, match="index is broken"):
        opened(server).examine(INBOX)
    with told(EXAMINE=b"TAG NO what is that\r\n") as server, pytest.raises(FolderChangedError):
        opened(server).examine(INBOX)
    with told(EXAMINE=b"TAG NO [UNAVAILABLE] later\r\n") as server, pytest.raises(EndpointError) as caught:
        opened(server).examine(INBOX)
    assert caught.value.failure.action is Action.WAIT
    assert server.count("LIST") == 0


def test_a_name_of_any_bytes_is_opened_as_it_was_listed(opened: Open) -> None:
    with told(LIST=b'* LIST () "/" "M\xfcll"\r\nTAG OK x\r\n') as server:
        source = opened(server)
        (folder,) = source.folders()
        assert str(folder.path) == "Müll"
        source.examine(folder)
    assert "EXAMINE {4}\r\nM\udcfcll" in server.seen


def test_uidvalidity_that_changed_during_a_lost_connection(opened: Open) -> None:
    with told(EXAMINE=[examined(), examined(uidvalidity=8)], UID_SEARCH=[b"* BYE bye\r\nCLOSE", SEARCH]) as server:
        source = opened(server)
        inbox = source.examine(INBOX)
        with pytest.raises(EndpointError):
            source.uids(inbox)
        with pytest.raises(FolderChangedError, match="was 7, is 8"):
            source.uids(inbox)


def test_what_fails_in_a_folder_names_it_and_what_fails_before_does_not(opened: Open) -> None:
    refused = b"TAG NO the index is broken\r\n"
    calls: list[Callable[[ImapSource, OpenFolder], object]] = [
        lambda source, inbox: source.uids(inbox),
        lambda source, inbox: list(source.messages(inbox, range(1, 30))),
        lambda source, inbox: list(source.flags(inbox, None)),
        lambda source, inbox: list(source.fetch(inbox, [SourceMessage(uid, 5, None, Flags()) for uid in range(1, 30)])),
    ]
    with told(UID_SEARCH=refused, UID_FETCH=refused) as server:
        source = opened(server)
        inbox = source.examine(INBOX)
        for call in calls:
            with pytest.raises(EndpointError, match=r"^folder INBOX: .*the index is broken") as caught:
                call(source, inbox)
            assert caught.value.failure.where == "folder INBOX"
    for call in calls:  # the server is gone
        source._connection.drop()
        with pytest.raises(EndpointError, match=r"^nothing answers at this host and port"):
            call(source, inbox)


def test_uidvalidity_that_changes_in_the_middle_of_a_session(opened: Open) -> None:
    anew = b"* OK [UIDVALIDITY 8] all new\r\n* SEARCH 1 2 3\r\nTAG OK done\r\n"
    with told(UID_SEARCH=anew) as server:
        source = opened(server)
        inbox = source.examine(INBOX)
        with pytest.raises(FolderChangedError, match="INBOX: UIDVALIDITY was 7, is another"):
            source.uids(inbox)
        assert source.examine(INBOX).uidvalidity == 7  # opened anew


def test_what_the_server_wants_people_to_read_is_kept_until_it_is_asked_for(opened: Open) -> None:
    alerts = b"".join(b"* OK [ALERT] number %d\x1b[2J\r\n" % (number % 30) for number in range(60))
    with told(NOOP=alerts + b"TAG OK x\r\n") as server:
        source = opened(server)
        assert source.heard() == []
        source._connection.run(b"NOOP")
        source._connection.drop()
        assert source.heard() == [f"number {number}\u241b[2J" for number in range(20)]
        assert source.heard() == []
