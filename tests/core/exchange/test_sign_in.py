"""Getting in: by every kind of access and authentication, and what is said to who does not get in."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from core.exchange.destination import ExchangeDestination
from core.exchange.sign_in import forget_refusals
from core.mail.body import Body
from core.ports.failure import Action, EndpointError, Failure
from core.secret import Secret
from tests.core.exchange.conftest import ADMIN, PASSWORD, Box, batch, inbox, outgoing
from tests.sandbox.outcomes import Http
from tests.sandbox.server import PracticeExchange
from tests.servers.certificates import Authority


def refusal(destination: ExchangeDestination) -> Failure:
    """Why this destination cannot be connected."""
    with pytest.raises(EndpointError) as caught:
        destination.connect()
    return caught.value.failure


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_impersonation(box: Box, auth: str) -> None:
    destination = box.connected(auth=auth)
    destination.write(inbox(destination), batch())
    assert box.mailbox.count("inbox") == 3


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_delegate_access_writes_to_the_mailbox_that_was_named(box: Box, auth: str) -> None:
    box.server.add_mailbox(f"helper-{box.address}", "helper's own")
    box.server.grant(f"helper-{box.address}", box.address)
    access = {"access": "delegate", "username": f"helper-{box.address}", "password": lambda: Secret("helper's own")}
    destination = box.connected(auth=auth, **access)
    destination.write(inbox(destination), batch())
    assert box.mailbox.count("inbox") == 3
    assert box.server.mailbox(f"helper-{box.address}").count() == 0


def test_direct_access(make_box: Callable[..., Box]) -> None:
    box = make_box(password="their own")
    destination = box.connected(access="direct", username=box.address, password=lambda: Secret("their own"))
    destination.write(inbox(destination), batch())
    assert box.mailbox.count("inbox") == 3


def test_direct_access_never_writes_to_another_mailbox(make_box: Callable[..., Box]) -> None:
    box, other = make_box(), make_box(password="their own")
    wrong = box.open(access="direct", username=other.address, password=lambda: Secret("their own"))
    assert refusal(wrong).action is Action.STOP_MAILBOX
    assert other.mailbox.count() == 0


def test_a_delegate_without_the_right_is_told_how_to_get_it(box: Box) -> None:
    box.server.add_mailbox(f"stranger-{box.address}", "secret")
    stranger = box.open(access="delegate", username=f"stranger-{box.address}", password=lambda: Secret("secret"))
    failure = refusal(stranger)
    assert (failure.action, failure.code) == (Action.STOP_MAILBOX, "ErrorAccessDenied")
    assert "Add-MailboxPermission" in failure.cure


def test_no_right_to_impersonate(box: Box) -> None:
    box.server.add_account("weak", "pw", impersonation=False)
    failure = refusal(box.open(username="weak", password=lambda: Secret("pw")))
    assert (failure.action, failure.code) == (Action.STOP_MAILBOX, "ErrorImpersonateUserDenied")
    assert "ApplicationImpersonation" in failure.cure


@pytest.mark.parametrize("access", ["impersonation", "delegate"])
def test_no_such_mailbox(box: Box, access: str) -> None:
    destination = ExchangeDestination(box.settings(access=access), "nobody@example.com")
    failure = refusal(destination)
    destination.close()
    assert (failure.action, failure.code) == (Action.STOP_MAILBOX, "ErrorNonExistentMailbox")


def test_ews_turned_off(box: Box) -> None:
    box.server.next("GetFolder", Http(403))
    failure = refusal(box.open())
    assert (failure.action, failure.code) == (Action.STOP_MAILBOX, "HTTP 403")
    assert "EwsEnabled" in failure.cure


def tries(box: Box) -> list[int]:
    """The sign-ins that the server refused or took, by their status."""
    return [seen.status for seen in box.server.requests]


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_wrong_password_is_tried_once_for_all_mailboxes_together(box: Box, auth: str) -> None:
    guesses = []

    def wrong() -> Secret:
        guesses.append(1)
        return Secret("wrong")

    destinations = [box.open(auth=auth, password=wrong, username="nobody") for _ in range(6)]
    keeper = box.open(auth=auth, password=wrong, username="nobody")
    before = box.server.connections
    failures = [refusal(keeper)]
    threads = [threading.Thread(target=lambda each=each: failures.append(refusal(each))) for each in destinations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(failure.action, failure.sign_in) for failure in failures] == [(Action.STOP_BATCH, True)] * 7
    assert box.server.connections - before == 1
    assert len(guesses) == 14  # each reads the reference once more, and finds the same


def test_a_wrong_password_is_not_tried_again_at_once(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waited for the first try any more; mailboxes of one run come one after the other, too."""

    def refused() -> bool:
        destination = box.open(username="nobody-again", password=lambda: Secret("wrong"))
        failure = refusal(destination)
        destination.close()
        return failure.sign_in

    before = box.server.connections
    assert refused()
    assert refused()
    assert box.server.connections - before == 1
    monkeypatch.setattr("core.exchange.sign_in.monotonic", lambda: monotonic() + 11)
    assert refused()
    assert box.server.connections - before == 2
    forget_refusals()  # a new run
    assert refused()
    assert box.server.connections - before == 3


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_wrong_password_is_one_wrong_password_to_the_directory(
    box: Box, monkeypatch: pytest.MonkeyPatch, auth: str
) -> None:
    account = f"{auth}-of-{box.address}"
    box.server.add_account(account, PASSWORD)
    monkeypatch.setattr(box.server, "lock_after", 2)
    assert refusal(box.open(auth=auth, username=account, password=lambda: Secret("wrong"))).sign_in
    box.connected(auth=auth, username=account)  # a second wrong one would have locked it


