import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imap import wire as wire_module
from core.imap.wire import Completion, GarbledError, LostError, Response, Wire, astring, number, numbers
from core.mail.body import SPOOL_ABOVE, Body
from core.ports.failure import Action, EndpointError


class Tape:
    """A transport that plays what the server says and keeps what the client says."""

    def __init__(self, said: bytes) -> None:
        self._said = io.BytesIO(said)
        self.sent = b""

    def readline(self) -> bytes:
        return self._said.readline()

    def read(self, size: int) -> bytes:
        return self._said.read(size)

    def send(self, data: bytes) -> None:
        self.sent += data


def collected(said: bytes) -> tuple[Completion, list[Response]]:
    responses: list[Response] = []
    return Wire(Tape(said)).run(b"X", responses.append), responses


def test_a_command_and_its_answers() -> None:
    tape = Tape(b'* list (\\x) "/" a\r\n* 5 EXISTS\r\nC1 OK [APPENDUID 3 4] done\r\n')
    wire = Wire(tape)
    responses: list[Response] = []
    done = wire.run(b"LIST", responses.append)
    assert tape.sent == b"C1 LIST\r\n"
    assert (done.ok, done.code, done.argument, done.said) == (True, "APPENDUID", "3 4", "[APPENDUID 3 4] done")
    assert [(r.kind, r.number, r.text) for r in responses] == [(b"LIST", None, b'(\\x) "/" a'), (b"EXISTS", 5, b"")]


def test_literals_are_bytes_between_texts() -> None:
    done, (response,) = collected(b"* 1 FETCH (A {4}\r\na\r\nb B {0}\r\n C {1+}\r\n))\r\nC1 OK\r\n")
    assert response.pieces == [b"(A {4}", b"a\r\nb", b" B {0}", b"", b" C {1+}", b")", b")"]
    assert (done.ok, done.said) == (True, "")


def test_words_that_look_like_a_literal_are_words() -> None:
    done, (response,) = collected(b"* OK see page {3}\r\nC1 NO as on page {4}\r\n")
    assert response.pieces == [b"see page {3}"]
    assert (done.status, done.said) == ("NO", "as on page {4}")


def test_a_large_literal_goes_to_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(wire_module, "SPOOL_ABOVE", 9)
    responses: list[Response] = []
    Wire(Tape(b"* 1 FETCH ({10}\r\n0123456789 {9}\r\n012345678)\r\nC1 OK\r\n"), spool=tmp_path).run(
        b"X", responses.append
    )
    _, large, _, small, _ = responses[0].pieces
    assert isinstance(large, Body)
    assert (large.in_memory, large.size, large.read(), small) == (False, 10, b"0123456789", b"012345678")
    assert list(tmp_path.iterdir()) == []
    responses[0].close()


def test_a_disk_that_takes_nothing_is_no_lost_connection(tmp_path: Path) -> None:
    said = b"* 1 FETCH ({%d}\r\n" % (SPOOL_ABOVE + 1)
    with pytest.raises(EndpointError) as caught:
        Wire(Tape(said), spool=tmp_path / "gone").run(b"X")
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.STOP_MAILBOX, "SPOOL")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"* 1 FETCH (",
        b"* 1 FETCH ({5}\r\n1234",
        b"* 1 FETCH ({5}\r\n12345",
        b"* 1 FETCH ({%d}\r\n1234" % (SPOOL_ABOVE + 1),
        b"C1 OK do",
        b"* BYE",
    ],
)
def test_the_end_of_the_connection_is_seen_everywhere(said: bytes) -> None:
    with pytest.raises(LostError):
        collected(said)


def test_bye_says_why() -> None:
    with pytest.raises(LostError) as caught:
        collected(b"* BYE [UNAVAILABLE] going down\r\n")
    assert caught.value.said == "[UNAVAILABLE] going down"


@pytest.mark.parametrize("said", [b"C9 OK not asked\r\n", b"*\r\n", b"+ more?\r\n", b"rubbish\r\n"])
def test_what_is_not_imap_is_an_error(said: bytes) -> None:
    with pytest.raises(GarbledError):
        collected(said)


def test_blank_lines_and_bare_line_feeds_are_borne() -> None:
    done, responses = collected(b"\r\n* 1 EXISTS\n\nC1 OK done\n")
    assert (done.said, len(responses)) == ("done", 1)


def test_what_a_server_wants_people_to_read_is_heard() -> None:
    said = b"* OK [ALERT] one\r\n* no [alert] two\r\n* 1 EXISTS\r\n* OK nothing [ALERT]\r\nC1 OK [ALERT] three\r\n"
    heard: list[bytes] = []
    Wire(Tape(said), alert=heard.append).run(b"NOOP")
    Wire(Tape(b"C1 NO [ALERT] four\r\n"), alert=heard.append).run(b"NOOP")  # that is told as a refusal
    assert heard == [b"one", b"two", b"three"]


