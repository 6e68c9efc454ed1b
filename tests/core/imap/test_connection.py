import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from core.imap.connection import Address, AdminSignIn, Connection, SignIn, Timeouts
from core.ports.failure import Action, EndpointError, Side
from core.secret import Secret
from tests.servers.dovecot import Dovecot
from tests.servers.scripted import Scripted

PATIENCE = Timeouts(5, 20)
Security = Literal["tls", "starttls", "none"]


class Passwords:
    """A secret reference that is counted; the last value stays."""

    def __init__(self, *values: str) -> None:
        self.values = list(values)
        self.read = 0

    def __call__(self) -> Secret:
        self.read += 1
        return Secret(self.values.pop(0) if len(self.values) > 1 else self.values[0])


def address(server: Dovecot, security: Security = "none", **options: Any) -> Address:
    port = server.tls_port if security == "tls" else server.port
    return Address(options.pop("host", "localhost"), port, security, **options)


@pytest.fixture
def opened() -> Iterator[Callable[..., Connection]]:
    connections = []

    def make(where: Address, user: str, password: Any = "secret", admin: AdminSignIn | None = None) -> Connection:
        given = password if callable(password) else Passwords(password)
        connection = Connection(where, SignIn(user, given, admin), Side.SOURCE, PATIENCE)
        connections.append(connection)
        return connection

    yield make
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_signs_in(dovecot: Dovecot, opened: Callable[..., Connection], user: str, security: Security) -> None:
    connection = opened(address(dovecot, security, ca_file=dovecot.ca_file), user)
    assert connection.has("CONDSTORE")
    assert not connection.has("NONSENSE")
    assert connection.order(b"NOOP").ok


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_an_unknown_authority_stops_the_batch(
    dovecot: Dovecot, opened: Callable[..., Connection], user: str, security: Security
) -> None:
    with pytest.raises(EndpointError) as caught:
        opened(address(dovecot, security), user).connect()
    failure = caught.value.failure
    assert (failure.action, failure.code, failure.side) == (Action.STOP_BATCH, "CERTIFICATE", Side.SOURCE)
    assert "self-signed certificate in certificate chain" in failure.cause or "unable to get" in failure.cause
    assert "ca_file" in failure.cure


def test_a_certificate_for_another_host_names_the_host(
    dovecot: Dovecot, opened: Callable[..., Connection], user: str
) -> None:
    with pytest.raises(EndpointError, match=r"not valid for '127\.1'"):
        opened(address(dovecot, "tls", ca_file=dovecot.ca_file, host="127.1"), user).connect()


def test_an_unverified_certificate_is_taken_when_the_batch_says_so(
    dovecot: Dovecot, opened: Callable[..., Connection], user: str
) -> None:
    opened(address(dovecot, "tls", verify=False), user).connect()


def test_a_ca_file_that_is_none_is_named(
    dovecot: Dovecot, opened: Callable[..., Connection], user: str, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(EndpointError, match=r"ca\.pem holds no certificate"):
        opened(address(dovecot, "tls", ca_file=tmp_path / "ca.pem"), user).connect()


def test_tls_towards_a_plain_port_says_so(dovecot: Dovecot, opened: Callable[..., Connection], user: str) -> None:
    with pytest.raises(EndpointError) as caught:
        opened(Address("localhost", dovecot.port, "tls"), user).connect()
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.STOP_BATCH, "TLS")


def test_nothing_listening_is_tried_again(opened: Callable[..., Connection], user: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(EndpointError) as caught:
        opened(Address("127.0.0.1", port, "none"), user).connect()
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.RETRY, "REFUSED")


def test_a_name_may_hold_anything(dovecot: Dovecot, opened: Callable[..., Connection], user: str) -> None:
    opened(address(dovecot), f'{user} "ä{{3}}\\').connect()