def test_a_refused_user_of_their_own_mailbox_stops_that_one_only(box: Box) -> None:
    failure = refusal(box.open(access="direct", username=box.address, password=lambda: Secret("wrong")))
    assert (failure.action, failure.sign_in) == (Action.STOP_MAILBOX, True)


def test_a_password_that_has_changed_is_read_again(box: Box) -> None:
    passwords = iter(["the old one", PASSWORD])
    box.connected(password=lambda: Secret(next(passwords)))


def test_a_password_that_changes_in_the_middle_is_read_again(box: Box) -> None:
    box.server.add_account("rotating", "first")
    password = ["first"]
    destination = box.connected(username="rotating", password=lambda: Secret(password[0]))
    folder = inbox(destination)
    box.server.add_account("rotating", "second")
    with pytest.raises(EndpointError) as caught:
        destination.write(folder, batch())
    assert (caught.value.failure.action, caught.value.failure.in_doubt) == (Action.RETRY, False)
    password[0] = "second"
    assert [each.failure for each in destination.write(folder, batch())] == [None] * 3


def test_what_the_server_offers_is_told(tmp_path: Path) -> None:
    with PracticeExchange(tmp_path, schemes=("ntlm",)) as server:
        server.add_account(ADMIN, PASSWORD)
        server.add_mailbox("ann@example.com")
        destination = Box(server, "ann@example.com").open()
        assert "NTLM" in refusal(destination).said


def test_401_after_a_success_is_tried_once_more_and_no_more(box: Box) -> None:
    destination = box.connected()
    folder = inbox(destination)
    box.server.next("CreateItem", Http(401))
    with pytest.raises(EndpointError) as caught:
        destination.write(folder, batch())
    assert (caught.value.failure.action, caught.value.failure.sign_in) == (Action.RETRY, False)
    destination.connect()
    box.server.next(None, Http(401), times=None)
    with pytest.raises(EndpointError) as caught:
        destination.write(folder, batch())
    assert caught.value.failure.action is Action.RETRY
    counted = len(box.server.requests)
    assert refusal(destination).sign_in
    assert refusal(box.open()).sign_in
    assert len(box.server.requests) == counted + 1


def test_ntlm_signs_a_connection_in_before_a_large_message(box: Box, spool: Callable[[int], Body]) -> None:
    destination = box.connected(auth="ntlm")
    folder = inbox(destination)
    box.server.next("FindItem", Http(502))  # takes the connection with it
    with pytest.raises(EndpointError):
        list(destination.present(folder))
    large = outgoing(1)
    body = spool(9 << 20)
    destination.write(folder, [type(large)(large.token, body, large.flags, large.received)])
    assert box.mailbox.count("inbox") == 1
    sizes = [seen.size for seen in box.server.requests if seen.mailbox == box.address][-2:]
    assert sizes[0] < 2000 < body.size < sizes[1]


