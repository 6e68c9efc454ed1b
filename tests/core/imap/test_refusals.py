"""What the destination makes of refusals, and of links that are lost."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from core.imap.destination import ImapDestination
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder
from core.ports.failure import Action, EndpointError
from tests.outgoing import doubts, mails, outgoing, said
from tests.servers.dovecot import Dovecot
from tests.servers.mail import folders, sure
from tests.servers.proxy import CutError, Proxy
from tests.servers.scripted import Answer, Scripted

Writing = Callable[..., ImapDestination]
INBOX = DestinationFolder(FolderPath.of("INBOX"), "INBOX", Role.INBOX)
#: A server without UIDPLUS.
ONE_BY_ONE: dict[str, Answer] = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 LITERAL+\r\nTAG OK done\r\n",
    "SELECT": b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\nTAG OK done\r\n",
}


def test_a_refused_message_is_named_and_the_others_go_on(dovecot: Dovecot, writing: Writing, user: str) -> None:
    destination = writing(dovecot.port, user)
    first, empty, last = destination.write(INBOX, outgoing(b"Subject: 1\r\n\r\n", b"", b"Subject: 2\r\n\r\n"))
    assert said([first, empty, last]) == [None, (Action.REJECT, False), None]
    assert empty.failure is not None
    assert "zero byte" in empty.failure.said
    assert len(dovecot.read(user)) == 2


def test_a_full_mailbox_stops_it(make_dovecot: Callable[..., Dovecot], writing: Writing, user: str) -> None:
    server = make_dovecot(quota="4k")
    destination = writing(server.port, user)
    big = b"Subject: big\r\n\r\n" + b"x" * 5000
    first, full, last = destination.write(INBOX, outgoing(b"Subject: 1\r\n\r\n", big, b"Subject: 2\r\n\r\n"))
    assert said([first, full, last]) == [None, (Action.STOP_MAILBOX, False), None]
    assert full.failure is not None
    assert full.failure.quota


def test_a_server_tells_how_large_a_message_may_be(make_dovecot: Callable[..., Dovecot], writing: Writing) -> None:
    destination = writing(make_dovecot(offers=("APPENDLIMIT=1000",)).port)
    before = destination.limits
    destination.connect()
    assert (before.max_message, destination.limits.max_message) == (None, 1000)
    capability = b"* CAPABILITY IMAP4rev1 APPENDLIMIT\r\nTAG OK done\r\n"
    status = b"* STATUS INBOX (APPENDLIMIT 2000)\r\nTAG OK done\r\n"
    with Scripted({"CAPABILITY": capability, "STATUS": status}) as server:
        destination = writing(server.port)
        destination.connect()
        assert destination.limits.max_message == 2000


def test_a_mailbox_that_may_only_be_read_stops_at_once(writing: Writing) -> None:
    with Scripted({"SELECT": b"* 0 EXISTS\r\nTAG OK [READ-ONLY] done\r\n"}) as server:
        with pytest.raises(EndpointError, match="may only be read") as caught:
            writing(server.port).connect()
        assert caught.value.failure.action is Action.STOP_MAILBOX


def test_a_lost_answer_puts_the_batch_in_doubt_and_a_look_up_settles_it(
    dovecot: Dovecot, proxy: Proxy, writing: Writing, user: str
) -> None:
    destination = writing(proxy.port, user)
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
    dovecot: Dovecot, proxy: Proxy, writing: Writing, user: str
) -> None:
    destination = writing(proxy.port, user)
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


def test_nothing_is_in_doubt_when_nothing_was_sent(proxy: Proxy, writing: Writing, user: str) -> None:
    destination = writing(proxy.port, user)

    def on_data(data: bytes) -> bytes:
        if b"SELECT" in data:
            raise CutError
        return data

    proxy.on_data = on_data
    with pytest.raises(EndpointError) as caught:
        destination.write(INBOX, outgoing(*mails(1)))
    assert (caught.value.failure.action, caught.value.failure.in_doubt) == (Action.RETRY, False)


def test_after_a_bad_what_was_sent_behind_it_is_in_doubt_and_the_connection_is_gone(writing: Writing) -> None:
    answers = [b"TAG OK [APPENDUID 7 1] done\r\n", b"TAG BAD what is that\r\n", b"TAG OK [APPENDUID 7 2] done\r\n"]
    with Scripted({**ONE_BY_ONE, "APPEND": answers}) as server:
        destination = writing(server.port)
        batch = outgoing(b"a", b"b", b"c", b"d")
        written = destination.write(INBOX, batch)
        assert said(written) == [None, (Action.REJECT, False), (Action.RETRY, True), (Action.RETRY, True)]
        assert written[1].failure is not None
        assert written[1].failure.said == "what is that"
        assert server.connections == 1
        assert said(destination.write(INBOX, outgoing(b"e"))) == [None]
        assert server.connections == 2


def test_what_had_not_been_sent_when_bad_came_is_not_in_doubt(writing: Writing) -> None:
    script = {**ONE_BY_ONE, "CAPABILITY": b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"}
    with Scripted({**script, "APPEND": b"TAG BAD what is that\r\n"}) as server:
        written = writing(server.port).write(INBOX, outgoing(b"a", b"b", b"c"))
        assert said(written) == [(Action.REJECT, False), (Action.RETRY, False), (Action.RETRY, False)]
        assert server.count("APPEND") == 1


@pytest.mark.parametrize(
    "misread",
    [
        (b'APPEND "INBOX" ()', b'APPEND "INBOX" (\\Bogus)'),
        (b' "05-Mar-2019', b' "05-Foo-2019'),
    ],
)
@pytest.mark.parametrize("where", [0, 2], ids=["at once", "behind others"])
def test_a_mail_that_reads_like_commands_runs_none_when_it_is_refused(
    dovecot: Dovecot, proxy: Proxy, writing: Writing, user: str, misread: tuple[bytes, bytes], where: int
) -> None:
    """Dovecot runs the lines of a mail that came behind an APPEND that it did not understand."""
    with dovecot.client(user) as client:
        sure(client.create("Precious"))
        before = folders(client)
    evil = b"Subject: x\r\n\r\nx1 NOOP\r\nx2 CREATE Pwned\r\nx3 DELETE Precious now\r\n" + b"text\r\n" * 10
    size = b"{%d" % len(evil)
    batch = outgoing(*mails(where), evil)
    answers = bytearray()

    def on_data(data: bytes) -> bytes:
        lines = data.splitlines(keepends=True)
        return b"".join(line.replace(*misread) if size in line else line for line in lines)

    def on_line(line: bytes) -> bytes:
        answers.extend(line)
        return line

    destination = writing(proxy.port, user)
    proxy.on_data, proxy.on_line = on_data, on_line
    written = destination.write(INBOX, batch)
    assert said(written) == [None] * where + [(Action.REJECT, False)]
    assert b" BAD " in answers
    assert b"x1 OK" not in answers
    assert b"x2 " not in answers
    with dovecot.client(user) as client:
        assert folders(client) == before
    assert sorted(record.data for record in dovecot.read(user)) == mails(where)
    assert b"CREATE Pwned" not in proxy.sent, "not a byte of it left"
    proxy.on_data = lambda data: data
    assert said(destination.write(INBOX, batch[where:])) == [None]
    assert dovecot.read(user)[-1].data == evil


def test_a_throttle_is_a_wait_and_no_rejection(writing: Writing) -> None:
    bad = b"TAG BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\nCLOSE"
    with Scripted({**ONE_BY_ONE, "APPEND": bad}) as server:
        first, second = writing(server.port).write(INBOX, outgoing(b"a", b"b"))
        assert first.failure is not None
        assert (first.failure.action, first.failure.seconds, first.failure.in_doubt) == (Action.WAIT, 299.961, False)
        assert said([second]) == [(Action.RETRY, True)]


def test_what_was_not_sent_for_a_throttle_waits_as_long(writing: Writing) -> None:
    """Without LITERAL+ no other message is under way then."""
    bad = b"TAG BAD Request is throttled. Suggested Backoff Time: 299961 milliseconds\r\n"
    script = {**ONE_BY_ONE, "CAPABILITY": b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"}
    with Scripted({**script, "APPEND": bad}) as server:
        written = writing(server.port).write(INBOX, outgoing(b"a", b"b", b"c"))
        assert said(written) == [(Action.WAIT, False)] * 3
        assert {one.failure.seconds for one in written if one.failure} == {299.961}
        assert server.count("APPEND") == 1


def test_a_throttle_before_a_hang_up_is_a_throttle(dovecot: Dovecot, writing: Writing, user: str) -> None:
    with Proxy(dovecot.port) as proxy:

        def on_line(line: bytes) -> bytes:
            if line.startswith(b"+"):
                tag = bytes(proxy.sent.splitlines()[-1].split()[0])
                proxy.on_line = cut
                return tag + b" NO Request is throttled. Suggested Backoff Time: 5000 milliseconds\r\n"
            return line

        def cut(line: bytes) -> bytes:
            raise CutError

        destination = writing(proxy.port, user)
        folder = destination.create_folder(FolderPath.of("INBOX"), Role.INBOX)
        destination.mark(folder)
        proxy.on_line = on_line
        odd = outgoing(*mails(3), received=datetime(1900, 1, 1, tzinfo=UTC))  # each waits for the go-ahead
        with pytest.raises(EndpointError) as caught:
            destination.write(folder, odd)
    failure = caught.value.failure
    assert (failure.action, failure.seconds, failure.in_doubt) == (Action.WAIT, 5.0, False)


def test_a_folder_that_vanished_is_tried_again_elsewhere(dovecot: Dovecot, writing: Writing, user: str) -> None:
    destination = writing(dovecot.port, user)
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