def test_exists_follows_the_server() -> None:
    wire = Wire(Tape(b"* 9 EXISTS\r\n* 2 EXPUNGE\r\n* VANISHED 4:6,9\r\n* VANISHED (EARLIER) 1:50\r\nC1 OK\r\n"))
    wire.run(b"NOOP")
    assert wire.exists == 4


def test_what_is_said_of_uidvalidity_is_known_until_another_folder_is_opened() -> None:
    wire = Wire(Tape(b"* OK [UIDVALIDITY 7] x\r\nC1 OK\r\n* 3 EXISTS\r\nC2 OK\r\n* ok [uidvalidity 8] y\r\nC3 OK\r\n"))
    seen = []
    for _ in range(3):
        wire.run(b"NOOP")
        seen.append(wire.uidvalidity)
    assert seen == [7, 7, 8]
    wire.leave()
    assert (wire.uidvalidity, wire.exists) == (None, 0)


def test_numbers_beyond_all_sense_are_none() -> None:
    endless = b"9" * 5000
    said = b"* %b EXISTS\r\n* VANISHED 1:%b,5:4294967295\r\n* X {%b}\r\nC1 OK\r\n" % (endless, endless, endless)
    done, responses = collected(said)
    assert done.ok
    assert [(response.number, len(response.pieces)) for response in responses] == [(None, 1)] * 3
    assert number(b"9223372036854775807") == 2**63 - 1
    assert [number(text) for text in (b"9223372036854775808", b"", b"-1", b"1x", None)] == [None] * 5
    with pytest.raises(GarbledError):
        numbers(b"1:4294967295")


def test_literals_wait_for_the_server() -> None:
    tape = Tape(b"+ go\r\n* 1 EXISTS\r\n+ go\r\nC1 OK\r\n")
    Wire(tape).run(b"LOGIN " + astring(b"a\r\nb") + b" " + astring("ü{3}".encode()))
    assert tape.sent == b"C1 LOGIN {4}\r\na\r\nb {5}\r\n\xc3\xbc{3}\r\n"


def test_a_literal_that_is_not_wanted_is_not_sent() -> None:
    tape = Tape(b"C1 BAD no\r\n")
    assert not Wire(tape).run(b"CREATE " + astring(b"\xff")).ok
    assert tape.sent == b"C1 CREATE {1}\r\n"


@given(st.lists(st.binary(), max_size=4))
def test_any_strings_arrive(strings: list[bytes]) -> None:
    command = b"X" + b"".join(b" " + astring(string) for string in strings) + b"\r\n"
    pieces = wire_module._until_literals(command)
    assert b"".join(pieces) == command
    assert len(pieces) == 1 + sum(1 for string in strings if not astring(string).startswith(b'"'))


@pytest.mark.parametrize(
    ("text", "expected"),
    [(b"1:3,7", [1, 2, 3, 7]), (b"5:4", [4, 5]), (b"", []), (b"2:*,x,9", [9])],
)
def test_numbers_of_a_sequence_set(text: bytes, expected: list[int]) -> None:
    assert numbers(text) == expected


def test_only_listed_verbs_leave() -> None:
    wire = Wire(Tape(b"C1 OK\r\n"), verbs=frozenset({b"UID FETCH"}))
    assert wire.run(b"uid fetch 1 (FLAGS)").ok
    with pytest.raises(AssertionError):
        wire.run(b"UID STORE 1 FLAGS ()")


class Counting:
    """A meter that adds up."""

    limited = True

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, size: int) -> None:
        self.sizes.append(size)


@pytest.mark.parametrize("size", [10, 700_000, SPOOL_ABOVE + 1])
def test_a_meter_is_told_of_every_byte_in_small_pieces(tmp_path: Path, size: int) -> None:
    said = b"* 1 FETCH (BODY[] {%d}\r\n%b)\r\nC1 OK done\r\n" % (size, b"x" * size)
    tape, meter = Tape(said), Counting()
    wire = Wire(tape, spool=tmp_path, meter=meter)
    taken: list[Response] = []
    assert wire.run(b"UID FETCH 1 (BODY.PEEK[])", taken.append).ok
    body = taken[0].pieces[1]
    assert (len(body) if isinstance(body, bytes) else body.size) == size
    assert sum(meter.sizes) == len(said) + len(tape.sent)
    assert max(meter.sizes) <= 1 << 18
    taken[0].close()
