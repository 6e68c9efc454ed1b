"""What the connection does below SOAP: cut off, too large, silent, or something else altogether."""

import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit

import pytest
import requests

from core.exchange import link
from core.exchange.destination import ExchangeDestination
from core.exchange.soap import Envelope, Request
from core.mail.body import Body
from core.mail.folder import FolderPath
from core.ports.destination import DestinationFolder, Outgoing
from core.ports.failure import Action, EndpointError, Failure
from tests.core.exchange.conftest import Box, inbox, outgoing, small
from tests.core.exchange.host import Host, closing, cutting, http, passing, request, saying, soap
from tests.sandbox.connection import Oversize
from tests.sandbox.soap import SoapFaultError, fault

FOLDER = DestinationFolder(FolderPath.of("INBOX"), "some id")


def large(*sizes: int) -> list[Outgoing]:
    """Messages of these sizes."""
    return [outgoing(number, data=small(number, size=size)) for number, size in enumerate(sizes, 1)]


def failing(destination: ExchangeDestination, folder: DestinationFolder, messages: list[Outgoing]) -> Failure:
    """How this write fails."""
    with pytest.raises(EndpointError) as caught:
        destination.write(folder, messages)
    return caught.value.failure


@pytest.mark.parametrize("answer", ["413", "404.13", "close"])
@pytest.mark.parametrize(("sizes", "action"), [((4 << 20,), Action.REJECT), ((2 << 20, 2 << 20), Action.SPLIT)])
def test_a_request_above_the_server_s_limit(
    box: Box, monkeypatch: pytest.MonkeyPatch, answer: Oversize, sizes: tuple[int, ...], action: Action
) -> None:
    destination = box.connected()
    folder = inbox(destination)
    monkeypatch.setattr(box.server.limit, "size", 3 << 20)
    monkeypatch.setattr(box.server.limit, "answer", answer)
    before = box.server.connections
    failure = failing(destination, folder, large(*sizes))
    assert (failure.action, failure.in_doubt) == (action, False)
    assert ("maxAllowedContentLength" in failure.cure) == (action is Action.REJECT)
    assert box.server.connections - before <= 2
    assert box.mailbox.count() == 0
    # The next one goes through.
    assert destination.write(folder, large(2 << 20))[0].failure is None