@pytest.mark.parametrize(
    ("offers", "said"),
    [
        (b"AUTH=PLAIN", "AUTHENTICATE PLAIN " + base64.b64encode('\0an "n\0nö"\\{3}'.encode()).decode()),
        (b"AUTH=LOGIN", 'LOGIN "an \\"n" {8}\r\nnö"\\{3}'),
    ],
)
def test_a_password_may_hold_anything(opened: Callable[..., Connection], offers: bytes, said: str) -> None:
    with Scripted({}, b"* OK [CAPABILITY IMAP4rev1 %b] hi\r\n" % offers) as server:
        server._script["CAPABILITY"] = [b"* CAPABILITY IMAP4rev1 %b\r\nTAG OK done\r\n" % offers]
        connection = opened(Address(server.host, server.port, "none"), 'an "n', 'nö"\\{3}')
        connection.connect()
        connection.close()
    assert said in server.seen


def test_a_server_without_plain_wants_encryption(opened: Callable[..., Connection], user: str) -> None:
    offers = b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\nTAG OK done\r\n"
    with Scripted({"CAPABILITY": offers}) as server:
        with pytest.raises(EndpointError, match="set security to tls or starttls"):
            opened(Address(server.host, server.port, "none"), user).connect()
        admin = AdminSignIn("boss")
        with pytest.raises(EndpointError, match=r"give \[admin\] a login template"):
            opened(Address(server.host, server.port, "none"), user, admin=admin).connect()
        with pytest.raises(EndpointError, match="does not offer STARTTLS"):
            opened(Address(server.host, server.port, "starttls"), user).connect()
    assert server.count("LOGIN") == server.count("AUTHENTICATE") == 0


def test_an_administrator_signs_in_by_authorization_identity(
    dovecot: Dovecot, opened: Callable[..., Connection], user: str
) -> None:
    opened(address(dovecot), user, dovecot.master_password, AdminSignIn(dovecot.master)).connect()
    with pytest.raises(EndpointError):
        opened(address(dovecot), user, dovecot.password, AdminSignIn(dovecot.master)).connect()


def test_an_administrator_signs_in_by_template(dovecot: Dovecot, opened: Callable[..., Connection], user: str) -> None:
    admin = AdminSignIn(dovecot.master, "{user}*{admin}")
    opened(address(dovecot), user, dovecot.master_password, admin).connect()


def test_a_wrong_password_is_refused(dovecot: Dovecot, opened: Callable[..., Connection], user: str) -> None:
    with pytest.raises(EndpointError) as caught:
        opened(address(dovecot), user, "wrong").connect()
    failure = caught.value.failure
    assert (failure.action, failure.sign_in) == (Action.STOP_MAILBOX, True)
    assert (failure.code, failure.said) == ("AUTHENTICATIONFAILED", "[AUTHENTICATIONFAILED] Authentication failed.")


def test_a_wrong_password_is_sent_once(opened: Callable[..., Connection], user: str) -> None:
    passwords = Passwords("wrong")
    with Scripted({"AUTHENTICATE": b"TAG NO sorry\r\n"}) as server:
        connection = opened(Address(server.host, server.port, "none"), user, passwords)
        for reads in (2, 3):  # the reference is read once more; from then on the refused value is not sent again
            with pytest.raises(EndpointError) as caught:
                connection.connect()
            assert caught.value.failure.sign_in
            assert passwords.read == reads
    assert server.count("AUTHENTICATE") == 1


@pytest.mark.parametrize(
    ("said", "action"),
    [
        (b"* BYE shutting down\r\nCLOSE", Action.RETRY),
        (b"CLOSE", Action.RETRY),
        (b"TAG NO [UNAVAILABLE] Temporary authentication failure.\r\n", Action.WAIT),
        (b"TAG NO [ALERT] Too many simultaneous connections. (Failure)\r\n", Action.WAIT),
        (b"TAG BAD User is authenticated but not connected.\r\n", Action.WAIT),
    ],
)
def test_a_sign_in_that_stumbles_is_not_a_wrong_password(
    opened: Callable[..., Connection], user: str, said: bytes, action: Action
) -> None:
    with Scripted({"AUTHENTICATE": [said, b"TAG OK at last\r\n"]}) as server:
        connection = opened(Address(server.host, server.port, "none"), user)
        with pytest.raises(EndpointError) as caught:
            connection.connect()
        assert (caught.value.failure.action, caught.value.failure.sign_in) == (action, False)
        connection.connect()
        connection.close()


