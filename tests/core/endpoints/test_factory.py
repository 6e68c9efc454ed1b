"""What a batch file says is what signs in: real servers, every way there is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.batch.definition import Batch
from core.batch.load import parse
from core.endpoints.factory import endpoint_name, open_destination, open_source
from core.errors import SecretError
from core.mail.folder import FolderPath
from core.ports.failure import Action, EndpointError, Side
from tests.sandbox.server import PracticeExchange
from tests.servers.certificates import Authority
from tests.servers.dovecot import Dovecot

SOURCE = (
    '[source]\nhost = "127.0.0.1"\nport = 1\nsecurity = "none"\n[source.admin]\nusername = "a"\npassword = "env:X"\n'
)
EXCHANGE = '[destination]\nurl = "http://127.0.0.1:1/EWS"\nusername = "svc"\npassword = "env:SVC"\n'
ANN = '[[mailboxes]]\nsource = "ann"\ndestination = "ann@new.example"\n'


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SVC", "svc pässwörd")
    monkeypatch.setenv("USER_PASSWORD", Dovecot.password)
    monkeypatch.setenv("MASTER_PASSWORD", Dovecot.master_password)
    monkeypatch.setenv("WRONG", "wrong")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(scope="module")
def exchange(
    authority: Path, ews_schemas: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PracticeExchange]:
    certificate, key = Authority(authority).server()
    data = tmp_path_factory.mktemp("exchange")
    with PracticeExchange(data, schemas=ews_schemas, certificate=certificate, key=key) as server:
        server.add_account("svc", "svc pässwörd")
        server.add_account("clerk", "svc pässwörd", impersonation=False)
        server.add_mailbox("ann@new.example", "anns own")
        server.add_mailbox("bob@new.example")
        server.grant("clerk", "ann@new.example")
        yield server


def at(folder: Path, *tables: str) -> Batch:
    return parse('name = "wave"\n' + "".join(tables), folder / "wave.toml")


def source(dovecot: Dovecot, user: str, keys: str, mailbox: str = "", port: int = 0) -> str:
    return (
        f'[source]\nhost = "{dovecot.host}"\nport = {port or dovecot.port}\n{keys}\n{EXCHANGE}'
        f'[[mailboxes]]\nsource = "{user}"\ndestination = "ann@new.example"\n{mailbox}\n'
    )


def folders(batch: Batch) -> list[str]:
    """The source's folders, as the first mailbox sees them."""
    opened = open_source(batch, batch.mailboxes[0])
    try:
        opened.connect()
        return [str(folder.path) for folder in opened.folders()]
    finally:
        opened.close()


# --- the source ---------------------------------------------------------------------------------------------------