def test_a_small_request_that_is_cut_off_is_a_matter_of_the_link(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    destination = box.connected()
    folder = inbox(destination)
    monkeypatch.setattr(box.server.limit, "size", 300_000)
    monkeypatch.setattr(box.server.limit, "answer", "close")
    assert failing(destination, folder, large(500_000)).action is Action.RETRY


def test_a_large_request_that_is_cut_off_once_is_sent_again(box: Box, spool: Callable[[int], Body]) -> None:
    body = spool(9 << 20)
    messages = [Outgoing(message.token, body, message.flags, message.received) for message in [outgoing(1)]]
    there = passing(urlsplit(box.server.url).port or 0)
    with Host(cutting(2 << 20), there) as host:
        folder = inbox(box.connected())
        destination = box.open(url=host.url)
        assert destination.write(folder, messages)[0].failure is None
        assert host.connections == 2
        destination.close()
    assert [item.mime for item in box.mailbox.items()] == [body.read()]


def test_a_link_that_goes_down_while_sending_is_no_verdict_on_the_message(box: Box) -> None:
    def go_down(client: socket.socket) -> None:
        host.stop_listening()
        cutting(1 << 20)(client)

    with Host(go_down) as host:
        failure = failing(box.open(url=host.url), FOLDER, large(4 << 20))
    assert (failure.action, failure.code, failure.in_doubt) == (Action.RETRY, "REFUSED", False)


def test_closed_without_an_answer_is_in_doubt(box: Box) -> None:
    with Host(closing) as host:
        destination = box.open(url=host.url)
        failure = failing(destination, FOLDER, large(10))
        assert (failure.action, failure.code, failure.in_doubt) == (Action.RETRY, "LOST", True)
        assert host.connections == 1


def test_a_lost_question_leaves_nothing_in_doubt(box: Box) -> None:
    with Host(closing) as host:
        destination = box.open(url=host.url)
        with pytest.raises(EndpointError) as caught:
            destination.connect()
        assert (caught.value.failure.action, caught.value.failure.in_doubt) == (Action.RETRY, False)


def test_no_answers_at_all_are_in_doubt(box: Box) -> None:
    with Host(saying(soap("CreateItem"))) as host:
        failure = failing(box.open(url=host.url), FOLDER, large(10, 20))
    assert (failure.action, failure.code, failure.in_doubt) == (Action.RETRY, "AnswerCount", True)


@pytest.mark.parametrize(
    ("status", "code", "headers", "action", "seconds"),
    [
        ("503 Service Unavailable", "ErrorServerBusy", (), Action.WAIT, 0.4),
        ("503 Service Unavailable", "ErrorServerBusy", ("Retry-After: 3",), Action.WAIT, 3.0),
        ("500 Internal Server Error", "ErrorServerBusy", ("Retry-After: 3",), Action.WAIT, 3.0),
        ("500 Internal Server Error", "ErrorServerBusy", ("Retry-After: 0",), Action.WAIT, 0.4),
        ("503 Service Unavailable", "Receiver", ("Retry-After: 3",), Action.WAIT, 3.0),
        ("429 Too Many Requests", "ErrorExceededConnectionCount", (), Action.WAIT, 0.4),
        ("403 Forbidden", "ErrorAccountDisabled", (), Action.STOP_MAILBOX, None),
        ("403 Forbidden", "Receiver", (), Action.STOP_MAILBOX, None),
        ("502 Bad Gateway", "ErrorMailboxMoveInProgress", ("Retry-After: 3",), Action.WAIT, 3.0),
    ],
)
def test_a_fault_counts_whatever_its_status_if_it_is_one_of_exchange_s(
    box: Box, status: str, code: str, headers: tuple[str, ...], action: Action, seconds: float | None
) -> None:
    body = fault(SoapFaultError(code, "in words", values={"BackOffMilliseconds": "400"}))
    with Host(saying(http(status, body, *headers))) as host:
        failure = failing(box.open(url=host.url), FOLDER, large(10))
    assert (failure.action, failure.seconds) == (action, seconds)
    assert failure.code == (f"HTTP {status[:3]}" if code == "Receiver" else code)


def said(response_class: str, rest: str) -> str:
    """One answer to CreateItem."""
    return f'<m:CreateItemResponseMessage ResponseClass="{response_class}">{rest}</m:CreateItemResponseMessage>'


@pytest.mark.parametrize(
    "message",
    [
        said("Success", ""),
        said("Error", "<m:ResponseCode>NoError</m:ResponseCode>"),
        said("Error", "<m:ResponseCode>ErrorOfTomorrow</m:ResponseCode>"),
    ],
)
def test_an_answer_that_is_none_is_never_taken_for_success(box: Box, message: str) -> None:
    with Host(saying(soap("CreateItem", message))) as host:
        (written,) = box.open(url=host.url).write(FOLDER, large(10))
    assert written.failure is not None
    assert written.failure.code


def test_a_success_without_an_id_is_a_success(box: Box) -> None:
    message = said("Success", "<m:ResponseCode>NoError</m:ResponseCode><m:Items/>")
    with Host(saying(soap("CreateItem", message))) as host:
        (written,) = box.open(url=host.url).write(FOLDER, large(10))
    assert (written.failure, written.item) == (None, None)


def test_no_tls_on_this_port(box: Box) -> None:
    def talk_http(client: socket.socket) -> None:
        client.sendall(http("400 Bad Request", b""))
        request(client)

    with Host(talk_http) as host:
        destination = box.open(url=host.url.replace("http:", "https:"))
        with pytest.raises(EndpointError) as caught:
            destination.connect()
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.STOP_BATCH, "TLS")


# The table by itself

CREATE_ONE = Request("CreateItem", (), writes=True)
CREATE_TWO = Request("CreateItem", (), answers=2, writes=True)
ASK = Request("FindItem", ())
SMALL, LARGE = 5000, 5 << 20


def response(status: int, headers: dict[str, str] | None = None, content: bytes = b"") -> requests.Response:
    """An answer as requests gives it."""
    made = requests.Response()
    made.status_code = status
    made.headers.update(headers or {})
    made._content = content
    return made


