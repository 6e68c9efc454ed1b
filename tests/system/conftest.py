from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.system.program import Program
from tests.system.sides import Destination, Exchange, Imap


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    program.close()


@pytest.fixture
def exchange(practice_exchange: PracticeExchange, user: str) -> PracticeExchange:
    """The practice Exchange with a German mailbox for the test's user."""
    practice_exchange.add_mailbox(f"{user}@new.example", language="de")
    return practice_exchange


@pytest.fixture(scope="session")
def second_dovecot(make_dovecot: Callable[..., Dovecot]) -> Dovecot:
    """A Dovecot to move to."""
    return make_dovecot(fsync="optimized")


@pytest.fixture(params=["/", "INBOX."])
def source(request: pytest.FixtureRequest) -> Dovecot:
    """Both namespaces that old servers have."""
    server: Dovecot = request.getfixturevalue("dovecot" if request.param == "/" else "dovecot_dot")
    return server


@pytest.fixture(params=["ews", "imap"])
def destination(request: pytest.FixtureRequest) -> Destination:
    """Both kinds of destination."""
    if request.param == "ews":
        return Exchange(request.getfixturevalue("practice_exchange"))
    return Imap(request.getfixturevalue("second_dovecot"))