def test_a_mailbox_signs_in_with_its_own_password(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    keys, mailbox = 'security = "none"', 'password = "env:USER_PASSWORD"'
    assert "INBOX" in folders(at(tmp_path, source(dovecot, user, keys, mailbox)))


@pytest.mark.parametrize("style", ["{user}*{admin}", "authzid"])
def test_an_administrator_signs_in_for_it(dovecot: Dovecot, user: str, tmp_path: Path, style: str) -> None:
    with dovecot.client(user) as client:
        client.create(f"Only-{user}")
    admin = f'[source.admin]\nusername = "migrator"\npassword = "env:MASTER_PASSWORD"\nstyle = "{style}"'
    assert f"Only-{user}" in folders(at(tmp_path, source(dovecot, user, f'security = "none"\n{admin}')))


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_authority_is_found_beside_the_batch_file(
    dovecot: Dovecot, user: str, tmp_path: Path, security: str
) -> None:
    (tmp_path / "ca.pem").write_bytes(dovecot.ca_file.read_bytes())
    port = dovecot.tls_port if security == "tls" else dovecot.port
    mailbox = 'password = "env:USER_PASSWORD"'
    keys = f'security = "{security}"\nca_file = "ca.pem"'
    assert "INBOX" in folders(at(tmp_path, source(dovecot, user, keys, mailbox, port)))
    with pytest.raises(EndpointError) as raised:
        folders(at(tmp_path, source(dovecot, user, f'security = "{security}"', mailbox, port)))
    assert (raised.value.failure.action, raised.value.failure.side) == (Action.STOP_BATCH, Side.SOURCE)
    unverified = f'security = "{security}"\nverify_certificate = false'
    assert "INBOX" in folders(at(tmp_path, source(dovecot, user, unverified, mailbox, port)))


def test_a_root_is_the_top_of_what_is_seen(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    with dovecot.client(user) as client:
        for name in ("users", "users/ann", "users/ann/Work", "users/bob"):
            client.create(name)
    mailbox = 'password = "env:USER_PASSWORD"\nroot = "/users/ann"'
    seen = folders(at(tmp_path, source(dovecot, user, 'security = "none"', mailbox)))
    assert "Work" in seen
    assert not any("bob" in name or "users" in name for name in seen)


def test_a_refused_sign_in_reads_the_secret_once_more(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text(f"#!/bin/sh\necho x >> asked\n[ $(wc -l < asked) = 1 ] && echo wrong || echo {dovecot.password}\n")
    tool.chmod(0o700)
    batch = at(tmp_path, source(dovecot, user, 'security = "none"', 'password = "command:./tool"'))
    assert "INBOX" in folders(batch)
    assert (tmp_path / "asked").read_text() == "x\nx\n"


def test_a_wrong_password_stops_the_mailbox(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    batch = at(tmp_path, source(dovecot, user, 'security = "none"', 'password = "env:WRONG"'))
    with pytest.raises(EndpointError) as raised:
        folders(batch)
    assert (raised.value.failure.action, raised.value.failure.sign_in) == (Action.STOP_MAILBOX, True)


def test_a_secret_that_is_not_there_is_told_with_its_key(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    batch = at(tmp_path, source(dovecot, user, 'security = "none"', 'password = "file:none"'))
    with pytest.raises(SecretError) as raised:
        folders(batch)
    assert list(raised.value.problems) == [
        (
            f'{tmp_path}/wave.toml: password of "{user}": file:none: there is no such file ({tmp_path}/none); '
            "make it, and let nobody else read it"
        )
    ]


# --- the destination ----------------------------------------------------------------------------------------------


def writes(batch: Batch, folder: str = "From here") -> None:
    """See that the first mailbox can be written to."""
    opened = open_destination(batch, batch.mailboxes[0])
    try:
        opened.connect()
        opened.create_folder(FolderPath.of(folder), None)
    finally:
        opened.close()


def to_exchange(exchange: PracticeExchange, authority: Path, keys: str, mailbox: str = "") -> Batch:
    destination = f'[destination]\nurl = "{exchange.url}"\nca_file = "ca.pem"\n{keys}\n'
    return at(authority, SOURCE, destination, ANN, mailbox)


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
@pytest.mark.parametrize(("access", "account"), [("impersonation", "svc"), ("delegate", "clerk")])
def test_a_service_account_writes_into_an_exchange_mailbox(
    exchange: PracticeExchange, authority: Path, auth: str, access: str, account: str
) -> None:
    keys = f'auth = "{auth}"\naccess = "{access}"\nusername = "{account}"\npassword = "env:SVC"'
    folder = f"By {auth} and {access}"
    writes(to_exchange(exchange, authority, keys), folder)
    assert folder in {there.path for there in exchange.mailbox("ann@new.example").folders()}


def test_a_mailbox_signs_in_at_exchange_itself(
    exchange: PracticeExchange, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANN_NEW", "anns own")
    batch = to_exchange(exchange, authority, 'access = "direct"', 'destination_password = "env:ANN_NEW"')
    writes(batch, "By herself")
    assert "By herself" in {there.path for there in exchange.mailbox("ann@new.example").folders()}
    monkeypatch.setenv("ANN_NEW", "another")
    with pytest.raises(EndpointError) as raised:
        writes(batch)
    assert raised.value.failure.sign_in


def test_an_exchange_whose_certificate_does_not_verify(exchange: PracticeExchange, authority: Path) -> None:
    account = 'username = "svc"\npassword = "env:SVC"\n'
    strict = at(authority, SOURCE, f'[destination]\nurl = "{exchange.url}"\n{account}', ANN)
    with pytest.raises(EndpointError) as raised:
        writes(strict)
    assert (raised.value.failure.action, raised.value.failure.side) == (Action.STOP_BATCH, Side.DESTINATION)
    lax = f'[destination]\nurl = "{exchange.url}"\nverify_certificate = false\n{account}'
    writes(at(authority, SOURCE, lax, ANN))


@pytest.mark.parametrize("by_admin", [True, False])
def test_an_imap_destination(dovecot: Dovecot, user: str, tmp_path: Path, by_admin: bool) -> None:
    admin = '[destination.admin]\nusername = "migrator"\npassword = "env:MASTER_PASSWORD"\nstyle = "{user}*{admin}"\n'
    own = f'destination_username = "{user}"\ndestination_password = "env:USER_PASSWORD"\n'
    destination = f'[destination]\nkind = "imap"\nhost = "127.0.0.1"\nport = {dovecot.port}\nsecurity = "none"\n'
    address = user if by_admin else f"{user}@new.example"
    mailbox = f'[[mailboxes]]\nsource = "ann"\ndestination = "{address}"\n'
    writes(at(tmp_path, SOURCE, destination, admin if by_admin else "", mailbox, "" if by_admin else own))
    assert "From here" in dovecot.folders(user)


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source_keys", "url", "names"),
    [
        ('host = "Imap.Old.example"', "https://Mail.New.example/EWS", ("imap.old.example:993", "mail.new.example:443")),
        ('host = "::1"\nport = 1143', "http://[::1]/EWS", ("[::1]:1143", "[::1]:80")),
        ('host = "h"\nsecurity = "none"', "https://h:444/EWS", ("h:143", "h:444")),
    ],
)
def test_endpoints_are_named_by_host_and_port(source_keys: str, url: str, names: tuple[str, str]) -> None:
    exchange = EXCHANGE.replace("http://127.0.0.1:1/EWS", url)
    batch = at(Path("/"), f"[source]\n{source_keys}\n", exchange, ANN, 'password = "env:X"')
    assert (endpoint_name(batch.source), endpoint_name(batch.destination)) == names