def test_a_greeting_that_turns_us_away(opened: Callable[..., Connection], user: str) -> None:
    greeting = b"* BYE Too many connections from your address\r\n"
    with Scripted({}, greeting) as server, pytest.raises(EndpointError) as caught:
        opened(Address(server.host, server.port, "none"), user).connect()
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.WAIT, "LIMIT")
    assert caught.value.failure.said == "Too many connections from your address"


def test_a_password_that_changed_meanwhile_is_tried_once(
    dovecot: Dovecot, opened: Callable[..., Connection], user: str
) -> None:
    passwords = Passwords("old", "secret")
    opened(address(dovecot), user, passwords).connect()
    assert passwords.read == 2


def test_a_lost_connection_is_made_again(dovecot: Dovecot, opened: Callable[..., Connection], user: str) -> None:
    connection = opened(address(dovecot), user)
    connection.connect()
    connection._client.socket().shutdown(socket.SHUT_RDWR)
    with pytest.raises(EndpointError) as caught:
        connection.order(b"NOOP")
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.RETRY, "LOST")
    assert connection.order(b"NOOP").ok


def test_a_silent_server_is_not_waited_for_for_ever(opened: Callable[..., Connection], user: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = Address("127.0.0.1", silent.getsockname()[1], "none")
        connection = Connection(where, SignIn(user, Passwords("x")), Side.SOURCE, Timeouts(0.1, 0.1))
        with pytest.raises(EndpointError) as caught:
            connection.connect()
    assert (caught.value.failure.action, caught.value.failure.code) == (Action.RETRY, "TIMEOUT")


def test_a_source_lets_no_writing_command_out(dovecot: Dovecot, opened: Callable[..., Connection], user: str) -> None:
    connection = opened(address(dovecot), user)
    for command in (b"SELECT INBOX", b"UID STORE 1 +FLAGS (x)", b"CREATE x", b"EXPUNGE", b"uid copy 1 x", b"DELETE x"):
        with pytest.raises(AssertionError):
            connection.run(command)


def test_a_destination_is_cut_off_hard(user: str) -> None:
    """A reset, not an end: what is on its way is thrown away."""
    seen = []

    def serve(listener: socket.socket) -> None:
        peer, _ = listener.accept()
        with peer, peer.makefile("rb") as lines:
            peer.sendall(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n")
            try:
                for line in lines:
                    tag = line.split()[0]
                    if b"AUTHENTICATE" in line:
                        peer.sendall(b"+ \r\n")
                        lines.readline()
                    peer.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n%b OK done\r\n" % tag)
                seen.append("end")
            except ConnectionResetError:
                seen.append("reset")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        where = Address("127.0.0.1", listener.getsockname()[1], "none")
        connection = Connection(where, SignIn(user, Passwords("x")), Side.DESTINATION, PATIENCE)
        connection.connect()
        connection.drop()
        server.join()
    assert seen == ["reset"]


def test_debug_output_is_off(dovecot: Dovecot, opened: Callable[..., Connection], user: str) -> None:
    connection = opened(address(dovecot), user)
    connection.connect()
    assert connection._client._imap.debug == 0


def test_tls_is_modern(dovecot: Dovecot, opened: Callable[..., Connection], user: str) -> None:
    connection = opened(address(dovecot, "tls", ca_file=dovecot.ca_file), user)
    connection.connect()
    assert isinstance(connection._client.socket(), ssl.SSLSocket)
    assert connection._client.socket().version() in {"TLSv1.2", "TLSv1.3"}
