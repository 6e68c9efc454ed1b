"""Signing in, impersonation, delegates."""

import http.client
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests
from requests_ntlm import HttpNtlmAuth

from tests.sandbox.mailbox import Mailbox
from tests.sandbox.raw import RawAnswer, RawClient, message
from tests.sandbox.server import PracticeExchange

MIME = b"Subject: Hello\r\n\r\nHi\r\n"
GET = (
    "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
    '<m:FolderIds><t:DistinguishedFolderId Id="inbox">{}</t:DistinguishedFolderId></m:FolderIds></m:GetFolder>'
)
OF_ANN = "<t:Mailbox><t:EmailAddress>ANN@example.com</t:EmailAddress></t:Mailbox>"


@pytest.fixture
def connect(practice_exchange: PracticeExchange) -> Iterator[Callable[..., RawClient]]:
    clients: list[RawClient] = []

    def connect(username: str, password: str, mailbox: str | None = None) -> RawClient:
        clients.append(RawClient(practice_exchange.url, username, password, mailbox=mailbox))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


def test_a_wrong_password_is_a_401_with_what_is_offered(
    practice_exchange: PracticeExchange, connect: Callable[..., RawClient]
) -> None:
    for username, password in (("svc", "wrong"), ("nobody", "secret"), ("svc", "")):
        answer = connect(username, password).send(b"")
        assert answer.status == 401
    parts = urlsplit(practice_exchange.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("POST", parts.path, b"")
    response = connection.getresponse()
    assert response.status == 401
    assert response.headers.get_all("WWW-Authenticate") == ["NTLM", 'Basic realm="practice"']
    connection.close()
    assert practice_exchange.requests == []


def test_passwords_beyond_ascii(practice_exchange: PracticeExchange, connect: Callable[..., RawClient]) -> None:
    practice_exchange.add_account("höß", "pä:ss€")
    assert connect("höß", "pä:ss€").send(b"", method="GET").status == 200


def test_one_service_url_and_no_other(practice_exchange: PracticeExchange) -> None:
    with RawClient(practice_exchange.url.replace("EWS", "owa"), "svc", "secret") as client:
        assert client.send(b"").status == 404


@pytest.mark.parametrize("name", ["svc", "PRACTICE\\svc"])
def test_ntlm_signs_a_connection_in_once(practice_exchange: PracticeExchange, ann: Mailbox, name: str) -> None:
    with requests.Session() as session, RawClient(practice_exchange.url, "", "", mailbox=ann.address) as form:
        session.trust_env = False
        session.auth = HttpNtlmAuth(name, "secret")
        body = form.envelope(GET.format(""))
        for _turn in range(3):
            assert session.post(practice_exchange.url, body, timeout=10).status_code == 200
    assert [seen.account for seen in practice_exchange.requests] == ["svc"] * 3
    assert practice_exchange.connections == 1


def test_ntlm_with_a_wrong_password_is_refused(practice_exchange: PracticeExchange) -> None:
    with requests.Session() as session:
        session.trust_env = False
        for name, password in (("svc", "wrong"), ("nobody", "secret")):
            session.auth = HttpNtlmAuth(name, password)
            assert session.post(practice_exchange.url, b"", timeout=10).status_code == 401
    assert practice_exchange.requests == []


@pytest.mark.parametrize("token", ["", "!", "TlRMTVNTUAAD", "TlRMTVNTUAADAAAA"])
def test_a_broken_ntlm_message_is_refused(practice_exchange: PracticeExchange, token: str) -> None:
    with RawClient(practice_exchange.url, "", "") as client:
        assert client.send(b"", {"Authorization": f"NTLM {token}"}).status == 401


def test_what_is_not_offered_does_not_work(make_practice_exchange: Callable[..., PracticeExchange]) -> None:
    server = make_practice_exchange(schemes=("ntlm",))
    server.add_account("svc", "secret")
    with RawClient(server.url, "svc", "secret") as client:
        answer = client.send(b"")
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "NTLM")


