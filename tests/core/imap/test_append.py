"""APPEND on the wire: byte for byte, pipelined, and what a refusal or a lost link leaves behind."""

import io
import socket
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imap.append import SURE_DATES, Letter, Pipeline, appended, sure_date, unasked
from core.imap.wire import Completion, LostError, Wire
from core.mail.body import Body
from tests.servers.dovecot import Dovecot
from tests.servers.mail import WHEN, Record, append, sure
from tests.servers.proxy import CutError, Proxy
from tests.servers.scripted import Answer, Scripted

COMMANDS = b"Subject: commands\r\n\r\nx1 NOOP\r\nx2 DELETE INBOX\r\nx3 APPEND INBOX {3+}\r\nabc\r\nx4 LOGOUT\r\n"


class Session:
    """A signed-in wire over a plain socket with INBOX selected; `acknowledged` counts what was asked for."""

    def __init__(self, server: Dovecot | Scripted, user: str, port: int | None = None) -> None:
        self.socket = socket.create_connection((server.host, port or server.port), timeout=30)
        self._file = self.socket.makefile("rb")
        self.readline, self.read = self._file.readline, self._file.read
        self.pieces: list[int] = []
        self.acknowledged = 0
        self.wire = Wire(self, acknowledge=self.acknowledge)
        assert self.wire.response().kind == b"OK"
        assert self.wire.run(f"LOGIN {user} {Dovecot.password}".encode()).ok
        assert self.wire.run(b"SELECT INBOX").ok

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def acknowledge(self) -> None:
        self.acknowledged += 1

    def send(self, data: bytes) -> None:
        self.pieces.append(len(data))
        self.socket.sendall(data)

    def append(self, letters: Sequence[Letter], free: int = 1 << 40) -> list[Completion | None]:
        pipeline = Pipeline(self.wire, b"INBOX", letters, free)
        pipeline.run()
        return pipeline.answers


def letters(*messages: bytes, flags: Sequence[str] = ()) -> list[Letter]:
    return [Letter(Body.of(message), tuple(flags), WHEN) for message in messages]


def statuses(answers: Sequence[Completion | None]) -> list[str | None]:
    return [None if answer is None else answer.status for answer in answers]


def plainly(server: Dovecot, user: str, messages: Sequence[bytes]) -> list[tuple[str, bytes | None]]:
    """What the same server makes of the same bytes from a plain imaplib APPEND, one at a time."""
    with server.client(user) as client:
        sure(client.select())
        said = [append(client, Record(message))[0] for message in messages]
    stored = iter(server.read(user))
    return [(status, next(stored).data if status == "OK" else None) for status in said]


# --- byte for byte ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("free", [1 << 40, 4096, -1])
def test_every_message_arrives_as_a_plain_append_would_leave_it(
    dovecot: Dovecot, user: str, corpus: list[bytes], free: int
) -> None:
    messages = [*corpus, COMMANDS, b"a", b"\r\n", b"x\ny\rz\r", b"no end\r\n\r\n\xff\xfe"]
    with Session(dovecot, user) as session:
        answers = session.append(letters(*messages), free)
    stored = iter(dovecot.read(user))
    ours = [(answer.status, next(stored).data if answer.ok else None) for answer in answers if answer]
    assert ours == plainly(dovecot, user + "-plain", messages)
    assert statuses(answers).count("OK") >= len(corpus)


def test_items_flags_and_dates_are_kept_in_order(dovecot: Dovecot, user: str) -> None:
    dates = [WHEN + timedelta(days=day) for day in range(5)]
    flags = [(), ("\\Seen",), ("$Forwarded", "\\Flagged"), ("Kunde-1",), ("\\Draft",)]
    batch = [Letter(Body.of(b"Subject: %d\r\n\r\n" % number), flags[number], dates[number]) for number in range(5)]
    with Session(dovecot, user) as session:
        items = [item for answer in session.append(batch) if answer for item in appended(answer) or ()]
    read = dovecot.read(user)
    assert [(record.flags, record.received) for record in read] == [
        (frozenset(kept), date) for kept, date in zip(flags, dates, strict=True)
    ]
    assert [item.split(":")[1] for item in items] == [str(record.uid) for record in read]
    assert len({item.split(":")[0] for item in items}) == 1


