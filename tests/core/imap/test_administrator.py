"""How often an administrator's password is tried before everybody knows that it is wrong."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from core.imap.administrator import Administrator
from core.imap.connection import Address, AdminSignIn, Connection, SignIn, Timeouts
from core.ports.failure import Action, EndpointError, Failure, Side
from core.secret import Secret
from tests.servers.dovecot import Dovecot

REFUSED = Failure(Action.STOP_MAILBOX, "AUTHENTICATIONFAILED", "refused", side=Side.SOURCE, sign_in=True)
NOT_HIS = Failure(Action.STOP_MAILBOX, "AUTHORIZATIONFAILED", "not his", side=Side.SOURCE, sign_in=True)
BUSY = Failure(Action.WAIT, "UNAVAILABLE", "busy", side=Side.SOURCE)


@dataclass
class Server:
    """Says what it is told to say for a mailbox, and takes the others."""

    says: dict[str, Failure] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.boss = Administrator(lambda: self.now)

    def sign_in(self, mailbox: str) -> Action | None:
        def attempt() -> Failure | None:
            self.asked.append(mailbox)
            return self.says.get(mailbox)

        failure = self.boss.sign_in(mailbox, Side.SOURCE, attempt, lambda: False)
        return None if failure is None else failure.action


def test_the_second_mailbox_that_is_refused_decides() -> None:
    server = Server(dict.fromkeys("abcd", REFUSED))
    assert [server.sign_in(name) for name in "abcd"] == [Action.STOP_MAILBOX, *[Action.STOP_BATCH] * 3]
    assert server.asked == ["a", "b"]


@pytest.mark.parametrize("failure", [BUSY, NOT_HIS])
def test_what_is_not_about_him_is_held_against_nobody(failure: Failure) -> None:
    server = Server(dict.fromkeys("abc", failure))
    assert [server.sign_in(name) for name in "abcd"] == [*[failure.action] * 3, None]


def test_once_taken_refusals_are_the_mailboxes_own() -> None:
    server = Server(dict.fromkeys("acde", REFUSED))
    assert [server.sign_in(name) for name in "abcdef"] == [
        Action.STOP_MAILBOX,
        None,
        *[Action.STOP_MAILBOX] * 3,
        None,
    ]


def test_the_same_mailbox_twice_proves_nothing() -> None:
    server = Server({"a": REFUSED})
    assert [server.sign_in(name) for name in "aab"] == [Action.STOP_MAILBOX, Action.STOP_MAILBOX, None]


def test_who_comes_a_minute_later_gets_a_try() -> None:
    server = Server(dict.fromkeys("ab", REFUSED))
    assert [server.sign_in(name) for name in "abc"][2] is Action.STOP_BATCH
    server.now = 61.0
    assert server.sign_in("c") is None
    assert server.asked == ["a", "b", "c"]


def test_who_waits_for_another_can_be_called_off() -> None:
    boss, trying, go = Administrator(), threading.Event(), threading.Event()

    def slow() -> None:
        trying.set()
        go.wait(20)

    first = threading.Thread(target=lambda: boss.sign_in("a", Side.SOURCE, slow, lambda: False))
    first.start()
    trying.wait(20)
    with pytest.raises(EndpointError, match="cut off"):
        boss.sign_in("b", Side.SOURCE, lambda: None, lambda: True)
    go.set()
    first.join()


@pytest.fixture
def connect(dovecot: Dovecot) -> Callable[[str, str], Failure | None]:
    """Sign in for a mailbox with a password of the administrator's; what was refused."""

    def connect(user: str, password: str) -> Failure | None:
        sign_in = SignIn(user, lambda: Secret(password), AdminSignIn(dovecot.master))
        connection = Connection(Address(dovecot.host, dovecot.port, "none"), sign_in, Side.SOURCE, Timeouts(5, 20))
        try:
            connection.connect()
        except EndpointError as error:
            return error.failure
        finally:
            connection.close()
        return None

    return connect


def test_connections_share_what_they_learn(
    dovecot: Dovecot, connect: Callable[[str, str], Failure | None], user: str
) -> None:
    def refusals() -> int:
        return sum("auth failed" in line and dovecot.master in line for line in dovecot.log.splitlines())

    before = refusals()
    failures: list[Failure | None] = []
    threads = [
        threading.Thread(target=lambda number=number: failures.append(connect(f"{user}-{number}", f"not {user}'s")))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(failure.action) for failure in failures if failure) == ["stop_batch"] * 7 + ["stop_mailbox"]
    assert all("[source.admin]" in failure.cure for failure in failures if failure)
    assert connect(user, dovecot.master_password) is None
    patience = time.monotonic() + 10
    while refusals() < before + 2 and time.monotonic() < patience:
        time.sleep(0.05)  # Dovecot's log comes later than its answer
    assert refusals() == before + 2
