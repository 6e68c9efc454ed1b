"""The servers that the other tests trust."""

import imaplib
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.servers.courier import Courier
from tests.servers.cyrus import Cyrus
from tests.servers.dovecot import Dovecot
from tests.servers.imap_server import ImapServer
from tests.servers.mail import Record, append, sure
from tests.servers.pymap import Pymap

ODD = Record(
    b"Subject: odd\r\n\r\nx1 NOOP\r\n\xff no final newline",
    flags=frozenset({"\\Seen", "\\Flagged", "$Forwarded", "Kunde"}),
    received=datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC),
)


@pytest.mark.parametrize("shape", ["dovecot", "dovecot_dot"])
def test_dovecot_gives_back_what_was_loaded(shape: str, request: pytest.FixtureRequest, user: str) -> None:
    server: Dovecot = request.getfixturevalue(shape)
    below = Record(b"Subject: below\r\n\r\n", server.wire("A b", 'c"d\\e%'), frozenset({"\\Draft"}))
    server.load(user, [ODD, ODD, below])
    read = sorted(server.read(user), key=lambda record: record.folder != "INBOX")
    assert [(r.folder, r.flags, r.received, r.data, r.uid) for r in read] == [
        *((ODD.folder, ODD.flags, ODD.received, ODD.data, uid) for uid in (1, 2)),
        (below.folder, below.flags, below.received, below.data, 1),
    ]
    names = server.folders(user)
    assert "\\Sent" in names[server.wire("Sent")]
    assert below.folder in names


def test_dovecot_signs_in_by_password_master_and_authzid(dovecot: Dovecot, user: str) -> None:
    dovecot.load(user, [ODD])
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        dovecot.client(user, "wrong")
    with dovecot.client(f"{user}*{dovecot.master}", dovecot.master_password) as client:
        assert sure(client.select())[0] == b"1"
    with imaplib.IMAP4(dovecot.host, dovecot.port) as client:
        plain = f"{user}\0{dovecot.master}\0{dovecot.master_password}".encode()
        sure(client.authenticate("PLAIN", lambda _: plain))
        assert sure(client.select())[0] == b"1"


def test_dovecot_speaks_tls(dovecot: Dovecot, user: str) -> None:
    trusting = ssl.create_default_context(cafile=str(dovecot.ca_file))
    with imaplib.IMAP4_SSL("localhost", dovecot.tls_port, ssl_context=trusting) as client:
        client.login(user, dovecot.password)
    with imaplib.IMAP4("127.0.0.1", dovecot.port) as client:
        client.starttls(trusting)
        client.login(user, dovecot.password)
    doubting = ssl.create_default_context()
    with socket.create_connection(("localhost", dovecot.tls_port)) as bare, pytest.raises(ssl.SSLCertVerificationError):
        doubting.wrap_socket(bare, server_hostname="localhost")


def test_dovecot_of_another_shape(make_dovecot: Callable[..., Dovecot], user: str) -> None:
    server = make_dovecot(without=("LITERAL+", "UIDPLUS"), offers=("APPENDLIMIT=1000",), quota="2k")
    assert make_dovecot(without=("LITERAL+", "UIDPLUS"), offers=("APPENDLIMIT=1000",), quota="2k") is server
    with server.client(user) as client:
        words = sure(client.capability())[0].split()
        assert b"APPENDLIMIT=1000" in words
        assert not {b"LITERAL+", b"UIDPLUS"} & set(words)
        answer = append(client, Record(b"Subject: big\r\n\r\n" + b"x" * 4000))
        assert answer[0] == "NO"
        assert b"OVERQUOTA" in answer[1][0]


def test_dovecot_keeps_mail_and_port_over_a_restart(user: str, make_dovecot: Callable[..., Dovecot]) -> None:
    server = make_dovecot(fsync="optimized")
    server.load(user, [ODD])
    port = server.port
    assert server._process
    pid = server._process.pid
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    server.start()
    assert server.port == port
    assert [record.data for record in server.read(user)] == [ODD.data]


@pytest.mark.parametrize("shape", ["courier", "cyrus", "cyrus_dot"])
def test_others_give_back_what_was_loaded(shape: str, request: pytest.FixtureRequest, user: str) -> None:
    server: ImapServer = request.getfixturevalue(shape)
    whole = replace(ODD, data=ODD.data + b"\r\n")
    below = Record(b"Subject: below\r\n\r\n", server.wire("A b", "c'd"), frozenset({"\\Draft"}))
    server.load(user, [whole, whole, below])
    read = sorted(server.read(user), key=lambda record: record.folder != "INBOX")
    assert [(r.folder, r.flags, r.received, r.data, r.uid) for r in read] == [
        *((whole.folder, whole.flags, whole.received, whole.data, uid) for uid in (1, 2)),
        (below.folder, below.flags, below.received, below.data, 1),
    ]
    assert below.folder in server.folders(user)
    with pytest.raises(imaplib.IMAP4.error, match=r"(?i)login failed"):
        server.client(user, "wrong")


@pytest.mark.usefixtures("courier")  # which says what is missing
def test_courier_ends_its_sessions_and_keeps_its_mail(user: str) -> None:
    server = Courier()
    try:
        server.start()
        server.load(user, [Record(b"Subject: kept\r\n\r\n")])
        port, client = server.port, server.client(user)
        server.stop()
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            client.noop()
        client.shutdown()
        server.start()
        assert server.port == port
        assert [record.data for record in server.read(user)] == [b"Subject: kept\r\n\r\n"]
    finally:
        server.remove()


def test_cyrus_signs_in_its_administrator_for_a_user(cyrus: Cyrus, user: str) -> None:
    cyrus.load(user, [ODD])
    with imaplib.IMAP4(cyrus.host, cyrus.port) as client:
        plain = f"{user}\0{cyrus.admin}\0{cyrus.admin_password}".encode()
        sure(client.authenticate("PLAIN", lambda _: plain))
        assert sure(client.select())[0] == b"1"


def test_cyrus_refuses_what_is_no_message(cyrus: Cyrus, user: str) -> None:
    with cyrus.client(user) as client:
        for data, word in ((b"a: b\n\n", b"newline"), (b"a: \0\r\n\r\n", b"NUL"), (b"no header\r\n", b"header")):
            status, said = append(client, Record(data))
            assert status == "NO"
            assert word in said[0]


def test_pymap_gives_back_what_was_loaded(pymap: Pymap) -> None:
    pymap.load([replace(ODD, folder="Given back")])
    stored = [record for record in pymap.read() if record.folder == "Given back"]  # other tests have theirs
    assert [(record.data, record.received, record.flags) for record in stored] == [(ODD.data, ODD.received, ODD.flags)]
