"""Who has to keep the contract of the ports. Another implementation adds its name and its ground here."""

from collections.abc import Callable, Iterator

import pytest

from core.mail.folder import Role
from core.ports.destination import Destination
from tests.contract.exchange_ground import ExchangeGround
from tests.contract.ground import Ground, ImapGround

#: Told of every destination that a ground makes, to close it after the test.
Closing = Callable[[Destination], None]
Maker = Callable[[pytest.FixtureRequest, str, Closing], Ground]


def _imap(fixture: str) -> Maker:
    def make(request: pytest.FixtureRequest, user: str, closing: Closing) -> Ground:
        return ImapGround(request.getfixturevalue(fixture), user, closing)

    return make


def _courier(request: pytest.FixtureRequest, user: str, closing: Closing) -> Ground:
    server = request.getfixturevalue("courier")
    return ImapGround(server, user, closing, roles=frozenset({Role.INBOX}), renames=False)


def _exchange(request: pytest.FixtureRequest, user: str, closing: Closing) -> Ground:
    return ExchangeGround(request.getfixturevalue("practice_exchange"), user, closing)


#: Makes the ground for a new mailbox of that user. Ask for a server by its fixture's name, so that it starts only then.
GROUNDS: dict[str, Maker] = {
    "imap": _imap("dovecot"),
    "imap-dot": _imap("dovecot_dot"),
    "courier": _courier,
    "cyrus": _imap("cyrus"),
    "exchange": _exchange,
}


@pytest.fixture(params=GROUNDS)
def ground(request: pytest.FixtureRequest, user: str) -> Iterator[Ground]:
    """A fresh mailbox at each kind of destination."""
    made: list[Destination] = []
    yield GROUNDS[request.param](request, user, made.append)
    for destination in made:
        destination.close()


@pytest.fixture
def destination(ground: Ground) -> Destination:
    """The port under test, connected."""
    made = ground.destination()
    made.connect()
    return made