def test_the_environment_says_nothing(box: Box, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login nobody password wrong\n")
    monkeypatch.setenv("NETRC", os.fspath(netrc))
    box.connected()


def test_nothing_answers(box: Box) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        failure = refusal(box.open(url=f"http://127.0.0.1:{port}/EWS/Exchange.asmx"))
    assert (failure.action, failure.code, failure.in_doubt) == (Action.RETRY, "REFUSED", False)


def test_an_unknown_host(box: Box) -> None:
    failure = refusal(box.open(url="https://no-such-host.invalid/EWS/Exchange.asmx"))
    assert (failure.action, failure.code) == (Action.RETRY, "HOST")


def test_another_address_of_the_server(box: Box) -> None:
    failure = refusal(box.open(url=box.server.url.replace("/EWS/", "/owa/")))
    assert (failure.action, failure.code) == (Action.STOP_BATCH, "HTTP 404")
    assert "destination.url" in failure.cure


def test_something_else_answers(box: Box) -> None:
    box.server.next("GetFolder", Http(200, body="<html><body>Welcome</body></html>"))
    failure = refusal(box.open())
    assert (failure.action, failure.code) == (Action.STOP_BATCH, "NotSoap")


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that the system does not know."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def over_tls(authority: Authority, tmp_path: Path) -> Iterator[Box]:
    """A mailbox of a server whose certificate that authority has signed."""
    certificate, key = authority.server()
    with PracticeExchange(tmp_path, certificate=certificate, key=key) as server:
        server.add_account(ADMIN, PASSWORD)
        server.add_mailbox("ann@example.com")
        box = Box(server, "ann@example.com")
        yield box
        for destination in box.opened:
            destination.close()


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_own_authority(over_tls: Box, authority: Authority, auth: str) -> None:
    destination = over_tls.connected(ca_file=authority.ca_file, auth=auth)
    destination.write(inbox(destination), batch())
    assert over_tls.mailbox.count("inbox") == 3


def test_an_unknown_authority_stops_the_batch(over_tls: Box) -> None:
    failure = refusal(over_tls.open())
    assert (failure.action, failure.code) == (Action.STOP_BATCH, "CERTIFICATE")
    assert "destination.ca_file" in failure.cure


def test_a_wrong_name_stops_the_batch(authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.server(("mail.example.com",), ())
    with PracticeExchange(tmp_path, certificate=certificate, key=key) as server:
        failure = refusal(Box(server, "ann@example.com").open(ca_file=authority.ca_file))
    assert (failure.action, failure.code) == (Action.STOP_BATCH, "CERTIFICATE")


def test_no_verification_is_that_endpoint_s_alone(over_tls: Box) -> None:
    over_tls.connected(verify=False)
    assert refusal(over_tls.open()).code == "CERTIFICATE"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_that_is_none(box: Box, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    failure = refusal(box.open(url=box.server.url.replace("http:", "https:"), ca_file=file))
    assert (failure.action, failure.code) == (Action.STOP_BATCH, "CA_FILE")
    assert str(file) in failure.cause


# Connections


def test_mailboxes_of_one_account_share_connections(make_box: Callable[..., Box]) -> None:
    boxes = [make_box() for _ in range(5)]
    keeper = boxes[0].connected()
    before = boxes[0].server.connections
    for box in boxes:
        box.connected().close()
    assert boxes[0].server.connections == before
    keeper.connect()
    assert boxes[0].server.connections == before


def test_other_settings_share_nothing(box: Box) -> None:
    box.connected()
    before = box.server.connections
    box.connected(max_connections=3)
    box.connected(auth="ntlm")
    assert box.server.connections == before + 2


def test_no_more_connections_than_allowed(make_box: Callable[..., Box]) -> None:
    boxes = [make_box() for _ in range(8)]
    before = boxes[0].server.connections
    destinations = [box.open(max_connections=2) for box in boxes]
    threads = [threading.Thread(target=destination.connect) for destination in destinations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [box.operations() for box in boxes] == [["GetFolder"]] * 8
    assert boxes[0].server.connections - before <= 2


def test_it_is_good_again_after_a_lost_link(box: Box) -> None:
    destination = box.connected()
    folder = inbox(destination)
    box.server.next("CreateItem", Http(502))
    with pytest.raises(EndpointError):
        destination.write(folder, batch())
    assert [each.failure for each in destination.write(folder, batch())] == [None] * 3


def test_it_is_good_again_after_close(box: Box) -> None:
    destination = box.connected()
    destination.close()
    destination.close()
    assert inbox(destination).role is not None
