"""Nothing more leaves once the guard says so, however long the way was blocked before."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.ports.guard import send, unguarded
from tests.servers.certificates import Authority

DATA = bytes(range(256)) * 40_000


class StopError(Exception):
    """What the guard says."""


@pytest.fixture(params=["plain", "tls"])
def link(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of one connection, with small buffers."""
    here, there = socket.socketpair()
    here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
    if request.param == "tls":
        authority = Authority(tmp_path)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(*authority.server())
        made: list[socket.socket] = []
        answering = threading.Thread(target=lambda: made.append(server.wrap_socket(there, server_side=True)))
        answering.start()
        trusting = ssl.create_default_context(cafile=str(authority.ca_file))
        here = trusting.wrap_socket(here, server_hostname="localhost")
        answering.join()
        (there,) = made
    here.settimeout(20)
    there.settimeout(20)
    with here, there:
        yield here, there


def read(there: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (piece := there.recv(1 << 16)):
        data += piece
    return data


def in_a_thread(call: Callable[[], None]) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001  looked at by the test
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def test_all_of_it_arrives_and_each_piece_was_asked_for(link: tuple[socket.socket, socket.socket]) -> None:
    here, there = link
    asked: list[int] = []
    thread, errors = in_a_thread(lambda: send(here, DATA, lambda: asked.append(1)))
    assert read(there, len(DATA)) == DATA
    thread.join()
    assert errors == []
    assert len(asked) >= len(DATA) >> 16


def test_who_was_blocked_asks_before_he_goes_on(link: tuple[socket.socket, socket.socket]) -> None:
    here, there = link
    stopped, blocked = threading.Event(), threading.Event()
    asked: list[int] = []

    def guard() -> None:
        asked.append(1)
        blocked.set()
        if stopped.is_set():
            raise StopError

    thread, errors = in_a_thread(lambda: send(here, DATA, guard))
    assert blocked.wait(20)
    while thread.is_alive():  # until it fits in no more
        before = len(asked)
        thread.join(0.1)
        if len(asked) == before:
            break
    stopped.set()
    taken = there.recv(1 << 16)
    thread.join(0.2)
    while thread.is_alive():
        taken += there.recv(1 << 16)
        thread.join(0.05)
    assert [type(error) for error in errors] == [StopError]
    assert len(asked) == before + 1
    here.close()
    assert len(taken + read(there, len(DATA))) < len(DATA) // 4


def test_a_way_that_stays_blocked_is_given_up(link: tuple[socket.socket, socket.socket]) -> None:
    here, _there = link
    here.settimeout(0.1)
    with pytest.raises(TimeoutError):
        send(here, DATA, unguarded)
