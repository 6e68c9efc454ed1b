"""The link that goes wrong on order, against a server that answers each line."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.servers.certificates import Authority
from tests.servers.dam import Dam
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import BLACK_HOLE, Faults, Reset, Way


class Echo:
    """Gives every byte back; `seen` is what it got, over all connections, `ends` how they ended."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.seen = bytearray()
        self.ends: list[str] = []
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._happened = threading.Condition()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(peer,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: socket.socket) -> None:
        how = "reset"
        with suppress(ConnectionError):
            if self._context is not None:
                peer = self._context.wrap_socket(peer, server_side=True)
            with peer:
                while data := peer.recv(1 << 16):
                    with self._happened:
                        self.seen += data
                        self._happened.notify_all()
                    peer.sendall(data)
            how = "end"
        peer.close()
        with self._happened:
            self.ends.append(how)
            self._happened.notify_all()

    def ended(self, number: int) -> list[str]:
        with self._happened:
            assert self._happened.wait_for(lambda: len(self.ends) >= number, 20)
            return self.ends

    def saw(self, size: int) -> bytes:
        """All that it got, once that is so much."""
        with self._happened:
            assert self._happened.wait_for(lambda: len(self.seen) >= size, 20)
            return bytes(self.seen)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(20)


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo: Echo) -> Iterator[FaultProxy]:
    with FaultProxy(echo.port) as between:
        yield between


def dial(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=20)


def said(client: socket.socket, text: bytes) -> bytes:
    """Say it, and read as much as comes back."""
    client.sendall(text)
    return read(client, len(text))


def read(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := client.recv(size - len(data))):
        data += piece
    return data


def reset(client: socket.socket, text: bytes) -> bool:
    """Say it; whether the connection then ends with a reset."""
    try:
        client.sendall(text)
        while client.recv(100):
            pass
    except ConnectionResetError:
        return True
    return False


def silent(client: socket.socket) -> bool:
    client.settimeout(0.1)
    try:
        return not client.recv(1) and False
    except TimeoutError:
        return True
    finally:
        client.settimeout(20)


def test_without_faults_it_is_not_there(proxy: FaultProxy, echo: Echo) -> None:
    large = bytes(range(256)) * 20_000
    with dial(proxy) as one, dial(proxy) as two:
        assert said(one, b"hello") == b"hello"
        sender = threading.Thread(target=two.sendall, args=(large,))
        sender.start()
        assert read(two, len(large)) == large
        sender.join()
        assert (proxy.links, proxy.open) == (2, 2)
    assert echo.ended(2) == ["end", "end"]


@pytest.mark.parametrize("slow", [Faults(latency=0.01), Faults(rate=20_000), Faults(piece=1)])
def test_a_slow_link_loses_nothing(proxy: FaultProxy, slow: Faults) -> None:
    proxy.faults = slow
    with dial(proxy) as client:
        assert said(client, b"0123456789" * 100) == b"0123456789" * 100


def test_a_link_with_latency_carries_many_pieces_at_once(proxy: FaultProxy, echo: Echo) -> None:
    with dial(proxy) as client:
        proxy.faults = Faults(latency=0.3)
        for number in range(10):
            client.sendall(b"%d" % number)
        assert not echo.seen
        proxy.faults = Faults()
        assert read(client, 10) == b"0123456789", "what is on its way stays on its way"


@pytest.mark.parametrize("way", Way)
def test_a_reset_comes_after_that_many_bytes(proxy: FaultProxy, echo: Echo, way: Way) -> None:
    with dial(proxy) as client:
        assert said(client, b"not counted") == b"not counted"
        proxy.faults = Faults(reset=Reset(way, 5, times=2))
        assert reset(client, b"0123456789")
    assert echo.ended(1) == ["reset"]
    assert echo.seen.startswith(b"not counted01234")
    assert (b"6" in echo.seen) == (way is Way.DOWN)
    with dial(proxy) as client:
        assert reset(client, b"012345")
    with dial(proxy) as client:
        assert said(client, b"0123456789") == b"0123456789"
    assert proxy.resets == 2


def test_a_black_hole_accepts_and_says_nothing(proxy: FaultProxy, echo: Echo) -> None:
    proxy.faults = BLACK_HOLE
    with dial(proxy) as client:
        client.sendall(b"hello")
        assert silent(client)
        proxy.heal()
        assert read(client, 5) == b"hello", "who has waited is heard"
    assert bytes(echo.seen) == b"hello"


