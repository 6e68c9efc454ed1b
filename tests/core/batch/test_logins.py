from pathlib import Path

import pytest

from core.batch.definition import Admin, Batch, EwsDestination, ImapDestination, Mailbox, SourceEndpoint
from core.batch.logins import destination_login, source_login
from core.errors import SecretError

ADMIN = Admin(username="migrator", password="command:printf '%s' {user}", style="{user}*{admin}")
IMAP = ImapDestination(host="new.example", admin=Admin(username="boss", password="env:BOSS"))
ANN = Mailbox(source="ann", destination="ann@new.example")
BOB = Mailbox(source="bob", destination="bob@new.example", password="command:printf '%s' {user}")


def batch(destination: EwsDestination | ImapDestination, *mailboxes: Mailbox) -> Batch:
    return Batch(
        name="wave", source=SourceEndpoint(host="old", admin=ADMIN), destination=destination, mailboxes=mailboxes
    ).at(Path("/etc/waves/wave.toml"))


def test_an_administrator_signs_in_for_a_mailbox() -> None:
    login = source_login(batch(IMAP, ANN), ANN)
    assert (login.username, login.admin, login.shared) == ("ann", ADMIN, True)


def test_a_mailboxs_own_password_goes_before_the_administrators() -> None:
    login = source_login(batch(IMAP, BOB), BOB)
    assert (login.username, login.admin, login.shared) == ("bob", None, False)


def test_a_commands_user_is_whose_password_it_is(tmp_path: Path) -> None:
    one = batch(IMAP, ANN, BOB).at(tmp_path / "wave.toml")
    assert source_login(one, ANN).password().reveal() == "migrator"
    assert source_login(one, BOB).password().reveal() == "bob"


def test_an_imap_destination() -> None:
    login = destination_login(batch(IMAP, ANN), ANN)
    assert (login.username, login.reference, login.admin) == ("ann@new.example", "env:BOSS", IMAP.admin)
    own = ANN.model_copy(update={"destination_username": "ann", "destination_password": "env:ANN"})
    login = destination_login(batch(IMAP, own), own)
    assert (login.username, login.reference, login.admin) == ("ann", "env:ANN", None)


def test_an_exchange_with_a_service_account() -> None:
    exchange = EwsDestination(url="https://x/EWS", access="delegate", username="svc", password="env:SVC")
    login = destination_login(batch(exchange, ANN), ANN)
    assert (login.username, login.reference, login.admin, login.shared) == ("svc", "env:SVC", None, True)


def test_an_exchange_that_each_mailbox_signs_in_to() -> None:
    exchange = EwsDestination(url="https://x/EWS", access="direct")
    plain = ANN.model_copy(update={"destination_password": "env:ANN"})
    assert destination_login(batch(exchange, plain), plain).username == "ann@new.example"
    named = plain.model_copy(update={"destination_username": "NEW\\ann"})
    login = destination_login(batch(exchange, named), named)
    assert (login.username, login.reference, login.shared) == ("NEW\\ann", "env:ANN", False)


def test_a_secret_that_is_not_there_is_told_with_file_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOSS", raising=False)
    with pytest.raises(SecretError) as raised:
        destination_login(batch(IMAP, ANN), ANN).password()
    assert raised.value.problems[0].startswith(
        "/etc/waves/wave.toml: destination.admin.password: env:BOSS: there is no such environment variable"
    )
    own = ANN.model_copy(update={"destination_password": "file:pw"})
    with pytest.raises(SecretError) as raised:
        destination_login(batch(IMAP, own), own).password()
    assert list(raised.value.problems) == [
        (
            '/etc/waves/wave.toml: destination_password of "ann": file:pw: there is no such file (/etc/waves/pw); '
            "make it, and let nobody else read it"
        )
    ]
