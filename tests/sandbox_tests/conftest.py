"""Ann's mailbox at a practice Exchange, and a raw client that acts for her."""

from collections.abc import Callable, Iterator

import pytest

from tests.sandbox.mailbox import Mailbox
from tests.sandbox.raw import RawClient
from tests.sandbox.server import PracticeExchange

ADDRESS = "ann@example.com"


@pytest.fixture
def ann(practice_exchange: PracticeExchange) -> Mailbox:
    return practice_exchange.add_mailbox(ADDRESS, "secret-of-ann")


@pytest.fixture
def client(practice_exchange: PracticeExchange, ann: Mailbox) -> Iterator[RawClient]:
    with RawClient(practice_exchange.url, "svc", "secret", mailbox=ADDRESS) as raw:
        yield raw


@pytest.fixture
def make_client(practice_exchange: PracticeExchange) -> Iterator[Callable[[], RawClient]]:
    """More clients, each with a connection of its own."""
    clients: list[RawClient] = []

    def make() -> RawClient:
        clients.append(RawClient(practice_exchange.url, "svc", "secret", mailbox=ADDRESS))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