def test_without_a_date_the_server_takes_its_own(dovecot: Dovecot, user: str) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    with Session(dovecot, user) as session:
        session.append([Letter(Body.of(b"Subject: now\r\n\r\n"))])
    assert before <= dovecot.read(user)[0].received <= datetime.now(UTC)


def test_a_large_message_comes_from_its_file_in_pieces(dovecot: Dovecot, user: str) -> None:
    size = 3_000_000
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the body closes it
    file.write(b"Subject: large\r\n\r\n" + b"0123456789abcde\r\n" * (size // 17))
    body = Body.spooled(file, file.tell())
    expected = body.read()
    with Session(dovecot, user) as session:
        batch = [*letters(b"Subject: before\r\n\r\n"), Letter(body, (), WHEN), *letters(b"Subject: after\r\n\r\n")]
        assert statuses(session.append(batch)) == ["OK", "OK", "OK"]
        assert max(session.pieces) <= 2 << 16
    body.close()
    assert [record.data for record in dovecot.read(user)][1] == expected


def test_a_body_of_another_size_is_a_fault_of_ours(dovecot: Dovecot, user: str) -> None:
    for size in (3, 5):
        body = Body(b"abcd", None, size)
        with Session(dovecot, user) as session, pytest.raises(ValueError, match=f"of {size} bytes holds 4"):
            session.append([Letter(body, (), WHEN)])
    assert dovecot.read(user) == []


# --- the wire ---------------------------------------------------------------------------------------------------------


def test_many_go_out_before_the_first_answer(dovecot: Dovecot, user: str) -> None:
    with Proxy(dovecot.port) as proxy, Session(dovecot, user, proxy.port) as session:
        seen: list[int] = []

        def on_line(line: bytes) -> bytes:
            if b"APPENDUID" in line:
                seen.append(len(proxy.commands(b"APPEND")))
            return line

        proxy.on_line = on_line
        answers = session.append(letters(*(b"Subject: %d\r\n\r\n" % number for number in range(50))))
        assert statuses(answers) == ["OK"] * 50
        assert seen[0] == 50
        assert all(command.endswith(b"+}") for command in proxy.commands(b"APPEND"))


def test_small_messages_go_together(dovecot: Dovecot, user: str) -> None:
    """With flags and dates of their own; what needs a go-ahead goes alone, and so do a few that are left."""
    batch = [
        Letter(
            Body.of(COMMANDS if number == 100 else b"Subject: %d\r\n\r\n" % number),
            ("\\Seen",) if number % 3 else (),
            WHEN + timedelta(days=number),
        )
        for number in range(120)
    ]
    with Proxy(dovecot.port) as proxy, Session(dovecot, user, proxy.port) as session:
        pipeline = Pipeline(session.wire, b"INBOX", batch, 1 << 40, multi=True)
        pipeline.run()
        assert statuses(pipeline.answers) == ["OK"] * 120
        alone = [[number] for number in range(100, 101)]
        assert pipeline.groups == [[*range(64)], [*range(64, 100)], *alone, [*range(101, 120)]]
        assert len(proxy.commands(b"APPEND")) == 4
    answers = [pipeline.answers[group[0]] for group in pipeline.groups]
    items = [item for answer in answers if answer for item in appended(answer) or ()]
    read = dovecot.read(user)
    assert [item.split(":")[1] for item in items] == [str(record.uid) for record in read]
    assert [(r.data, r.flags, r.received) for r in read] == [
        (letter.body.read(), frozenset(letter.flags), letter.received) for letter in batch
    ]


def test_together_they_are_refused_together(dovecot: Dovecot, user: str) -> None:
    batch = letters(*(b"Subject: %d\r\n\r\n" % number for number in range(20)), b"")
    with Session(dovecot, user) as session:
        pipeline = Pipeline(session.wire, b"INBOX", batch, 1 << 40, multi=True)
        pipeline.run()
    assert statuses(pipeline.answers) == ["NO"] * 21
    assert pipeline.groups == [[*range(21)]]
    assert dovecot.read(user) == []


def test_literal_minus_asks_for_what_is_above_4096_bytes(dovecot: Dovecot, user: str) -> None:
    with Proxy(dovecot.port) as proxy, Session(dovecot, user, proxy.port) as session:
        session.append(letters(b"a" * 4096, b"b" * 4097, b"c"), unasked({"LITERAL-"}))
        assert [command.endswith(b"+}") for command in proxy.commands(b"APPEND")] == [True, False, True]


def test_a_go_ahead_costs_one_round_trip_a_message(dovecot: Dovecot, user: str) -> None:
    with Proxy(dovecot.port) as proxy, Session(dovecot, user, proxy.port) as session:
        trips = 0

        def on_data(data: bytes) -> bytes:
            nonlocal trips
            trips += 1
            return data

        proxy.on_data = on_data
        answers = session.append(letters(*(b"Subject: %d\r\n\r\n" % number for number in range(20))), -1)
        assert statuses(answers) == ["OK"] * 20
        assert trips == 21  # each message goes with the next one's command
        assert not any(command.endswith(b"+}") for command in proxy.commands(b"APPEND"))


def test_a_spooled_message_waits_for_the_go_ahead(dovecot: Dovecot, user: str) -> None:
    with Proxy(dovecot.port) as proxy, Session(dovecot, user, proxy.port) as session:
        spooled = Body.spooled(io.BytesIO(b"Subject: 1\r\n\r\n"), 14)
        assert statuses(session.append([Letter(spooled, (), WHEN), *letters(b"Subject: 2\r\n\r\n")])) == ["OK", "OK"]
        assert [command.endswith(b"+}") for command in proxy.commands(b"APPEND")] == [False, True]


def test_odd_dates_wait_for_the_go_ahead(dovecot: Dovecot, user: str) -> None:
    dates = [datetime(1900, 1, 1, tzinfo=UTC), *SURE_DATES, datetime(2107, 1, 1, tzinfo=UTC)]
    with Proxy(dovecot.port) as proxy, Session(dovecot, user, proxy.port) as session:
        session.append([Letter(Body.of(b"Subject: odd\r\n\r\n"), (), date) for date in dates])
        assert [command.endswith(b"+}") for command in proxy.commands(b"APPEND")] == [False, True, True, False]
    assert dovecot.read(user)[1].received == SURE_DATES[0]  # Dovecot makes "now" of a date to come


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_one_refused_message_leaves_the_others(dovecot: Dovecot, user: str) -> None:
    with Session(dovecot, user) as session:
        for free in (1 << 40, -1):
            answers = session.append(letters(b"Subject: 1\r\n\r\n", b"", b"Subject: 2\r\n\r\n"), free)
            assert statuses(answers) == ["OK", "NO", "OK"]
    assert len(dovecot.read(user)) == 4


def test_a_refused_command_sends_no_message(dovecot: Dovecot, user: str) -> None:
    with Proxy(dovecot.port) as proxy, Session(dovecot, user, proxy.port) as session:
        batch = [
            Letter(Body.of(b"Subject: 1\r\n\r\n"), (), WHEN),
            Letter(Body.of(COMMANDS), ("\\Nonsense",), WHEN, ask=True),
            Letter(Body.of(b"Subject: 2\r\n\r\n"), (), WHEN),
        ]
        pipeline = Pipeline(session.wire, b"INBOX", batch, 1 << 40)
        pipeline.run()
        assert statuses(pipeline.answers) == ["OK", "BAD", "OK"]
        assert pipeline.begun == {0, 2}
        assert not pipeline.bad
        assert b"x1 NOOP" not in proxy.sent


def test_answers_are_acknowledged_while_a_go_ahead_is_awaited(dovecot: Dovecot, user: str) -> None:
    with Session(dovecot, user) as session:
        session.append(letters(*[b"Subject: 1\r\n\r\n"] * 9))
        assert session.acknowledged == 0
        session.append(letters(*[b"Subject: 1\r\n\r\n"] * 9), -1)
        assert session.acknowledged >= 8  # one a message, but for the first


def test_a_bad_answer_to_a_message_ends_the_sending() -> None:
    # A server that goes on listening; Dovecot may have hung up before its answer is read.
    batch = letters(b"Subject: 1\r\n\r\n", COMMANDS, b"Subject: 2\r\n\r\n" * 9000, *[b"Subject: 3\r\n\r\n"] * 2000)
    said: list[Answer] = [b"TAG OK done\r\n", b"TAG BAD not understood\r\n", b"TAG OK done\r\n"]
    with Scripted({"APPEND": said}) as server, Session(server, "ann") as session:
        pipeline = Pipeline(session.wire, b"INBOX", batch, 1 << 40)
        pipeline.run()
    assert pipeline.bad
    assert statuses(pipeline.answers[:2]) == ["OK", "BAD"]
    assert {0, 1, 2} <= pipeline.begun
    assert len(batch) - 1 not in pipeline.begun


def test_a_lost_link_leaves_what_was_answered_and_what_was_begun(dovecot: Dovecot, user: str) -> None:
    with Proxy(dovecot.port) as proxy, Session(dovecot, user, proxy.port) as session:
        answered = 0

        def on_line(line: bytes) -> bytes:
            nonlocal answered
            if b"APPENDUID" in line:
                answered += 1
                if answered == 3:
                    raise CutError
            return line

        proxy.on_line = on_line
        pipeline = Pipeline(session.wire, b"INBOX", letters(*[b"Subject: 1\r\n\r\n"] * 5), 1 << 40)
        with pytest.raises((LostError, OSError)):
            pipeline.run()
    assert statuses(pipeline.answers)[2:] == [None, None, None]
    assert pipeline.begun == {0, 1, 2, 3, 4}
    assert len(dovecot.read(user)) >= 3


def test_a_link_lost_before_the_go_ahead_leaves_nothing_in_doubt(dovecot: Dovecot, user: str) -> None:
    with Proxy(dovecot.port) as proxy, Session(dovecot, user, proxy.port) as session:

        def on_line(line: bytes) -> bytes:
            if line.startswith(b"+"):
                raise CutError
            return line

        proxy.on_line = on_line
        pipeline = Pipeline(session.wire, b"INBOX", letters(b"Subject: 1\r\n\r\n"), -1)
        with pytest.raises((LostError, OSError)):
            pipeline.run()
    assert pipeline.begun == set()
    assert dovecot.read(user) == []


# --- small parts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "argument", "items"),
    [
        ("APPENDUID", "38505 3955", ["38505:3955"]),
        ("APPENDUID", "38505 3955:3957", ["38505:3955", "38505:3956", "38505:3957"]),
        ("APPENDUID", "7 9,4:5", ["7:9", "7:4", "7:5"]),
        ("APPENDUID", "7 4:*", None),
        ("APPENDUID", "38505", None),
        ("APPENDUID", "", None),
        ("COPYUID", "1 2", None),
        ("", "", None),
    ],
)
def test_appenduid(code: str, argument: str, items: list[str] | None) -> None:
    assert appended(Completion("OK", code, argument, "")) == items


def test_what_may_go_unasked() -> None:
    assert unasked({"LITERAL+"}) > 1 << 60
    assert unasked({"LITERAL+", "LITERAL-"}) > 1 << 60
    assert unasked({"LITERAL-"}) == 4096
    assert unasked({"IMAP4REV1"}) == -1


@given(st.datetimes(timezones=st.just(UTC)))
def test_sure_dates_are_of_this_age(moment: datetime) -> None:
    assert sure_date(moment) == (1970 <= moment.year <= 2038 and SURE_DATES[0] <= moment <= SURE_DATES[1])