def test_impersonation_needs_the_right_and_a_mailbox(
    practice_exchange: PracticeExchange, ann: Mailbox, connect: Callable[..., RawClient]
) -> None:
    practice_exchange.add_account("plain", "secret", impersonation=False)
    assert connect("svc", "secret", "Ann@Example.com").call(GET.format("")).codes == ["NoError"]
    assert practice_exchange.requests[-1].mailbox == "ann@example.com"

    def refused(answer: RawAnswer) -> tuple[bool, list[str]]:
        return answer.is_fault, answer.codes

    assert refused(connect("plain", "secret", "ann@example.com").call(GET.format(""))) == (
        True,
        ["ErrorImpersonateUserDenied"],
    )
    assert refused(connect("svc", "secret", "no@example.com").call(GET.format(""))) == (
        True,
        ["ErrorNonExistentMailbox"],
    )


def test_a_delegate_needs_the_grant(
    practice_exchange: PracticeExchange, ann: Mailbox, connect: Callable[..., RawClient]
) -> None:
    practice_exchange.add_account("delegate", "secret", impersonation=False)
    client = connect("delegate", "secret")
    assert client.call(GET.format("")).codes == ["ErrorMissingEmailAddress"]
    assert client.call(GET.format(OF_ANN)).codes == ["ErrorFolderNotFound"]
    nobody = OF_ANN.replace("ANN@", "no@")
    assert client.call(GET.format(nobody)).codes == ["ErrorNonExistentMailbox"]
    item = ann.put("inbox", MIME)
    assert client.get(item).codes == ["ErrorAccessDenied"]
    practice_exchange.grant("DELEGATE", "ann@EXAMPLE.com")
    folder = client.call(GET.format(OF_ANN)).ids("FolderId")[0][0]
    assert client.create([message(MIME)], folder).codes == ["NoError"]
    assert client.get(item).codes == ["NoError"]
    assert ann.count("inbox") == 2


def test_an_owner_needs_nothing_but_reaches_nobody_else(
    practice_exchange: PracticeExchange, ann: Mailbox, connect: Callable[..., RawClient]
) -> None:
    practice_exchange.add_mailbox("bob@example.com", "secret-of-bob")
    client = connect("ann@example.com", "secret-of-ann")
    assert client.create([message(MIME)]).codes == ["NoError"]
    assert (ann.count(), practice_exchange.mailbox("bob@example.com").count()) == (1, 0)
    assert client.call(GET.format(OF_ANN.replace("ANN", "bob"))).codes == ["ErrorFolderNotFound"]
    denied = connect("ann@example.com", "secret-of-ann", "bob@example.com").call(GET.format(""))
    assert denied.codes == ["ErrorImpersonateUserDenied"]


def test_an_account_is_locked_after_too_many_wrong_passwords(
    practice_exchange: PracticeExchange, connect: Callable[..., RawClient]
) -> None:
    practice_exchange.lock_after = 3
    right, wrong = connect("svc", "secret"), connect("SVC", "wrong")
    for _turn in range(2):
        assert [wrong.send(b"").status for _try in range(2)] == [401, 401]
        assert right.send(b"", method="GET").status == 200, "and all is forgotten"
    with requests.Session() as session:
        session.trust_env = False
        session.auth = HttpNtlmAuth("svc", "wrong")
        for _turn in range(3):
            assert session.post(practice_exchange.url, b"", timeout=10).status_code == 401
        session.auth = HttpNtlmAuth("svc", "secret")
        assert session.post(practice_exchange.url, b"", timeout=10).status_code == 401
    answer = right.send(b"")
    assert (answer.status, b"currently locked out" in answer.body) == (401, True)


def test_an_access_token_is_good_until_it_expires(make_practice_exchange: Callable[..., PracticeExchange]) -> None:
    server = make_practice_exchange(schemes=("bearer",))
    server.add_account("app", "no password")
    server.add_mailbox("ann@example.com")
    now = datetime.now(UTC)
    server.add_token("good", "app", expires=now + timedelta(hours=1))
    server.add_token("old", "app", expires=now - timedelta(seconds=1))
    with RawClient(server.url, "", "", mailbox="ann@example.com") as client:
        body = client.envelope(GET.format(""))
        assert client.send(body, {"Authorization": "Bearer good"}).codes == ["NoError"]
        for token, why in (("old", ', error="invalid_token"'), ("made up", ', error="invalid_token"')):
            answer = client.send(body, {"Authorization": f"Bearer {token}"})
            assert (answer.status, answer.headers["www-authenticate"]) == (401, f'Bearer realm="practice"{why}')
        assert client.send(body).headers["www-authenticate"] == 'Bearer realm="practice"'
