"""What is written over IMAP: byte for byte, with the flags that are kept, and where its end is marked."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from core.imap.destination import ImapDestination
from core.mail.body import Body
from core.mail.fingerprint import canonical
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder, Outgoing, Written
from core.ports.failure import Action
from tests.outgoing import doubts, mails, outgoing, said, wrote
from tests.servers.dovecot import Dovecot
from tests.servers.mail import WHEN, Record, append, sure
from tests.servers.proxy import Proxy
from tests.servers.pymap import Pymap
from tests.servers.scripted import Scripted

Writing = Callable[..., ImapDestination]
INBOX = DestinationFolder(FolderPath.of("INBOX"), "INBOX", Role.INBOX)
COMMANDS = b"Subject: commands\r\n\r\nx1 NOOP\r\nx2 DELETE Sent\r\nx3 APPEND INBOX {3+}\r\nabc\r\nx4 LOGOUT\r\n"


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
    shape: dict[str, object], make_dovecot: Callable[..., Dovecot], writing: Writing, user: str, corpus: list[bytes]
) -> None:
    server = make_dovecot(**shape)
    messages = [*corpus, COMMANDS, b"bare\nline\rends", b"\r\n"]
    destination = writing(server.port, user)
    folder = destination.create_folder(FolderPath.of("Größe", "a"), None)
    batch = outgoing(*messages, flags=["\\Seen", "Kunde"])
    answers: list[Written] = []
    for start in range(0, len(batch), 250):
        answers += wrote(destination, folder, batch[start : start + 250])
    plain = f"{user}-plain"
    with server.client(plain) as client:
        sure(client.select())
        expected = [append(client, Record(message, flags=frozenset({"\\Seen", "Kunde"})))[0] for message in messages]
    assert ["OK" if one.failure is None else "NO" for one in answers] == expected
    assert Counter((r.data, r.flags, r.received) for r in server.read(user)) == Counter(
        (r.data, r.flags, r.received) for r in server.read(plain)
    )
    assert expected.count("OK") >= len(corpus)


def test_pymap_takes_the_corpus_too(pymap: Pymap, writing: Writing, corpus: list[bytes]) -> None:
    messages = [message for message in corpus[:40] if message]
    destination = writing(pymap.port, pymap.user, pymap.password)
    destination.connect()
    folder = destination.create_folder(FolderPath.of("Corpus"), None)
    mark = destination.mark(folder)
    batch = outgoing(*messages, flags=["\\Seen", "$Forwarded"])
    assert said(destination.write(folder, batch)) == [None] * len(batch)
    stored = [record for record in pymap.read() if record.folder == "Corpus"]
    assert [(r.data, r.received) for r in stored] == [(message, WHEN) for message in messages]
    assert len(destination.look_up(folder, doubts(batch, mark), frozenset())) == len(batch)


def test_a_message_above_the_spool_limit(dovecot: Dovecot, writing: Writing, user: str, tmp_path: Path) -> None:
    data = b"Subject: large\r\n\r\n" + b"0123456789abcde\r\n" * 550_000  # 9 MB
    path = tmp_path / "large"
    path.write_bytes(data)
    destination = writing(dovecot.port, user)
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
    dovecot: Dovecot, proxy: Proxy, writing: Writing, user: str
) -> None:
    odd = ["Müller", "\\Nonsense", "par(en", "br]acket", "sp ace", "st*r", 'qu"ote', "back\\slash", "nul\0", "ctl\x7f"]
    destination = writing(proxy.port, user)
    (written,) = destination.write(INBOX, outgoing(COMMANDS, flags=["\\Seen", "Kunde", "{3}", *odd]))
    assert written.failure is None
    assert set(written.dropped) == {*odd, "{3}"}
    (command,) = proxy.commands(b"APPEND")
    assert b"(Kunde \\Seen)" in command
    for word in odd:
        assert word.encode() not in proxy.sent.replace(COMMANDS, b"")
    assert [record.flags for record in dovecot.read(user)] == [{"\\Seen", "Kunde"}]


def test_a_keyword_that_the_server_refuses_is_dropped_beforehand(
    dovecot: Dovecot, proxy: Proxy, writing: Writing, user: str
) -> None:
    long = "k" * 300  # above mail_max_keyword_length
    destination = writing(proxy.port, user)
    for _ in range(2):
        written = destination.write(INBOX, outgoing(*mails(3), flags=["Kunde", long]))
        assert [(one.failure, one.dropped) for one in written] == [(None, (long,))] * 3
    assert [record.flags for record in dovecot.read(user)] == [{"Kunde"}] * 6
    # Each keyword was tried once, and once whether trying tells anything.
    assert len(proxy.commands(b"UID STORE 4294967295")) == 3


def test_a_server_that_lists_no_new_keywords_gets_none(writing: Writing) -> None:
    select = b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [PERMANENTFLAGS (\\Seen $Forwarded)] p\r\nTAG OK done\r\n"
    with Scripted({"SELECT": select, "APPEND": b"TAG OK [APPENDUID 7 1] done\r\n"}) as server:
        destination = writing(server.port)
        (written,) = destination.write(INBOX, outgoing(b"a", flags=["\\Seen", "\\Flagged", "$forwarded", "Kunde"]))
        assert written == Written("1:a:b:7:0", "7:1", dropped=("Kunde", "\\Flagged"))
        assert server.count("UID STORE") == 0


def test_where_a_keyword_cannot_be_tried_the_message_waits_for_the_go_ahead(writing: Writing) -> None:
    script = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 LITERAL+\r\nTAG OK done\r\n",
        "SELECT": b"* 0 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\n* OK [PERMANENTFLAGS (\\Seen \\*)] p\r\nTAG OK done\r\n",
        "UID STORE": b"TAG BAD no such message\r\n",
        "APPEND": b"TAG OK done\r\n",
    }
    with Scripted(script) as server:
        destination = writing(server.port)
        assert said(destination.write(INBOX, outgoing(b"a", flags=["Kunde"]))) == [None]
        assert said(destination.write(INBOX, outgoing(b"a", flags=["\\Seen"]))) == [None]
        appends = [command.split("\r\n")[0] for command in server.seen if command.startswith("APPEND")]
        assert [command[-5:].split(" ")[1] for command in appends] == ["{1}", "{1+}"]


def test_flags_that_cannot_be_changed_are_named(writing: Writing) -> None:
    select = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] v\r\nTAG OK done\r\n"
    answers = [b"TAG NO [CANNOT] not that one\r\n", b"TAG OK done\r\n"]
    with Scripted({"SELECT": select, "UID STORE": answers, "UID FETCH": b"TAG OK done\r\n"}) as server:
        destination = writing(server.port)
        left = destination.change_flags(INBOX, "7:1", Flags.of(["\\Flagged"]), Flags.of(["\\Seen"]))
        assert left == ("\\Flagged",)
        assert server.seen[-2:] == [
            "UID STORE 1 +FLAGS.SILENT (\\Flagged)",
            "UID STORE 1 -FLAGS.SILENT (\\Seen)",
        ]
        assert destination.change_flags(INBOX, "8:1", Flags.of(["\\Flagged"]), Flags()) == ()
        assert server.count("UID STORE") == 2


# --- marks and items --------------------------------------------------------------------------------------------------


def test_a_mark_costs_no_round_trip_between_batches(
    dovecot: Dovecot, proxy: Proxy, writing: Writing, user: str
) -> None:
    destination = writing(proxy.port, user)
    marks = [destination.mark(INBOX)]
    for number in range(3):
        destination.write(INBOX, outgoing(*mails(10)))
        marks.append(destination.mark(INBOX))
        assert marks[-1].split(":")[1] == str(11 + 10 * number)
    assert len({mark.split(":")[0] for mark in marks}) == 1
    assert len(proxy.commands(b"SELECT")) == 1
    assert proxy.commands(b"STATUS") == []


def test_what_was_refused_together_goes_apart_then(dovecot: Dovecot, proxy: Proxy, writing: Writing, user: str) -> None:
    destination = writing(proxy.port, user)
    mark = destination.mark(INBOX)
    batch = outgoing(*mails(70), b"", *mails(20))
    first = destination.write(INBOX, batch)
    assert said(first) == [None] * 64 + [(Action.SPLIT, True)] * 27
    assert {one.failure.together for one in first if one.failure} == {True}
    refused = batch[64:]
    assert not destination.look_up(INBOX, doubts(refused, mark), frozenset(one.item for one in first if one.item))
    again = destination.write(INBOX, refused)
    assert said(again) == [None] * 6 + [(Action.REJECT, False)] + [None] * 20
    assert len(proxy.commands(b"APPEND")) == 2 + 27
    for number in range(3):  # soon enough, they go together again
        destination.write(INBOX, outgoing(*mails(40)))
        assert len(proxy.commands(b"APPEND")) == 29 + (40, 41, 42)[number]
    assert len(dovecot.read(user)) == 90 + 3 * 40


def test_without_appenduid_items_are_found_by_looking(
    dovecot: Dovecot, proxy: Proxy, writing: Writing, user: str
) -> None:
    proxy.on_line = lambda line: re.sub(rb" \[APPENDUID [^]]*\]", b"", line)
    destination = writing(proxy.port, user)
    mark = destination.mark(INBOX)
    batch = outgoing(*mails(3))
    written = destination.write(INBOX, batch)
    assert [(one.failure, one.item) for one in written] == [(None, None)] * 3
    assert destination.mark(INBOX) == mark.split(":")[0] + ":4"
    found = destination.look_up(INBOX, doubts(batch, mark), frozenset())
    assert [found[one.token].split(":")[1] for one in batch] == ["1", "2", "3"]


def test_a_server_without_uidnext_is_asked_for_the_last_uid(writing: Writing) -> None:
    select = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\nTAG OK done\r\n"
    fetch = b'* 2 FETCH (UID 41 INTERNALDATE "05-Mar-2019 06:07:08 +0000")\r\nTAG OK done\r\n'
    with Scripted({"SELECT": select, "UID FETCH": fetch}) as server:
        assert writing(server.port).mark(INBOX) == "7:42"
