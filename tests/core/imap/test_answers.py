import imaplib
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.imap.answers import failure_of
from core.imap.wire import Completion, GarbledError, LostError, completion_of
from core.ports.failure import Action, EndpointError, Failure, Side

S, D = Side.SOURCE, Side.DESTINATION


def no(said: str, status: bytes = b"NO") -> Completion:
    return completion_of(status, said.encode())


@pytest.mark.parametrize(
    ("said", "action", "code"),
    [
        # response codes
        ("[AUTHENTICATIONFAILED] Authentication failed.", Action.STOP_MAILBOX, "AUTHENTICATIONFAILED"),
        ("[AUTHORIZATIONFAILED] no", Action.STOP_MAILBOX, "AUTHORIZATIONFAILED"),
        ("[EXPIRED] password", Action.STOP_MAILBOX, "EXPIRED"),
        ("[PRIVACYREQUIRED] use TLS", Action.STOP_BATCH, "PRIVACYREQUIRED"),
        ("[UNAVAILABLE] Temporary authentication failure.", Action.WAIT, "UNAVAILABLE"),
        ("[LIMIT] Too many", Action.WAIT, "LIMIT"),
        ("[limit] small letters", Action.WAIT, "LIMIT"),
        ("[INUSE] Mailbox is locked", Action.WAIT, "INUSE"),
        ("[THROTTLED]", Action.WAIT, "THROTTLED"),
        ("[SERVERBUG] Internal error occurred.", Action.RETRY, "SERVERBUG"),
        ("[OVERQUOTA] Quota exceeded (mailbox for user is full)", Action.STOP_MAILBOX, "OVERQUOTA"),
        ("[TOOBIG] Message too large", Action.REJECT, "TOOBIG"),
        ("[TRYCREATE] Mailbox doesn't exist: x", Action.RETRY, "TRYCREATE"),
        ("[NONEXISTENT] Mailbox doesn't exist: x", Action.RETRY, "NONEXISTENT"),
        ("[ALREADYEXISTS] Mailbox already exists", Action.RETRY, "ALREADYEXISTS"),
        ("[CANNOT] Character not allowed in mailbox name: '/'", Action.REJECT, "CANNOT"),
        ("[NOPERM] Permission denied", Action.STOP_MAILBOX, "NOPERM"),
        # words only
        ("Maximum size of appendable message has been exceeded.", Action.REJECT, "TOOBIG"),
        ("Quota exceeded", Action.STOP_MAILBOX, "OVERQUOTA"),
        ("Over quota", Action.STOP_MAILBOX, "OVERQUOTA"),
        ("Request is throttled. Suggested Backoff Time: 299961 milliseconds", Action.WAIT, "THROTTLED"),
        ("[ALERT] Too many simultaneous connections. (Failure)", Action.WAIT, "LIMIT"),
        ("Maximum number of connections from user+IP exceeded", Action.WAIT, "LIMIT"),
        ("User is authenticated but not connected.", Action.WAIT, "UNAVAILABLE"),
        ("Server Unavailable. 15", Action.WAIT, "UNAVAILABLE"),
        ("[ALERT] Account exceeded command or bandwidth limits.", Action.WAIT, "THROTTLED"),
        ("LOGIN failed.", Action.STOP_MAILBOX, "AUTHENTICATIONFAILED"),
        ("Folder name is reserved.", Action.REJECT, "CANNOT"),
        ("Message contains bare newlines", Action.REJECT, "FORM"),
        ("Message contains NUL characters", Action.REJECT, "FORM"),
        ("Message contains invalid header", Action.REJECT, "FORM"),
        ("Message contains non-ASCII characters in headers", Action.REJECT, "FORM"),
        ("Message has no header/body separator", Action.REJECT, "FORM"),
        ("Zero-length message literal", Action.REJECT, "FORM"),
        ("Can't save a zero byte message (0.001 + 0.000 secs).", Action.REJECT, "FORM"),
        ("Command Argument Error. 11", Action.REJECT, "FORM"),
        ("Command Argument Error. 12", Action.SPLIT, "NO"),
        ("[UNKNOWN-CTE] binary", Action.REJECT, "UNKNOWN-CTE"),
        ("Mailbox was deleted under us", Action.RETRY, "NONEXISTENT"),
        # anything else
        ("[ALERT] whatever", Action.SPLIT, "ALERT"),
        ("what is that", Action.SPLIT, "NO"),
        ("", Action.SPLIT, "NO"),
    ],
)
def test_what_a_server_refuses(said: str, action: Action, code: str) -> None:
    failure = failure_of(no(said), D, otherwise=Action.SPLIT)
    assert (failure.action, failure.code, failure.said, failure.side) == (action, code, said, D)
    assert failure.cause
    assert not failure.in_doubt
    assert failure.form is (code in {"FORM", "UNKNOWN-CTE"})


