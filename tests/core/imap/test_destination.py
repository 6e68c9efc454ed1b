"""The IMAP destination against real Dovecots, and against a scripted server for what none does on demand."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.imap.connection import Address, Connection, SignIn, Timeouts
from core.imap.destination import ImapDestination
from core.mail.body import Body
from core.mail.fingerprint import canonical, folded
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder, Doubt, Outgoing, Written
from core.ports.failure import Action, EndpointError, Side
from core.secret import Secret
from tests.servers.dovecot import Dovecot
from tests.servers.mail import WHEN, Record, append, quoted, sure
from tests.servers.proxy import CutError, Proxy
from tests.servers.pymap import Pymap
from tests.servers.scripted import Answer, Scripted

Open = Callable[..., ImapDestination]
COMMANDS = b"Subject: commands\r\n\r\nx1 NOOP\r\nx2 DELETE Sent\r\nx3 APPEND INBOX {3+}\r\nabc\r\nx4 LOGOUT\r\n"
INBOX = DestinationFolder(FolderPath.of("INBOX"), "INBOX", Role.INBOX)


@pytest.fixture
def opened() -> Iterator[Open]:
    made: list[ImapDestination] = []

    def make(port: int, user: str = "ann", password: str = "secret") -> ImapDestination:
        sign_in = SignIn(user, lambda: Secret(password))
        address = Address("127.0.0.1", port, "none")
        made.append(ImapDestination(Connection(address, sign_in, Side.DESTINATION, Timeouts(5, 20))))
        return made[-1]

    yield make
    for destination in made:
        destination.close()


@pytest.fixture
def proxy(dovecot: Dovecot) -> Iterator[Proxy]:
    with Proxy(dovecot.port) as between:
        yield between


def outgoing(*messages: bytes, flags: Sequence[str] = (), received: datetime | None = WHEN) -> list[Outgoing]:
    return [
        Outgoing(f"1:a:b:7:{uid}", Body.of(message), Flags.of(flags), received) for uid, message in enumerate(messages)
    ]


def doubts(batch: Sequence[Outgoing], mark: str) -> list[Doubt]:
    return [Doubt(one.token, mark, one.received, folded(one.body), one.body.size) for one in batch]


def mails(count: int) -> list[bytes]:
    return [
        b"Message-ID: <%d@example.org>\r\nSubject: %d\r\n\r\ntext\r\n" % (number, number) for number in range(count)
    ]


def said(written: Sequence[Written]) -> list[tuple[Action, bool] | None]:
    return [None if one.failure is None else (one.failure.action, one.failure.in_doubt) for one in written]


def commands(sent: bytearray, verb: bytes) -> list[bytes]:
    return re.findall(rb"(?m)^C\d+ (%b[^\r]*)\r\n" % verb, sent)


# --- byte for byte ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"separator": ".", "prefix": "INBOX."},
        {"without": ("LITERAL+", "UIDPLUS", "MULTIAPPEND")},
        {"without": ("LITERAL+",), "offers": ("LITERAL-",)},
    ],
    ids=["slash", "dot", "plain", "literal-minus"],
)
def test_the_corpus_arrives_as_a_plain_append_would_leave_it(
    shape: dict[str, object], make_dovecot: Callable[..., Dovecot], opened: Open, user: str, corpus: list[bytes]
) -> None:
    server = make_dovecot(**shape)
    messages = [*corpus, COMMANDS, b"bare\nline\rends", b"\r\n"]
    destination = opened(server.port, user)
    folder = destination.create_folder(FolderPath.of("Größe", "a"), None)
    batch = outgoing(*messages, flags=["\\Seen", "Kunde"])
    written: list[Written] = []
    for start in range(0, len(batch), 250):
        written += destination.write(folder, batch[start : start + 250])
    plain = f"{user}-plain"
    with server.client(plain) as client:
        sure(client.select())
        expected = [append(client, Record(message, flags=frozenset({"\\Seen", "Kunde"})))[0] for message in messages]
    assert ["OK" if one.failure is None else "NO" for one in written] == expected
    assert [(r.data, r.flags, r.received) for r in server.read(user)] == [
        (r.data, r.flags, r.received) for r in server.read(plain)
    ]
    assert expected.count("OK") >= len(corpus)


def test_pymap_takes_the_corpus_too(pymap: Pymap, opened: Open, corpus: list[bytes]) -> None:
    messages = [message for message in corpus[:40] if message]
    destination = opened(pymap.port, pymap.user, pymap.password)
    destination.connect()
    folder = destination.create_folder(FolderPath.of("Corpus"), None)
    mark = destination.mark(folder)
    batch = outgoing(*messages, flags=["\\Seen", "$Forwarded"])
    assert said(destination.write(folder, batch)) == [None] * len(batch)
    stored = [record for record in pymap.read() if record.folder == "Corpus"]
    assert [(r.data, r.received) for r in stored] == [(message, WHEN) for message in messages]
    assert len(destination.look_up(folder, doubts(batch, mark), frozenset())) == len(batch)


def test_a_message_above_the_spool_limit(dovecot: Dovecot, opened: Open, user: str, tmp_path: Path) -> None:
    data = b"Subject: large\r\n\r\n" + b"0123456789abcde\r\n" * 550_000  # 9 MB
    path = tmp_path / "large"
    path.write_bytes(data)
    destination = opened(dovecot.port, user)
    mark = destination.mark(INBOX)
    body = Body.spooled(path.open("rb"), len(data))
    batch = [Outgoing("large", body, Flags(), WHEN), *outgoing(b"Subject: small\r\n\r\n")]
    written = destination.write(INBOX, batch)
    assert said(written) == [None, None]
    assert dovecot.read(user)[0].data == data
    found = destination.look_up(INBOX, doubts(batch, mark), frozenset())
    assert found == {one.token: one.item for one in written}
    assert next(destination.present(INBOX)).canonical == canonical(data)
    body.close()


# --- flags ------------------------------------------------------------------------------------------------------------


def test_flags_that_a_server_could_call_bad_never_reach_the_wire(
    dovecot: Dovecot, proxy: Proxy, opened: Open, user: str
) -> None:
    odd = ["Müller", "\\Nonsense", "par(en", "br]acket", "sp ace", "st*r", 'qu"ote', "back\\slash", "nul\0", "ctl\x7f"]
    destination = opened(proxy.port, user)
    (written,) = destination.write(INBOX, outgoing(COMMANDS, flags=["\\Seen", "Kunde", "{3}", *odd]))
    assert written.failure is None
    assert set(written.dropped) == {*odd, "{3}"}
    (command,) = commands(proxy.sent, b"APPEND")
    assert b"(Kunde \\Seen)" in command
    for word in odd:
        assert word.encode() not in proxy.sent.replace(COMMANDS, b"")
    assert [record.flags for record in dovecot.read(user)] == [{"\\Seen", "Kunde"}]


def test_a_keyword_that_the_server_refuses_is_dropped_beforehand(
    dovecot: Dovecot, proxy: Proxy, opened: Open, user: str
) -> None:
    long = "k" * 300  # above mail_max_keyword_length
    destination = opened(proxy.port, user)
    for _ in range(2):
        written = destination.write(INBOX, outgoing(*mails(3), flags=["Kunde", long]))
        assert [(one.failure, one.dropped) for one in written] == [(None, (long,))] * 3
    assert [record.flags for record in dovecot.read(user)] == [{"Kunde"}] * 6
    # Each keyword was tried once, and once whether trying tells anything.
    assert len(commands(proxy.sent, b"UID STORE 4294967295")) == 3


def test_a_server_that_lists_no_new_keywords_gets_none(opened: Open) -> None:
    select = b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [PERMANENTFLAGS (\\Seen $Forwarded)] p\r\nTAG OK done\r\n"
    with Scripted({"SELECT": select, "APPEND": b"TAG OK [APPENDUID 7 1] done\r\n"}) as server:
        destination = opened(server.port)
        (written,) = destination.write(INBOX, outgoing(b"a", flags=["\\Seen", "\\Flagged", "$forwarded", "Kunde"]))
        assert written == Written("1:a:b:7:0", "7:1", dropped=("Kunde", "\\Flagged"))
        assert server.count("UID STORE") == 0


def test_where_a_keyword_cannot_be_tried_the_message_waits_for_the_go_ahead(opened: Open) -> None:
    script = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 LITERAL+\r\nTAG OK done\r\n",
        "SELECT": b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] p\r\nTAG OK done\r\n",
        "UID STORE": b"TAG BAD no such message\r\n",
        "APPEND": b"TAG OK done\r\n",
    }
    with Scripted(script) as server:
        destination = opened(server.port)
        assert said(destination.write(INBOX, outgoing(b"a", flags=["Kunde"]))) == [None]
        assert said(destination.write(INBOX, outgoing(b"a", flags=["\\Seen"]))) == [None]
        appends = [command.split("\r\n")[0] for command in server.seen if command.startswith("APPEND")]
        assert [command[-5:].split(" ")[1] for command in appends] == ["{1}", "{1+}"]


def test_flags_that_cannot_be_changed_are_named(opened: Open) -> None:
    select = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\nTAG OK done\r\n"
    answers = [b"TAG NO [CANNOT] not that one\r\n", b"TAG OK done\r\n"]
    with Scripted({"SELECT": select, "UID STORE": answers, "UID FETCH": b"TAG OK done\r\n"}) as server:
        destination = opened(server.port)
        left = destination.change_flags(INBOX, "7:1", Flags.of(["\\Flagged"]), Flags.of(["\\Seen"]))
        assert left == ("\\Flagged",)
        assert server.seen[-2:] == [
            "UID STORE 1 +FLAGS.SILENT (\\Flagged)",
            "UID STORE 1 -FLAGS.SILENT (\\Seen)",
        ]
        assert destination.change_flags(INBOX, "8:1", Flags.of(["\\Flagged"]), Flags()) == ()
        assert server.count("UID STORE") == 2


# --- refusals and lost links ------------------------------------------------------------------------------------------


def test_a_refused_message_is_named_and_the_others_go_on(dovecot: Dovecot, opened: Open, user: str) -> None:
    destination = opened(dovecot.port, user)
    first, empty, last = destination.write(INBOX, outgoing(b"Subject: 1\r\n\r\n", b"", b"Subject: 2\r\n\r\n"))
    assert said([first, empty, last]) == [None, (Action.REJECT, False), None]
    assert empty.failure is not None
    assert "zero byte" in empty.failure.said
    assert len(dovecot.read(user)) == 2


def test_a_full_mailbox_stops_it(make_dovecot: Callable[..., Dovecot], opened: Open, user: str) -> None:
    server = make_dovecot(quota="4k")
    destination = opened(server.port, user)
    big = b"Subject: big\r\n\r\n" + b"x" * 5000
    first, full, last = destination.write(INBOX, outgoing(b"Subject: 1\r\n\r\n", big, b"Subject: 2\r\n\r\n"))
    assert said([first, full, last]) == [None, (Action.STOP_MAILBOX, False), None]
    assert full.failure is not None
    assert full.failure.quota


def test_a_server_tells_how_large_a_message_may_be(make_dovecot: Callable[..., Dovecot], opened: Open) -> None:
    destination = opened(make_dovecot(offers=("APPENDLIMIT=1000",)).port)
    before = destination.limits
    destination.connect()
    assert (before.max_message, destination.limits.max_message) == (None, 1000)
    capability = b"* CAPABILITY IMAP4rev1 APPENDLIMIT\r\nTAG OK done\r\n"
    status = b"* STATUS INBOX (APPENDLIMIT 2000)\r\nTAG OK done\r\n"
    with Scripted({"CAPABILITY": capability, "STATUS": status}) as server:
        destination = opened(server.port)
        destination.connect()
        assert destination.limits.max_message == 2000


def test_a_mailbox_that_may_only_be_read_stops_at_once(opened: Open) -> None:
    with Scripted({"SELECT": b"* 0 EXISTS\r\nTAG OK [READ-ONLY] done\r\n"}) as server:
        with pytest.raises(EndpointError, match="may only be read") as caught:
            opened(server.port).connect()
        assert caught.value.failure.action is Action.STOP_MAILBOX


def test_a_lost_answer_puts_the_batch_in_doubt_and_a_look_up_settles_it(
    dovecot: Dovecot, proxy: Proxy, opened: Open, user: str
) -> None:
    destination = opened(proxy.port, user)
    mark = destination.mark(INBOX)
    answers = 0

    def on_line(line: bytes) -> bytes:
        nonlocal answers
        answers += b"APPENDUID" in line
        if answers == 3:
            raise CutError
        return line

    proxy.on_line = on_line
    batch = outgoing(*mails(5), b"")
    with pytest.raises(EndpointError) as caught:
        destination.write(INBOX, batch)
    assert (caught.value.failure.action, caught.value.failure.in_doubt) == (Action.RETRY, True)
    proxy.on_line = lambda line: line
    found = destination.look_up(INBOX, doubts(batch, mark), frozenset())
    stored = dovecot.read(user)
    assert len(stored) >= 3
    assert sorted(found) == sorted(one.token for one in batch if one.body.read() in [r.data for r in stored])
    left = [one for one in batch if one.token not in found and one.body.size]
    assert said(destination.write(INBOX, left)) == [None] * len(left)
    assert sorted(record.data for record in dovecot.read(user)) == sorted(mails(5))
    assert proxy.links == 2


def test_a_link_lost_inside_a_message_stores_nothing_of_it(
    dovecot: Dovecot, proxy: Proxy, opened: Open, user: str
) -> None:
    destination = opened(proxy.port, user)
    destination.mark(INBOX)
    large = b"Subject: large\r\n\r\n" + b"x" * 300_000
    through = 0

    def on_data(data: bytes) -> bytes:
        nonlocal through
        through += len(data)
        if through > 150_000:
            raise CutError
        return data

    proxy.on_data = on_data
    with pytest.raises(EndpointError) as caught:
        destination.write(INBOX, outgoing(b"Subject: small\r\n\r\n", large))
    assert caught.value.failure.in_doubt
    proxy.on_data = lambda data: data
    assert large not in [record.data for record in dovecot.read(user)]


def test_nothing_is_in_doubt_when_nothing_was_sent(proxy: Proxy, opened: Open, user: str) -> None:
    destination = opened(proxy.port, user)

    def on_data(data: bytes) -> bytes:
        if b"SELECT" in data:
            raise CutError
        return data

    proxy.on_data = on_data
    with pytest.raises(EndpointError) as caught:
        destination.write(INBOX, outgoing(*mails(1)))
    assert (caught.value.failure.action, caught.value.failure.in_doubt) == (Action.RETRY, False)


_ONE_BY_ONE = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 LITERAL+\r\nTAG OK done\r\n",
    "SELECT": b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\nTAG OK done\r\n",
}


def test_after_a_bad_what_was_sent_behind_it_is_in_doubt_and_the_connection_is_gone(opened: Open) -> None:
    answers = [b"TAG OK [APPENDUID 7 1] done\r\n", b"TAG BAD what is that\r\n", b"TAG OK [APPENDUID 7 2] done\r\n"]
    with Scripted({**_ONE_BY_ONE, "APPEND": answers}) as server:
        destination = opened(server.port)
        batch = outgoing(b"a", b"b", b"c", b"d")
        written = destination.write(INBOX, batch)
        assert said(written) == [None, (Action.REJECT, False), (Action.RETRY, True), (Action.RETRY, True)]
        assert written[1].failure is not None
        assert written[1].failure.said == "what is that"
        assert server.connections == 1
        assert said(destination.write(INBOX, outgoing(b"e"))) == [None]
        assert server.connections == 2


def test_what_had_not_been_sent_when_bad_came_is_not_in_doubt(opened: Open) -> None:
    script = {**_ONE_BY_ONE, "CAPABILITY": b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"}
    with Scripted({**script, "APPEND": b"TAG BAD what is that\r\n"}) as server:
        written = opened(server.port).write(INBOX, outgoing(b"a", b"b", b"c"))
        assert said(written) == [(Action.REJECT, False), (Action.RETRY, False), (Action.RETRY, False)]
        assert server.count("APPEND") == 1


def test_a_throttle_is_a_wait_and_no_rejection(opened: Open) -> None:
    bad = b"TAG BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\nCLOSE"
    with Scripted({**_ONE_BY_ONE, "APPEND": bad}) as server:
        first, second = opened(server.port).write(INBOX, outgoing(b"a", b"b"))
        assert first.failure is not None
        assert (first.failure.action, first.failure.seconds, first.failure.in_doubt) == (Action.WAIT, 299.961, False)
        assert said([second]) == [(Action.RETRY, True)]


def test_a_folder_that_vanished_is_tried_again_elsewhere(dovecot: Dovecot, opened: Open, user: str) -> None:
    destination = opened(dovecot.port, user)
    folder = destination.create_folder(FolderPath.of("Gone"), None)
    mark = destination.mark(folder)
    (written,) = destination.write(folder, outgoing(*mails(1)))
    destination.close()
    with dovecot.client(user) as client:
        sure(client.delete("Gone"))
    assert destination.look_up(folder, doubts(outgoing(*mails(1)), mark), frozenset()) == {}
    assert destination.shown(folder, [written.item or ""]) == {}
    assert list(destination.present(folder)) == []
    with pytest.raises(EndpointError) as caught:
        destination.write(folder, outgoing(*mails(1)))
    assert (caught.value.failure.action, caught.value.failure.in_doubt) == (Action.RETRY, False)
    # Made anew, it knows nothing of what was in it.
    destination.folders()
    anew = destination.create_folder(FolderPath.of("Gone"), None)
    destination.write(anew, outgoing(*mails(1)))
    assert destination.look_up(anew, doubts(outgoing(*mails(1)), mark), frozenset()) == {}
    assert destination.shown(anew, [written.item or ""]) == {}


# --- marks and items --------------------------------------------------------------------------------------------------


def test_a_mark_costs_no_round_trip_between_batches(dovecot: Dovecot, proxy: Proxy, opened: Open, user: str) -> None:
    destination = opened(proxy.port, user)
    marks = [destination.mark(INBOX)]
    for number in range(3):
        destination.write(INBOX, outgoing(*mails(10)))
        marks.append(destination.mark(INBOX))
        assert marks[-1].split(":")[1] == str(11 + 10 * number)
    assert len({mark.split(":")[0] for mark in marks}) == 1
    assert len(commands(proxy.sent, b"SELECT")) == 1
    assert commands(proxy.sent, b"STATUS") == []


def test_without_appenduid_items_are_found_by_looking(dovecot: Dovecot, proxy: Proxy, opened: Open, user: str) -> None:
    proxy.on_line = lambda line: re.sub(rb" \[APPENDUID [^]]*\]", b"", line)
    destination = opened(proxy.port, user)
    mark = destination.mark(INBOX)
    batch = outgoing(*mails(3))
    written = destination.write(INBOX, batch)
    assert [(one.failure, one.item) for one in written] == [(None, None)] * 3
    assert destination.mark(INBOX) == mark.split(":")[0] + ":4"
    found = destination.look_up(INBOX, doubts(batch, mark), frozenset())
    assert [found[one.token].split(":")[1] for one in batch] == ["1", "2", "3"]


def test_a_server_without_uidnext_is_asked_for_the_last_uid(opened: Open) -> None:
    select = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\nTAG OK done\r\n"
    fetch = b'* 2 FETCH (UID 41 INTERNALDATE "05-Mar-2019 06:07:08 +0000")\r\nTAG OK done\r\n'
    with Scripted({"SELECT": select, "UID FETCH": fetch}) as server:
        assert opened(server.port).mark(INBOX) == "7:42"


# --- looking up -------------------------------------------------------------------------------------------------------


def test_dates_that_the_server_does_not_keep_do_not_hide_a_message(dovecot: Dovecot, opened: Open, user: str) -> None:
    destination = opened(dovecot.port, user)
    mark = destination.mark(INBOX)
    soon = datetime.now(UTC) + timedelta(minutes=5)  # a clock that is ahead; Dovecot stores the present
    batch = [
        *outgoing(*mails(1), received=soon),
        *outgoing(*mails(1), received=datetime(1900, 1, 1, tzinfo=UTC)),
        *outgoing(*mails(1), received=None),
        *outgoing(*mails(1), received=WHEN),
    ]
    batch = [Outgoing(str(number), one.body, one.flags, one.received) for number, one in enumerate(batch)]
    written = destination.write(INBOX, batch)
    assert said(written) == [None] * 4
    found = destination.look_up(INBOX, doubts(batch, mark), frozenset())
    assert found["3"] == written[3].item  # who has a date to show gets the one with that date
    assert set(found.values()) == {one.item for one in written}
    assert len(found) == 4


def test_the_same_bytes_of_another_day_are_another_message(dovecot: Dovecot, opened: Open, user: str) -> None:
    destination = opened(dovecot.port, user)
    mark = destination.mark(INBOX)
    destination.write(INBOX, outgoing(*mails(1), received=WHEN))
    other = outgoing(*mails(1), received=WHEN + timedelta(seconds=1))
    assert destination.look_up(INBOX, doubts(other, mark), frozenset()) == {}


def test_a_message_whose_line_ends_the_server_changed_is_found(dovecot: Dovecot, opened: Open, user: str) -> None:
    destination = opened(dovecot.port, user)
    mark = destination.mark(INBOX)
    batch = outgoing(b"Subject: lf\n\nbare\n\nends\n", b"Subject: nul\r\n\r\na\0b\r\n", b"Subject: cr\r\n\r\nx\r")
    written = destination.write(INBOX, batch)
    assert [record.data for record in dovecot.read(user)] != [one.body.read() for one in batch]
    found = destination.look_up(INBOX, doubts(batch, mark), frozenset())
    assert found == {one.token: one.item for one in written}


def test_present_leaves_out_what_is_on_its_way_out(dovecot: Dovecot, opened: Open, user: str) -> None:
    one, two = mails(2)
    dovecot.load(user, [Record(one, flags=frozenset({"\\Deleted"})), Record(two)])
    present = list(opened(dovecot.port, user).present(INBOX))
    assert [found.canonical for found in present] == [canonical(two)]
    assert [record.flags for record in dovecot.read(user)] == [{"\\Deleted"}, frozenset()]


def test_present_goes_on_after_its_reader_turned_elsewhere(dovecot: Dovecot, opened: Open, user: str) -> None:
    messages = mails(250)
    dovecot.load(user, [Record(message) for message in messages])
    destination = opened(dovecot.port, user)
    other = destination.create_folder(FolderPath.of("Other"), None)
    found = []
    for present in destination.present(INBOX):
        found.append(present.canonical)
        if len(found) % 50 == 0:
            destination.mark(other)
    assert found == [canonical(message) for message in messages]


def test_a_message_that_the_server_cannot_read_hides_no_other(opened: Open) -> None:
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
        present = list(opened(server.port).present(INBOX))
    assert [found.item for found in present] == [f"1:{uid}" for uid in range(1, 7)]
    assert present[3].canonical == canonical(b"a04")


# --- moving -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def without_move(make_dovecot: Callable[..., Dovecot]) -> Iterator[Proxy]:
    with Proxy(make_dovecot(without=("MOVE",)).port) as between:
        yield between


def test_without_move_only_that_message_is_expunged(
    make_dovecot: Callable[..., Dovecot], without_move: Proxy, opened: Open, user: str
) -> None:
    server = make_dovecot(without=("MOVE",))
    first, second, third = mails(3)
    server.load(user, [Record(first, flags=frozenset({"\\Deleted"})), Record(third)])
    destination = opened(without_move.port, user)
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
    assert commands(without_move.sent, b"EXPUNGE") == []
    assert len(commands(without_move.sent, b"UID EXPUNGE")) == 1


@pytest.mark.parametrize("lost", [b"COPYUID", b"Store completed", b"Expunge completed"])
def test_a_link_lost_while_copying_makes_no_second_copy(
    lost: bytes, make_dovecot: Callable[..., Dovecot], without_move: Proxy, opened: Open, user: str
) -> None:
    server = make_dovecot(without=("MOVE",))
    destination = opened(without_move.port, user)
    (written,) = destination.write(INBOX, outgoing(*mails(1)))
    there = destination.create_folder(FolderPath.of("There"), None)

    def on_line(line: bytes) -> bytes:
        if lost in line:
            without_move.on_line = lambda line: line
            raise CutError
        return line

    without_move.on_line = on_line
    with pytest.raises(EndpointError) as caught:
        destination.move(written.item or "", INBOX, there)
    assert caught.value.failure.action is Action.RETRY
    moved = destination.move(written.item or "", INBOX, there)
    assert moved is not None
    assert [(record.folder, f":{record.uid}") for record in server.read(user)] == [("There", moved[moved.index(":") :])]


def test_where_its_new_id_could_not_be_known_a_message_stays(
    make_dovecot: Callable[..., Dovecot], opened: Open, user: str
) -> None:
    server = make_dovecot(without=("UIDPLUS",))
    destination = opened(server.port, user)
    (written,) = destination.write(INBOX, outgoing(*mails(1)))
    there = destination.create_folder(FolderPath.of("There"), None)
    assert destination.move(written.item or "", INBOX, there) is None
    assert [record.folder for record in server.read(user)] == ["INBOX"]


# --- folders ----------------------------------------------------------------------------------------------------------


def subscribed(server: Dovecot, user: str) -> set[str]:
    with server.client(user) as client:
        return {line.split(b' "/" ')[1].decode().strip('"') for line in sure(client.lsub()) if line}


def test_folders_are_subscribed_as_asked_and_stay_so_when_renamed(dovecot: Dovecot, opened: Open, user: str) -> None:
    destination = opened(dovecot.port, user)
    before = subscribed(dovecot, user)
    old = destination.create_folder(FolderPath.of("Old"), None)
    destination.create_folder(FolderPath.of("Old", "below"), None)
    destination.create_folder(FolderPath.of("Hidden"), None, subscribed=False)
    destination.create_folder(FolderPath.of("Older"), None)
    assert subscribed(dovecot, user) - before == {"Old", "Old/below", "Older"}
    destination.rename_folder(old, FolderPath.of("New"))
    assert subscribed(dovecot, user) - before == {"New", "New/below", "Older"}


def test_a_rename_that_the_server_refuses_changes_nothing(dovecot: Dovecot, opened: Open, user: str) -> None:
    destination = opened(dovecot.port, user)
    one = destination.create_folder(FolderPath.of("One"), None)
    destination.create_folder(FolderPath.of("Two"), None)
    assert destination.rename_folder(one, FolderPath.of("Two")) == one
    inside = destination.create_folder(FolderPath.of("One", "in"), None)
    assert destination.rename_folder(one, FolderPath.of("One", "in", "self")) == one
    assert {folder.path for folder in destination.folders()} >= {one.path, inside.path, FolderPath.of("Two")}


def test_a_renamed_folder_with_a_separator_in_its_new_name(dovecot: Dovecot, opened: Open, user: str) -> None:
    destination = opened(dovecot.port, user)
    old = destination.create_folder(FolderPath.of("Old"), None)
    new = destination.rename_folder(old, FolderPath.of("a/b"))
    assert new.path == FolderPath.of("a\u2215b")
    assert new.ref in [folder.ref for folder in destination.folders()]


def test_what_lies_above_is_made_where_the_server_does_not(opened: Open) -> None:
    made: set[str] = set()

    def create(command: str) -> bytes:
        name = command.split('"')[1]
        if "/" in name and name.rpartition("/")[0] not in made:
            return b"TAG NO there is nothing above\r\n"
        made.add(name)
        return b"TAG OK done\r\n"

    with Scripted({"LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n', "CREATE": create}) as server:
        folder = opened(server.port).create_folder(FolderPath.of("a", "b", "c"), None)
        assert (folder.path, folder.ref) == (FolderPath.of("a", "b", "c"), "a/b/c")
        assert made == {"a", "a/b", "a/b/c"}


def test_a_folder_that_no_spelling_makes_stops_the_mailbox_with_a_cure(opened: Open) -> None:
    script = {"LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n', "CREATE": b"TAG NO never\r\n"}
    with Scripted(script) as server:
        with pytest.raises(EndpointError, match=r"does not make the folder Box.*never.*folder_map") as caught:
            opened(server.port).create_folder(FolderPath.of("Box"), None)
        assert caught.value.failure.action is Action.STOP_MAILBOX
        assert server.count("CREATE") == 3


def test_a_busy_server_is_no_refusal_of_a_name(opened: Open) -> None:
    script = {"LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n', "CREATE": b"TAG NO [UNAVAILABLE] later\r\n"}
    with Scripted(script) as server:
        with pytest.raises(EndpointError) as caught:
            opened(server.port).create_folder(FolderPath.of("Box"), None)
        assert caught.value.failure.action is Action.WAIT
        assert server.count("CREATE") == 1


def test_a_default_folder_is_made_as_such_where_the_server_can(opened: Open) -> None:
    script = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 SPECIAL-USE CREATE-SPECIAL-USE\r\nTAG OK done\r\n",
        "LIST": b'* LIST () "/" INBOX\r\nTAG OK done\r\n',
    }
    with Scripted(script) as server:
        made = opened(server.port).create_folder(FolderPath.of("Archive"), Role.ARCHIVE)
        assert made.role is Role.ARCHIVE
        assert 'CREATE "Archive" (USE (\\Archive))' in server.seen


def test_folders_that_hold_no_messages_and_views_are_left_out(opened: Open) -> None:
    listing = (
        b'* LIST () "/" INBOX\r\n* LIST (\\Noselect) "/" Above\r\n* LIST (\\All) "/" All\r\n'
        b'* LIST () "/" {3}\r\na\r\nb\r\n* LIST () "/" Caf\xe9\r\nTAG OK done\r\n'
    )
    status = b"* STATUS x (MESSAGES 3)\r\nTAG OK done\r\n"
    with Scripted({"LIST": listing, "STATUS": status}) as server:
        found = opened(server.port).folders()
        assert [(folder.ref, folder.messages) for folder in found] == [("Caf\xe9", 3), ("INBOX", 3)]


def test_messages_go_into_a_folder_with_an_8_bit_name(opened: Open) -> None:
    folder = DestinationFolder(FolderPath.of("Café"), "Caf\xe9")
    with Scripted({**_ONE_BY_ONE, "APPEND": b"TAG OK [APPENDUID 7 1] done\r\n"}) as server:
        assert said(opened(server.port).write(folder, outgoing(b"a"))) == [None]
        (command,) = [command for command in server.seen if command.startswith("APPEND")]
        assert command.encode("utf-8", "surrogateescape").startswith(b'APPEND "Caf\xe9" ()')
        assert command.endswith("{1}\r\na")


def test_quoting_matches_the_reader(dovecot: Dovecot, opened: Open, user: str) -> None:
    name = 'say "hi" \\ twice'
    folder = opened(dovecot.port, user).create_folder(FolderPath.of(name), None)
    assert opened(dovecot.port, user).write(folder, outgoing(*mails(1)))[0].failure is None
    assert [record.folder for record in dovecot.read(user)] == [name]
    assert quoted(name) == '"say \\"hi\\" \\\\ twice"'
