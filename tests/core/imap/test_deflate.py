"""COMPRESS=DEFLATE: any bytes in any pieces, servers that only say they can, and real ones over a link that is slow."""

import io
import logging
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imap import deflate
from core.imap import wire as wire_module
from core.imap.connection import Address, Connection, SignIn, Timeouts
from core.imap.deflate import Deflated, Record
from core.imap.wire import GarbledError, LostError, Response, Wire
from core.ports.failure import Action, EndpointError, Side
from core.ports.lifeline import ABORTED, aborted
from core.ports.meter import UNLIMITED
from core.secret import Secret
from tests.servers.dovecot import Dovecot
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import Faults, Way
from tests.servers.scripted import Answer, Scripted
from tests.threads import Call

OFFERED = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN COMPRESS=DEFLATE\r\nTAG OK done\r\n"
LATE = Faults(latency=0.02)
PIECE = 1 << 16


class Tape:
    """A link that plays what the server says, in these pieces, and keeps what the client says."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.sent: list[bytes] = []

    def read_some(self, size: int) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        assert 0 < size <= PIECE
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]

    def send(self, data: bytes) -> None:
        self.sent.append(data)


class Counting:
    """A meter that adds up."""

    limited = True

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __call__(self, size: int) -> None:
        self.sizes.append(size)


def packed(*texts: bytes, level: int = 6, flush: int = zlib.Z_SYNC_FLUSH) -> bytes:
    """What a server sends of these, each as soon as it has it."""
    deflater = zlib.compressobj(level, wbits=-15)
    return b"".join(deflater.compress(text) + deflater.flush(flush) for text in texts)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """In pieces of these sizes, and the rest."""
    stream = io.BytesIO(data)
    return [piece for piece in (*(stream.read(size) for size in sizes), stream.read()) if piece]


def over(*pieces: bytes) -> Deflated:
    return Deflated(Tape(*pieces), UNLIMITED, Record())


#: Such as mail, and such as nothing.
texts = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda text, times: text * times, st.binary(min_size=1, max_size=20), st.integers(1, 20_000)),
)


@given(
    st.lists(texts, max_size=5),
    st.lists(st.integers(1, 2000), max_size=20),
    st.integers(0, 9),
    st.sampled_from([zlib.Z_SYNC_FLUSH, zlib.Z_FULL_FLUSH, zlib.Z_PARTIAL_FLUSH]),
)
def test_what_a_server_says_comes_out_as_it_was_however_it_is_cut(
    said: list[bytes], sizes: list[int], level: int, flush: int
) -> None:
    transport = over(*cut(packed(*said, level=level, flush=flush), sizes))
    expected = io.BytesIO(b"".join(said))
    for size in sizes:
        assert transport.read(size) == expected.read(size)
        assert transport.readline() == expected.readline()
    rest = len(expected.getbuffer()) - expected.tell()
    assert transport.read(rest + 1) == expected.read()


@given(st.lists(texts, max_size=5))
def test_all_that_was_sent_is_with_the_server_after_each_send(said: list[bytes]) -> None:
    link = Tape()
    transport = Deflated(link, UNLIMITED, Record())
    inflater = zlib.decompressobj(-15)
    for text in said:
        transport.send(text)
        assert inflater.decompress(link.sent[-1]) == text
    assert len(link.sent) == len(said)


class Server(Tape):
    """A link on which the answer to COMPRESS and what follows are cut at will: below a reader, as a socket is."""

    def __init__(self, said: bytes, sizes: list[int]) -> None:
        super().__init__(*cut(said, sizes))
        self._reader = io.BufferedReader(Raw(self.pieces))

    def readline(self) -> bytes:
        return self._reader.readline()

    def read(self, size: int) -> bytes:
        return self._reader.read(size)

    def read_some(self, size: int) -> bytes:
        return self._reader.read1(size)


class Raw(io.RawIOBase):
    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__()
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._pieces.pop(0) if self._pieces else b""
        buffer[: len(piece)] = piece
        return len(piece)


@given(st.lists(st.integers(1, 60), max_size=12), st.binary(max_size=400))
def test_what_comes_along_with_the_ok_is_neither_lost_nor_read_twice(sizes: list[int], body: bytes) -> None:
    fetched = b"* 1 FETCH (BODY[] {%d}\r\n%b)\r\n" % (len(body), body)
    said = b"* OK still plain\r\nC1 OK begin\r\n" + packed(b"* 7 EXISTS\r\n", fetched, b"C2 OK done\r\n")
    server = Server(said, sizes)
    wire = Wire(server)
    assert deflate.compress(wire, server, object(), UNLIMITED)
    seen: list[Response] = []
    assert wire.run(b"UID FETCH 1 (BODY.PEEK[])", seen.append).ok
    assert (wire.exists, [response.kind for response in seen], seen[1].pieces[1]) == (7, [b"EXISTS", b"FETCH"], body)
    assert server.sent[0] == b"C1 COMPRESS DEFLATE\r\n"
    assert zlib.decompressobj(-15).decompress(server.sent[1]) == b"C2 UID FETCH 1 (BODY.PEEK[])\r\n"


def test_a_bomb_is_inflated_no_further_than_it_is_read() -> None:
    bomb = packed(bytes(64 << 20), level=9)
    assert len(bomb) < 2 * PIECE
    link = Tape(bomb)
    transport = Deflated(link, UNLIMITED, Record())
    tracemalloc.start()
    try:
        assert transport.read(10) == bytes(10)
        for _ in range(40):
            assert transport.read(PIECE) == bytes(PIECE)
        assert tracemalloc.get_traced_memory()[1] < 16 * PIECE
    finally:
        tracemalloc.stop()


def test_a_line_without_an_end_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "_LONGEST_LINE", 1000)
    assert over(packed(b"x" * 999 + b"\n")).readline() == b"x" * 999 + b"\n"
    with pytest.raises(GarbledError, match="more than 1000 bytes"):
        over(packed(b"x" * 1000 + b"\n")).readline()


@pytest.mark.parametrize("said", [b"* OK plain words\r\n", packed(b"* OK\r\n") + b"\xff" * 40, b"\x07"])
def test_what_cannot_be_inflated_is_garbled(said: bytes) -> None:
    record = Record()
    wire = Wire(Deflated(Tape(said), UNLIMITED, record))
    with pytest.raises(GarbledError, match="not compressed as agreed"):
        wire.run(b"NOOP")
    assert record.bad


@pytest.mark.parametrize("ended", [False, True], ids=["link", "stream"])
def test_the_end_is_the_end_of_the_connection(ended: bool) -> None:
    deflater = zlib.compressobj(wbits=-15)
    said = deflater.compress(b"* 1 EXISTS\r\nC1 O") + deflater.flush(zlib.Z_FINISH if ended else zlib.Z_SYNC_FLUSH)
    wire = Wire(over(said, b"C1 OK\r\n") if ended else over(said))
    with pytest.raises(LostError):
        wire.run(b"NOOP")
    assert wire.exists == 1


def test_a_meter_is_told_of_the_bytes_on_the_wire() -> None:
    body = bytes(1 << 20)
    said = packed(b"* 1 FETCH (BODY[] {%d}\r\n%b)\r\nC2 OK done\r\n" % (len(body), body))
    meter, server = Counting(), Server(b"C1 OK begin\r\n" + said, [1000])
    wire = Wire(server, meter=meter)
    assert deflate.compress(wire, server, object(), meter)
    assert wire.run(b"UID FETCH 1 (BODY.PEEK[])").ok
    sent = sum(map(len, server.sent))
    assert sum(meter.sizes) == len(b"C1 OK begin\r\n") + len(said) + sent
    assert max(meter.sizes) <= PIECE


def test_the_quickest_answer_is_the_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes unasked, or before the answer, counts for nothing."""
    now = 100.0

    class Late(Server):
        def readline(self) -> bytes:
            nonlocal now
            now += 0.25
            return super().readline()

    monkeypatch.setattr(wire_module, "monotonic", lambda: now)
    wire = Wire(Late(b"* 1 EXISTS\r\n* 2 EXISTS\r\nC1 OK\r\n* 3 EXISTS\r\nC2 OK\r\n* 4 EXISTS\r\nC3 NO\r\n", []))
    seen = []
    for _ in range(3):
        wire.run(b"NOOP")
        seen.append(wire.round_trip)
    assert seen == [0.75, 0.5, 0.5]


