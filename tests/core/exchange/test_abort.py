"""A request ended by another thread, whatever it waits for; and a link on which everything takes long."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.exchange import session
from core.exchange.destination import ExchangeDestination
from core.exchange.settings import Settings
from core.ports.failure import Action, EndpointError
from core.ports.lifeline import ABORTED
from core.secret import Secret
from tests.core.exchange.conftest import ADMIN, PASSWORD, Box, batch, eventually, inbox, outgoing, small
from tests.sandbox.server import PracticeExchange
from tests.servers.certificates import Authority
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import BLACK_HOLE, Faults, Way
from tests.threads import Call

HELD_UP, HELD_DOWN = (Faults(held=frozenset({way})) for way in Way)


@pytest.fixture
def between() -> Iterator[Callable[[str], FaultProxy]]:
    """Stands before the server at a URL."""
    with ExitStack() as stack:
        yield lambda url: stack.enter_context(FaultProxy(urlsplit(url).port or 0))


@pytest.fixture
def proxy(box: Box, between: Callable[[str], FaultProxy]) -> FaultProxy:
    return between(box.server.url)


def behind(box: Box, proxy: FaultProxy) -> ExchangeDestination:
    """A destination behind the proxy that never loses its patience."""
    return box.open(url=f"http://127.0.0.1:{proxy.port}/EWS/Exchange.asmx", timeout=600)


def test_in_the_first_request(box: Box, proxy: FaultProxy) -> None:
    proxy.faults = BLACK_HOLE
    destination = behind(box, proxy)
    call = Call(destination.connect)
    assert eventually(lambda: proxy.links == 1)
    assert call.waits
    destination.abort()
    assert call.failure() == (Action.RETRY, ABORTED, False)
    with pytest.raises(EndpointError, match="cut off"):
        destination.connect()
    assert proxy.links == 1, "it is over for good"


def test_in_the_handshake(tmp_path: Path, between: Callable[[str], FaultProxy]) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.server()
    with PracticeExchange(tmp_path / "data", certificate=certificate, key=key) as server:
        server.add_account(ADMIN, PASSWORD)
        server.add_mailbox("ann@example.com")
        proxy = between(server.url)
        url = f"https://localhost:{proxy.port}/EWS/Exchange.asmx"
        settings = Settings(
            url, "impersonation", "basic", ADMIN, lambda: Secret(PASSWORD), ca_file=authority.ca_file, timeout=600
        )
        proxy.faults = BLACK_HOLE
        destination = ExchangeDestination(settings, "ann@example.com")
        call = Call(destination.connect)
        assert call.waits
        destination.abort()
        assert call.failure() == (Action.RETRY, ABORTED, False)
        destination.close()
        proxy.heal()
        destination = ExchangeDestination(settings, "ann@example.com")
        destination.connect()
        proxy.faults = HELD_DOWN
        call = Call(destination.folders)
        assert call.waits
        destination.abort()
        assert call.failure() == (Action.RETRY, ABORTED, False)
        destination.close()


@pytest.mark.parametrize("held", [HELD_UP, HELD_DOWN])
def test_a_write_is_in_doubt_then(box: Box, proxy: FaultProxy, held: Faults) -> None:
    destination = behind(box, proxy)
    destination.connect()
    folder = inbox(destination)
    proxy.faults = held
    call = Call(lambda: destination.write(folder, batch()))
    assert call.waits
    destination.abort()
    assert call.failure() == (Action.RETRY, ABORTED, True)
    proxy.heal()
    if held is HELD_DOWN:
        assert eventually(lambda: box.mailbox.count() == 3)
    else:
        assert box.mailbox.count() == 0


def test_a_write_of_which_the_end_was_not_sent_is_not(box: Box, proxy: FaultProxy) -> None:
    destination = behind(box, proxy)
    destination.connect()
    folder = inbox(destination)
    proxy.faults = HELD_UP
    call = Call(lambda: destination.write(folder, [outgoing(1, data=small(1, size=16 << 20))]))
    assert call.waits
    destination.abort()
    assert call.failure() == (Action.RETRY, ABORTED, False)
    proxy.heal()
    assert box.mailbox.count() == 0


def test_a_write_may_be_let_come_to_its_end(box: Box, proxy: FaultProxy) -> None:
    destination = behind(box, proxy)
    destination.connect()
    folder = inbox(destination)
    proxy.faults = HELD_UP
    call = Call(lambda: destination.write(folder, batch()))
    assert call.waits
    destination.abort(finish=True)
    assert call.waits
    proxy.heal()
    assert call.error() is None
    assert box.mailbox.count() == 3
    with pytest.raises(EndpointError, match="cut off"):
        destination.folders()


def test_others_with_the_same_account_go_on(box: Box, make_box: Callable[..., Box], proxy: FaultProxy) -> None:
    """They share the connections: only the one that is in use for this mailbox is ended."""
    ann, ben = behind(box, proxy), behind(make_box(), proxy)
    ann.connect()
    ben.connect()
    ben.folders()
    assert proxy.links == 1
    ann.abort()
    ben.folders()
    assert proxy.links == 1
    proxy.faults = HELD_DOWN
    call = Call(ben.folders)
    assert call.waits
    ann.abort()
    proxy.heal()
    assert call.error() is None


def test_a_connection_that_was_ended_is_not_used_again(
    box: Box, make_box: Callable[..., Box], proxy: FaultProxy
) -> None:
    ann, ben = behind(box, proxy), behind(make_box(), proxy)
    ann.connect()
    proxy.faults = HELD_DOWN
    call = Call(ann.folders)
    assert call.waits
    ann.abort()
    assert call.failure()[1] == ABORTED
    proxy.heal()
    ben.connect()
    assert proxy.links == 2


def test_a_slow_way_up_is_no_silence(box: Box, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seconds that a host has to accept a connection are not those that a request may take to get there."""
    monkeypatch.setattr(session, "_CONNECT", 0.2)
    destination = behind(box, proxy)
    destination.connect()
    folder = inbox(destination)
    proxy.faults = HELD_UP
    call = Call(lambda: destination.write(folder, [outgoing(1, data=small(1, size=16 << 20))]))
    assert all(call.waits for _ in range(5))
    proxy.heal()
    assert call.error() is None
    assert box.mailbox.count() == 1


def test_a_link_that_never_takes_the_request_is_given_up(box: Box, proxy: FaultProxy) -> None:
    destination = box.open(url=f"http://127.0.0.1:{proxy.port}/EWS/Exchange.asmx", timeout=0.3)
    destination.connect()
    folder = inbox(destination)
    proxy.faults = HELD_UP
    call = Call(lambda: destination.write(folder, [outgoing(1, data=small(1, size=16 << 20))]))
    assert call.failure() == (Action.RETRY, "TIMEOUT", False)
