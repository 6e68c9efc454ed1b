"""Connections to IMAP servers that are closed after the test."""

from collections.abc import Callable, Iterator

import pytest

from core.imap.connection import Address, Connection, SignIn, Timeouts
from core.imap.destination import ImapDestination
from core.ports.failure import Side
from core.secret import Secret
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import Proxy


@pytest.fixture
def writing() -> Iterator[Callable[..., ImapDestination]]:
    """Makes destinations: port, user, password."""
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
    """Stands before `dovecot`."""
    with Proxy(dovecot.port) as between:
        yield between