def test_what_a_black_hole_held_back_is_lost_with_its_sender(proxy: FaultProxy, echo: Echo) -> None:
    with dial(proxy) as client:
        assert said(client, b"hello") == b"hello"
        proxy.faults = BLACK_HOLE
        client.sendall(b"lost")
    proxy.heal()
    assert echo.ended(1) == ["reset"]
    assert bytes(echo.seen) == b"hello"


def test_what_was_held_back_may_arrive_long_after_its_sender_left(proxy: FaultProxy, echo: Echo) -> None:
    with dial(proxy) as client:
        assert said(client, b"hello") == b"hello"
        proxy.faults = Faults(held=frozenset({Way.UP}), late=0.3)
        client.sendall(b" and")
        assert silent(client)
        client.sendall(b" good-bye")
    proxy.heal()
    with dial(proxy) as other:
        assert said(other, b"!") == b"!", "others are not held up by it"
    assert bytes(echo.seen) == b"hello!"
    assert echo.saw(19) == b"hello! and good-bye"
    assert echo.ends == ["end"], "the late one stands as long as the server keeps it"


def test_a_dam_holds_one_client_in_the_middle_of_its_mail(echo: Echo) -> None:
    with Dam(echo.port, after=12) as dam, dial(dam) as one, dial(dam) as two:
        assert said(one, b"hello") == b"hello"
        one.sendall(b"a APPEND b {5+}\r\nabcde\r\n")
        assert dam.reached.wait(20)
        assert said(two, b"c APPEND d {0+}\r\n") == b"c APPEND d {0+}\r\n"
        assert read(one, 12) == b"a APPEND b {"
        assert silent(one)
        dam.release()
        assert read(one, 12) == b"5+}\r\nabcde\r\n"
        assert said(one, b"e APPEND f {0+}\r\n") == b"e APPEND f {0+}\r\n"


def test_half_open(proxy: FaultProxy, echo: Echo) -> None:
    with dial(proxy) as client:
        proxy.faults = Faults(held=frozenset({Way.DOWN}))
        client.sendall(b"hello")
        assert silent(client)
        assert bytes(echo.seen) == b"hello"
        proxy.faults = Faults(held=frozenset({Way.UP}))
        assert read(client, 5) == b"hello"
        client.sendall(b"again")
        assert silent(client)
        assert bytes(echo.seen) == b"hello"


def test_what_does_not_get_through_is_not_swallowed(proxy: FaultProxy) -> None:
    proxy.faults = BLACK_HOLE
    with dial(proxy) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.sendall(bytes(32 << 20))


def test_refused_and_back_on_the_same_port(proxy: FaultProxy) -> None:
    with dial(proxy) as client:
        for _ in range(2):
            proxy.faults = Faults(refused=True)
            with pytest.raises(ConnectionRefusedError):
                dial(proxy)
            assert said(client, b"open links stay") == b"open links stay"
            proxy.heal()
            with dial(proxy) as other:
                assert said(other, b"back") == b"back"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_another_certificate(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    theirs.mkdir()
    right, wrong = Authority(ours), Authority(theirs)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*right.server())
    trusting = ssl.create_default_context(cafile=str(right.ca_file))
    fooled = ssl.create_default_context(cafile=str(wrong.ca_file))
    echo = Echo(context)
    try:
        with FaultProxy(echo.port) as proxy:

            def talk(trust: ssl.SSLContext) -> bytes:
                with dial(proxy) as bare, trust.wrap_socket(bare, server_hostname="localhost") as client:
                    return said(client, b"hello")

            assert talk(trusting) == b"hello"
            proxy.faults = Faults(certificate=wrong.server())
            with pytest.raises(ssl.SSLCertVerificationError):
                talk(trusting)
            assert talk(fooled) == b"hello", "who trusts the other authority sees no difference"
            proxy.heal()
            assert talk(trusting) == b"hello"
    finally:
        echo.close()


def test_it_ends_whatever_is_open_and_wrong(echo: Echo) -> None:
    with FaultProxy(echo.port) as proxy:
        clients = [dial(proxy) for _ in range(3)]
        clients[0].sendall(b"x")
        proxy.faults = BLACK_HOLE
    for client in clients:
        with client, suppress(ConnectionError):
            assert client.recv(1) in {b"", b"x"}
    with pytest.raises(ConnectionRefusedError):
        dial(proxy)