@pytest.mark.parametrize(("took", "is_slow"), [(0.001, False), (0.0099, False), (0.01, True), (0.2, True)])
def test_a_quick_link_is_left_alone(took: float, is_slow: bool) -> None:
    server = Server(b"C1 OK begin\r\n", [])
    wire = Wire(server)
    wire.round_trip = took
    assert deflate.compress(wire, server, object(), UNLIMITED) is is_slow
    assert bool(server.sent) is is_slow


# --- connections ----------------------------------------------------------------------------------------------------


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every link is slow, and nothing is known of any server."""
    monkeypatch.setattr(deflate, "SLOW", 0.0)
    monkeypatch.setattr(deflate, "_records", {})


Opened = Callable[..., Connection]


@pytest.fixture
def opened() -> Iterator[Opened]:
    made = []

    def make(port: int, user: str = "ann", side: Side = Side.SOURCE, **options: object) -> Connection:
        address = Address("localhost" if options else "127.0.0.1", port, **{"security": "none"} | options)  # type: ignore[arg-type]
        made.append(Connection(address, SignIn(user, lambda: Secret("secret")), side, Timeouts(5, 20)))
        return made[-1]

    yield make
    for connection in made:
        connection.close()


def compressed(connection: Connection) -> bool:
    return connection._wire is not None and isinstance(connection._wire._transport, Deflated)


def squeezing(*answers: Answer, noop: Sequence[Answer] = (b"TAG OK done\r\n",)) -> Scripted:
    """A server that answers so to COMPRESS."""
    return Scripted({"CAPABILITY": OFFERED, "COMPRESS": list(answers), "NOOP": noop})


@pytest.mark.usefixtures("slow")
def test_a_server_that_offers_it_is_asked_once_after_the_sign_in(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    with squeezing(b"TAG OK begin\r\n* OK [ALERT] at once\r\n") as server, caplog.at_level(logging.INFO, "core"):
        connection = opened(server.port)
        assert connection.order(b"NOOP").ok
        assert compressed(connection)
        assert connection.heard() == ["at once"]
        connection.close()
    words = [command.split()[0] for command in server.seen]
    assert words[words.index("AUTHENTICATE") :] == ["AUTHENTICATE", "CAPABILITY", "COMPRESS", "NOOP", "LOGOUT"]
    said = f"source 127.0.0.1:{server.port}: ann's connection is compressed, as the quickest answer took "
    assert [message.startswith(said) for message in caplog.messages if "compressed" in message] == [True]


@pytest.mark.usefixtures("slow")
def test_a_server_that_does_not_offer_it_is_not_asked(opened: Opened) -> None:
    with Scripted({}) as server:
        assert opened(server.port).order(b"NOOP").ok
    assert server.count("COMPRESS") == 0


@pytest.mark.parametrize("said", [b"NO [COMPRESSIONACTIVE] it is", b"NO not now", b"BAD what?"])
@pytest.mark.usefixtures("slow")
def test_a_server_that_offers_and_refuses_goes_on_as_it_was(opened: Opened, said: bytes) -> None:
    with squeezing(b"TAG " + said + b"\r\n") as server:
        connection = opened(server.port)
        assert connection.order(b"NOOP").ok
        assert not compressed(connection)
        connection.close()
    assert server.connections == 1


@pytest.mark.usefixtures("slow")
def test_a_server_whose_compression_cannot_be_read_is_tried_without_it(opened: Opened) -> None:
    with squeezing(b"TAG OK begin\r\n", noop=[b"PLAINTAG OK not compressed at all\r\n", b"TAG OK\r\n"]) as server:
        connection = opened(server.port)
        with pytest.raises(EndpointError) as caught:
            connection.order(b"NOOP")
        assert (caught.value.failure.action, caught.value.failure.code) == (Action.RETRY, "GARBLED")
        assert opened(server.port).order(b"NOOP").ok
    assert server.count("COMPRESS") == 1


@pytest.mark.usefixtures("slow")
def test_a_server_that_agrees_and_hangs_up_is_tried_without_it_the_third_time(opened: Opened) -> None:
    with squeezing(b"TAG OK begin\r\nCLOSE") as server:
        for _ in range(2):
            with pytest.raises(EndpointError) as caught:
                opened(server.port).order(b"NOOP")
            assert (caught.value.failure.action, caught.value.failure.code) == (Action.RETRY, "LOST")
        assert opened(server.port).order(b"NOOP").ok
    assert (server.count("COMPRESS"), server.connections) == (2, 3)


@pytest.mark.usefixtures("slow")
def test_a_link_that_breaks_now_and_then_says_nothing_of_the_server(opened: Opened) -> None:
    with squeezing(*[b"TAG OK begin\r\nCLOSE", b"TAG OK begin\r\n"] * 3) as server:
        for _ in range(3):
            with pytest.raises(EndpointError):
                opened(server.port).order(b"NOOP")
            connection = opened(server.port)
            assert connection.order(b"NOOP").ok
            assert compressed(connection)
            connection.close()


@pytest.mark.usefixtures("slow")
def test_nothing_leaves_without_being_asked_for(opened: Opened) -> None:
    def hold() -> None:
        raise EndpointError(aborted(Side.DESTINATION))

    with squeezing(b"TAG OK begin\r\n") as server:
        connection = opened(server.port, side=Side.DESTINATION)
        connection.connect()
        seen = len(server.seen)
        connection.guard = hold
        with pytest.raises(EndpointError):
            connection.order(b"NOOP")
    assert len(server.seen) == seen


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_dovecot_over_a_slow_link(
    make_dovecot: Callable[..., Dovecot], opened: Opened, user: str, security: Literal["tls", "starttls", "none"]
) -> None:
    server = make_dovecot(compress=True)
    with FaultProxy(server.tls_port if security == "tls" else server.port) as proxy:
        proxy.faults = LATE
        connection = opened(proxy.port, user, security=security, ca_file=server.ca_file)
        assert connection.order(b"NOOP").ok
        assert compressed(connection)
        proxy.faults = Faults(held=frozenset({Way.DOWN}))
        call = Call(lambda: connection.order(b"NOOP"))
        assert call.waits
        connection.abort()
        assert call.failure() == (Action.RETRY, ABORTED, False)


def test_dovecot_on_loopback_is_left_alone(make_dovecot: Callable[..., Dovecot], opened: Opened, user: str) -> None:
    """On a machine that is busy the answers of one sign-in may all be late, but not those of many."""
    server = make_dovecot(compress=True)

    def is_left_alone() -> bool:
        connection = opened(server.port, user)
        assert connection.has("COMPRESS=DEFLATE")
        return not compressed(connection)

    assert any(is_left_alone() for _ in range(20))
