"""Who has to keep the contract of the ports. Another implementation adds its name and its ground here."""

from collections.abc import Iterator

import pytest

from core.ports.destination import Destination
from tests.contract.ground import Ground, ImapGround
from tests.servers.dovecot import Dovecot

#: Name of a destination, and the fixture of its server.
DESTINATIONS = {"imap": "dovecot", "imap-dot": "dovecot_dot"}


@pytest.fixture(params=DESTINATIONS)
def ground(request: pytest.FixtureRequest, user: str) -> Iterator[Ground]:
    """A fresh mailbox at each kind of destination."""
    server: Dovecot = request.getfixturevalue(DESTINATIONS[request.param])
    made: list[Destination] = []
    yield ImapGround(server, user, made.append)
    for destination in made:
        destination.close()


@pytest.fixture
def destination(ground: Ground) -> Destination:
    """The port under test, connected."""
    made = ground.destination()
    made.connect()
    return made
