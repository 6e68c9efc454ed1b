"""A connection ended by another thread, whatever it waits for."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Literal

import pytest

from core.imap.connection import Address, Connection, SignIn, Timeouts
from core.imap.destination import ImapDestination
from core.mail.body import Body
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.destination import Outgoing
from core.ports.failure import Action, EndpointError, Side
from core.ports.lifeline import ABORTED
from core.secret import Secret
from tests.servers.dovecot import Dovecot
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import BLACK_HOLE, Faults, Way
from tests.servers.mail import WHEN
from tests.threads import Call

#: Longer than any test may take: nothing here ends by itself.
NEVER = Timeouts(600, 600)
HELD_UP = Faults(held=frozenset({Way.UP}))


@pytest.fixture
def between(dovecot: Dovecot) -> Iterator[Callable[[int], FaultProxy]]:
    with ExitStack() as stack:
        yield lambda port: stack.enter_context(FaultProxy(port))


def connection(
    server: Dovecot, port: int, user: str, security: Literal["tls", "starttls", "none"] = "none"
) -> Connection:
    address = Address("localhost", port, security, ca_file=server.ca_file)
    return Connection(address, SignIn(user, lambda: Secret(server.password)), Side.DESTINATION, NEVER)


@pytest.mark.parametrize("security", ["none", "tls", "starttls"])
def test_in_the_greeting_or_the_handshake(
    dovecot: Dovecot, between: Callable[[int], FaultProxy], user: str, security: Literal["tls", "starttls", "none"]
) -> None:
    proxy = between(dovecot.tls_port if security == "tls" else dovecot.port)
    proxy.faults = BLACK_HOLE
    made = connection(dovecot, proxy.port, user, security)
    call = Call(made.connect)
    assert call.waits
    made.abort()
    assert call.failure() == (Action.RETRY, ABORTED, False)
    made.close()


@pytest.mark.parametrize("security", ["none", "tls", "starttls"])
def test_in_the_middle_of_a_command(
    dovecot: Dovecot, between: Callable[[int], FaultProxy], user: str, security: Literal["tls", "starttls", "none"]
) -> None:
    proxy = between(dovecot.tls_port if security == "tls" else dovecot.port)
    made = connection(dovecot, proxy.port, user, security)
    made.connect()
    proxy.faults = Faults(held=frozenset({Way.DOWN}))
    call = Call(lambda: made.order(b"NOOP"))
    assert call.waits
    made.abort()
    assert call.failure() == (Action.RETRY, ABORTED, False)
    proxy.heal()
    with pytest.raises(EndpointError, match="cut off"):
        made.order(b"NOOP")
    assert proxy.links == 1, "it is over for good"
    made.close()


def test_before_it_was_made(dovecot: Dovecot, user: str) -> None:
    made = connection(dovecot, dovecot.port, user)
    made.abort()
    with pytest.raises(EndpointError, match="cut off"):
        made.connect()
    made.close()


def test_a_write_is_in_doubt_then(dovecot: Dovecot, between: Callable[[int], FaultProxy], user: str) -> None:
    proxy = between(dovecot.port)
    destination = ImapDestination(connection(dovecot, proxy.port, user))
    call = writing(destination, proxy, b"Subject: 1\r\n\r\n" * 10)
    destination.abort()
    assert call.failure() == (Action.RETRY, ABORTED, True)
    destination.close()
    proxy.heal()
    assert dovecot.read(user) == []


def test_a_write_that_the_server_does_not_take_in(
    dovecot: Dovecot, between: Callable[[int], FaultProxy], user: str
) -> None:
    """It waits for room to send, not for an answer."""
    proxy = between(dovecot.port)
    destination = ImapDestination(connection(dovecot, proxy.port, user))
    call = writing(destination, proxy, *[b"Subject: 1\r\n\r\n" * (1 << 16)] * 16)
    destination.abort()
    assert call.failure() == (Action.RETRY, ABORTED, True)
    destination.close()


def test_a_write_may_be_let_come_to_its_end(dovecot: Dovecot, between: Callable[[int], FaultProxy], user: str) -> None:
    proxy = between(dovecot.port)
    destination = ImapDestination(connection(dovecot, proxy.port, user))
    call = writing(destination, proxy, b"Subject: 1\r\n\r\n")
    destination.abort(finish=True)
    assert call.waits
    proxy.heal()
    assert call.error() is None
    with pytest.raises(EndpointError, match="cut off"):
        destination.folders()
    destination.close()
    assert [record.data for record in dovecot.read(user)] == [b"Subject: 1\r\n\r\n"]


def test_what_only_reads_is_not_waited_for(dovecot: Dovecot, between: Callable[[int], FaultProxy], user: str) -> None:
    proxy = between(dovecot.port)
    destination = ImapDestination(connection(dovecot, proxy.port, user))
    destination.connect()
    proxy.faults = HELD_UP
    call = Call(destination.folders)
    assert call.waits
    destination.abort(finish=True)
    assert call.failure() == (Action.RETRY, ABORTED, False)
    destination.close()


def test_a_connection_that_was_held_still_ends_hard(
    dovecot: Dovecot, between: Callable[[int], FaultProxy], user: str
) -> None:
    """The second handle does not keep it open."""
    proxy = between(dovecot.port)
    made = connection(dovecot, proxy.port, user)
    made.connect()
    link = made._client.socket()
    made.drop()
    assert link.fileno() == -1
    assert made._lifeline._handle is None
    made.connect()
    made.close()
    assert proxy.links == 2


def test_tls_is_not_undone_by_it(dovecot: Dovecot, user: str) -> None:
    made = connection(dovecot, dovecot.tls_port, user, "tls")
    made.connect()
    assert isinstance(made._client.socket(), ssl.SSLSocket)
    assert made._lifeline._handle is not None
    made.close()


def writing(destination: ImapDestination, proxy: FaultProxy, *messages: bytes) -> Call:
    """Write messages into a link that carries nothing up any more."""
    destination.connect()
    inbox = destination.create_folder(FolderPath.of("INBOX"), Role.INBOX)
    destination.mark(inbox)
    proxy.faults = HELD_UP
    batch = [Outgoing(f"1:a:b:7:{uid}", Body.of(data), Flags(), WHEN) for uid, data in enumerate(messages, 1)]
    call = Call(lambda: destination.write(inbox, batch))
    assert call.waits
    return call