@pytest.mark.parametrize(
    ("status", "asked", "size", "proven", "action"),
    [
        (404, CREATE_ONE, LARGE, True, Action.REJECT),
        (404, CREATE_TWO, LARGE, True, Action.SPLIT),
        (404, CREATE_ONE, SMALL, True, Action.RETRY),
        (404, ASK, SMALL, True, Action.RETRY),
        (404, ASK, SMALL, False, Action.STOP_BATCH),
        (405, CREATE_ONE, LARGE, True, Action.REJECT),
        (405, ASK, SMALL, False, Action.STOP_BATCH),
        (413, CREATE_ONE, SMALL, True, Action.REJECT),
        (413, CREATE_TWO, SMALL, True, Action.SPLIT),
        (413, ASK, SMALL, True, Action.RETRY),
        (400, ASK, SMALL, True, Action.STOP_MAILBOX),
        (403, ASK, SMALL, True, Action.STOP_MAILBOX),
        (456, ASK, SMALL, False, Action.STOP_MAILBOX),
        (440, ASK, SMALL, False, Action.STOP_BATCH),
        (200, ASK, SMALL, False, Action.STOP_BATCH),
        (200, ASK, SMALL, True, Action.RETRY),
        (418, CREATE_ONE, SMALL, True, Action.RETRY),
    ],
)
def test_statuses(status: int, asked: Request, size: int, proven: bool, action: Action) -> None:
    assert link.of_status(response(status), asked, size, proven=proven).action is action


@pytest.mark.parametrize(("asked", "action"), [(CREATE_ONE, Action.REJECT), (CREATE_TWO, Action.SPLIT)])
def test_a_small_request_that_is_too_large_by_the_server_s_own_words(asked: Request, action: Action) -> None:
    page = response(404, content=b"<h3>HTTP Error 404.13 - Not Found</h3>")
    failure = link.of_status(page, asked, SMALL, proven=False)
    assert (failure.action, "4.9 KB as it is sent" in failure.cause) == (action, action is Action.REJECT)


@pytest.mark.parametrize(
    ("location", "action"),
    [
        ("/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx", Action.RETRY),
        ("https://mail.example.com/owa/auth/logon.aspx", Action.STOP_BATCH),
    ],
)
def test_redirects(location: str, action: Action) -> None:
    failure = link.of_status(response(302, {"Location": location}), CREATE_ONE, SMALL, proven=True)
    assert (failure.action, failure.in_doubt) == (action, action is Action.RETRY)
    assert failure.said == (location if action is Action.STOP_BATCH else "")


@pytest.mark.parametrize("value", ["", "soon", "-1"])
def test_a_retry_after_that_says_nothing(value: str) -> None:
    assert link.of_status(response(503, {"Retry-After": value}), ASK, SMALL, proven=True).seconds is None


def test_a_retry_after_that_is_a_date() -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    seconds = link.of_status(response(429, {"Retry-After": when}), ASK, SMALL, proven=True).seconds
    assert seconds is not None
    assert 0 < seconds <= 100
    theirs = {"Date": "Wed, 01 Jan 2020 00:00:00 GMT", "Retry-After": "Wed, 01 Jan 2020 00:01:10 GMT"}
    assert link.of_status(response(429, theirs), ASK, SMALL, proven=True).seconds == 70, "their clock, not ours"
    long_ago = format_datetime(datetime(2000, 1, 1, tzinfo=UTC), usegmt=True)
    assert link.of_status(response(429, {"Retry-After": long_ago}), ASK, SMALL, proven=True).seconds == 0


@pytest.mark.parametrize(
    ("header", "offer"),
    [
        ("", ""),
        ('Basic realm="x, y"', "it offers Basic"),
        ('Negotiate, NTLM, Basic realm="mail.example.com"', "it offers Negotiate, NTLM, Basic"),
        ('Bearer client_id="1", trusted_issuers="2@3"', "it offers Bearer"),
    ],
)
def test_what_is_offered_instead(header: str, offer: str) -> None:
    failure = link.of_status(response(401, {"WWW-Authenticate": header}), ASK, SMALL, proven=False)
    assert (failure.said, failure.sign_in) == (offer, True)


def test_a_locked_account_is_called_so() -> None:
    content = b"The referenced account is currently locked out and may not be logged on to."
    failure = link.of_status(response(401, {}, content), ASK, SMALL, proven=True)
    assert "locked" in failure.cause
    assert failure.sign_in


def test_a_fault_of_our_own_is_not_taken_for_the_link_s() -> None:
    with pytest.raises(KeyError, match="ours"):
        link.of_break(KeyError("ours"), Envelope(ASK, None), ASK)
    handshake = link.of_break(KeyError("www-authenticate"), Envelope(ASK, None), ASK)
    assert handshake.action is Action.RETRY


def test_tls_that_breaks_off_is_a_lost_link() -> None:
    error = requests.exceptions.SSLError(ssl.SSLEOFError(8, "EOF occurred in violation of protocol"))
    assert link.of_break(error, Envelope(ASK, None), ASK).action is Action.RETRY
