"""Fixtures for every test: the test data, real servers, fresh user names.

What is missing is skipped with a plain reason; where CI=true it fails, so that nothing is left out unseen.
"""

import itertools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest
from hypothesis import settings

from tests.sandbox.server import PracticeExchange
from tests.servers import courier as courier_server
from tests.servers import cyrus as cyrus_server
from tests.servers import davmail as davmail_program
from tests.servers import dovecot as dovecot_server
from tests.servers.courier import Courier
from tests.servers.cyrus import Cyrus
from tests.servers.davmail import Davmail
from tests.servers.dovecot import Dovecot
from tests.servers.imap_server import ImapServer
from tests.servers.pymap import Pymap

CHECKOUT = Path(__file__).resolve().parent.parent
_SERVERS = ("dovecot", "dovecot_dot", "make_dovecot", "courier", "cyrus", "cyrus_dot", "davmail")
_MARKS = {"testdata": "data"} | dict.fromkeys(_SERVERS, "server")
_TESTDATA = Path(os.environ.get("MAILCUTOVER_TESTDATA") or CHECKOUT.parent / "shared")
_numbers = itertools.count(1)

settings.register_profile("untimed", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("untimed")


# A shell ignores these for what runs in the background (`&`, nohup), and so would the programs that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)


def lacking(reason: str) -> NoReturn:
    """Skip, or fail where nothing may be skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true, nothing may be skipped: {reason}", pytrace=False)
    pytest.skip(reason)


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much mail of our own making is moved to each kind of destination."""
    parser.addoption("--generated", type=int, default=250, metavar="N", help="messages made for tests/system")


def pytest_report_header() -> list[str]:
    """Say in one line that the practice Exchange validates nothing, where that is so."""
    there = (_TESTDATA / "ews-schema").is_dir()
    return [] if there else ["validation against the EWS schemas is off: there are none in MAILCUTOVER_TESTDATA"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need, so that `-m "not server"` works without a word in each test."""
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in _MARKS:
                item.add_marker(_MARKS[fixture])


@pytest.fixture(scope="session")
def testdata() -> Path:
    """The folder of real messages and Microsoft's schemas, which are not part of the project."""
    if not _TESTDATA.is_dir():
        lacking(f"no test data at {_TESTDATA} (set MAILCUTOVER_TESTDATA)")
    return _TESTDATA


@pytest.fixture(scope="session")
def corpus(testdata: Path) -> list[bytes]:
    """Real and nasty messages, in the order of their names."""
    messages = [path.read_bytes() for path in sorted((testdata / "corpus").glob("*.eml"))]
    if not messages:
        lacking(f"no messages in {testdata / 'corpus'}")
    return messages


@pytest.fixture(scope="session")
def ews_schemas(testdata: Path) -> Path:
    """The folder of Microsoft's EWS schemas."""
    folder = testdata / "ews-schema"
    if not (folder / "ews-messages.xsd").exists():
        lacking(f"no EWS schemas in {folder}")
    return folder


@pytest.fixture
def user() -> str:
    """A user name that no other test has."""
    return f"user{next(_numbers)}"


_Server = TypeVar("_Server", bound=ImapServer)


def _run(server: _Server, reason: str | None) -> Iterator[_Server]:
    """The server while the tests run; `reason`: why it cannot be started here."""
    if reason:
        lacking(reason)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A Dovecot with '/' and no prefix."""
    yield from _run(Dovecot(), dovecot_server.unavailable())


@pytest.fixture(scope="session")
def dovecot_dot() -> Iterator[Dovecot]:
    """A Dovecot with '.' and everything below 'INBOX.'."""
    yield from _run(Dovecot(separator=".", prefix="INBOX."), dovecot_server.unavailable())


@pytest.fixture(scope="session")
def make_dovecot() -> Iterator[Callable[..., Dovecot]]:
    """Dovecots of other shapes, by the keywords of `Dovecot`; the same keywords give the same server."""
    servers: dict[str, Dovecot] = {}

    def make(**options: Any) -> Dovecot:
        reason = dovecot_server.unavailable()
        if reason:
            lacking(reason)
        server = servers.setdefault(repr(sorted(options.items())), Dovecot(**options))
        if not server.running:
            server.start()
        return server

    try:
        yield make
    finally:
        for server in servers.values():
            server.ask_to_stop()
        for server in servers.values():
            server.remove()


@pytest.fixture(scope="session")
def courier() -> Iterator[Courier]:
    """A Courier, which knows nothing younger than UIDPLUS."""
    yield from _run(Courier(), courier_server.unavailable())


@pytest.fixture(scope="session")
def cyrus() -> Iterator[Cyrus]:
    """A Cyrus with '/' and no prefix, as version 3 has it."""
    yield from _run(Cyrus(), cyrus_server.unavailable())


@pytest.fixture(scope="session")
def cyrus_dot() -> Iterator[Cyrus]:
    """A Cyrus with '.' and everything below 'INBOX.', as version 2 had it."""
    yield from _run(Cyrus(separator=".", prefix="INBOX."), cyrus_server.unavailable())


@pytest.fixture(scope="session")
def pymap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pymap]:
    """A pymap server: one user, so its tests share a mailbox."""
    server = Pymap(tmp_path_factory.mktemp("pymap") / "log")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def make_practice_exchange(tmp_path: Path) -> Iterator[Callable[..., PracticeExchange]]:
    """Practice Exchanges, by the keywords of `PracticeExchange`; started, empty, and stopped at the end.

    They validate against Microsoft's schemas where the test data is, and the test fails when they answered wrongly.
    """
    schemas = _TESTDATA / "ews-schema"
    if not schemas.is_dir() and os.environ.get("CI") == "true":
        lacking(f"no EWS schemas in {schemas}")
    servers: list[PracticeExchange] = []

    def make(**options: Any) -> PracticeExchange:
        data = tmp_path / f"exchange{len(servers)}"
        server = PracticeExchange(**{"data": data, "schemas": schemas if schemas.is_dir() else None} | options)
        servers.append(server)
        server.start()
        return server

    yield make
    for server in servers:
        server.stop()
    assert [problem for server in servers for problem in (*server.schema_errors, *server.errors)] == []


@pytest.fixture
def practice_exchange(make_practice_exchange: Callable[..., PracticeExchange]) -> PracticeExchange:
    """A practice Exchange with the account svc (password: secret), which may impersonate."""
    server = make_practice_exchange()
    server.add_account("svc", "secret")
    return server


@pytest.fixture
def davmail(practice_exchange: PracticeExchange) -> Iterator[Davmail]:
    """DavMail, which shows the mailboxes of the practice Exchange over IMAP."""
    reason = davmail_program.unavailable()
    if reason:
        lacking(reason)
    gateway = Davmail(practice_exchange.url)
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.stop()