def test_a_hint_is_kept_in_seconds_and_comes_before_a_code() -> None:
    said = "[TOOBIG] odd. Suggested Backoff Time: 1500 milliseconds"
    failure = failure_of(no(said, b"BAD"), D)
    assert (failure.action, failure.seconds, failure.code) == (Action.WAIT, 1.5, "TOOBIG")


@pytest.mark.parametrize(
    ("said", "sign_in", "alone"),
    [
        ("[INUSE] Mailbox is locked", False, True),
        ("[SERVERBUG] Internal error occurred.", False, True),
        ("[SERVERBUG] Internal error occurred.", True, False),
        ("User is authenticated but not connected.", True, True),
        ("[UNAVAILABLE] Temporary authentication failure.", True, False),
        ("[INUSE] Suggested Backoff Time: 1500 milliseconds", False, False),
        ("Too many simultaneous connections.", False, False),
    ],
)
def test_what_says_nothing_of_other_mailboxes(said: str, sign_in: bool, alone: bool) -> None:
    assert failure_of(no(said), D, sign_in=sign_in).alone is alone


def test_what_is_too_large_comes_with_its_size() -> None:
    failure = failure_of(no("[TOOBIG] Message too large"), D, otherwise=Action.REJECT, size=12 << 20)
    assert failure.cause == "the message is larger than the server takes: 12.0 MB"
    assert "MB" not in failure_of(no("Quota exceeded"), D, size=12 << 20).cause


def test_who_is_full() -> None:
    """Gmail says OVERQUOTA to a client that reads too much."""
    assert failure_of(no("[OVERQUOTA] Account exceeded bandwidth limits"), S).action is Action.WAIT
    assert failure_of(no("Quota exceeded"), S).quota is False
    assert failure_of(no("Quota exceeded"), D).quota is True


def test_an_unknown_refusal_of_a_sign_in_is_a_refused_sign_in() -> None:
    failure = failure_of(no("[WEBALERT https://x.example] Web login required"), S, sign_in=True)
    assert (failure.action, failure.sign_in, failure.code) == (Action.STOP_MAILBOX, True, "WEBALERT")
    assert failure_of(no("[UNAVAILABLE] later"), S, sign_in=True).sign_in is False


@pytest.mark.parametrize(
    ("problem", "action", "code"),
    [
        (LostError(), Action.RETRY, "LOST"),
        (LostError("Disconnected for inactivity."), Action.RETRY, "BYE"),
        (LostError("[UNAVAILABLE] Server shutting down."), Action.WAIT, "UNAVAILABLE"),
        (LostError("Too many connections"), Action.WAIT, "LIMIT"),
        (LostError("[SERVERBUG] Internal error"), Action.RETRY, "BYE"),
        (LostError("Mailbox was deleted under us"), Action.RETRY, "BYE"),
        (LostError("[OVERQUOTA] Account exceeded bandwidth limits"), Action.WAIT, "OVERQUOTA"),
        (GarbledError("x"), Action.RETRY, "GARBLED"),
        (TimeoutError("timed out"), Action.RETRY, "TIMEOUT"),
        (socket.gaierror(-2, "Name or service not known"), Action.RETRY, "HOST"),
        (ConnectionRefusedError(111, "no"), Action.RETRY, "REFUSED"),
        (ConnectionResetError(104, "reset"), Action.RETRY, "LOST"),
        (OSError(113, "No route to host"), Action.RETRY, "LOST"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), Action.RETRY, "LOST"),
        (imaplib.IMAP4.abort("socket error: EOF"), Action.RETRY, "LOST"),
        (imaplib.IMAP4.error(b"* BYE [LIMIT] Too many"), Action.WAIT, "LIMIT"),
        (imaplib.IMAP4.error("server not IMAP4 compliant"), Action.RETRY, "GARBLED"),
    ],
)
def test_what_may_happen_to_a_connection(problem: Exception, action: Action, code: str) -> None:
    failure = failure_of(problem, S)
    assert (failure.action, failure.code, failure.side) == (action, code, S)
    assert not failure.quota
    assert not failure.sign_in


def test_a_full_mailbox_is_told_by_an_answer_not_by_hanging_up() -> None:
    failure = failure_of(LostError("[OVERQUOTA] full"), D)
    assert (failure.action, failure.quota) == (Action.RETRY, False)


def test_what_is_a_failure_already_stays_so() -> None:
    failure = Failure(Action.SPLIT, "X", "x")
    assert failure_of(EndpointError(failure), S) is failure


def test_a_fault_of_our_own_is_not_the_servers() -> None:
    with pytest.raises(KeyError):
        failure_of(KeyError("x"), S)


@given(st.sampled_from([b"NO", b"BAD"]), st.binary(max_size=200), st.sampled_from(list(Side)), st.booleans())
def test_whatever_a_server_says_means_something(status: bytes, said: bytes, side: Side, sign_in: bool) -> None:
    failure = failure_of(completion_of(status, said), side, sign_in=sign_in)
    assert failure.cause
    assert failure.side is side
