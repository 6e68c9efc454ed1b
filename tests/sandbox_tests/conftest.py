"""Ann's mailbox at a practice Exchange, and a raw client that acts for her."""

from collections.abc import Iterator

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
