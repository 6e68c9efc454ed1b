"""The server as a program: the command, a kill, TLS."""

import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.sandbox.raw import RawClient, message
from tests.sandbox.server import PracticeExchange

MIME = b"Subject: Hello\r\n\r\nHi\r\n"


class Command:
    """`python -m tests.sandbox` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "password").write_text("secret\n")

    def start(self, *arguments: str) -> str:
        """Start it; its URL."""
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.sandbox", "--data", str(self.folder / "data")),
                *("--mailbox", "a@example.com:de", "--account", f"svc:{self.folder / 'password'}"),
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self, number: int) -> str:
        """End it with a signal; what it wrote to stderr."""
        os.kill(self.process.pid, number)
        return self.process.communicate(timeout=20)[1]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    started = Command(tmp_path)
    yield started
    if started.process.poll() is None:
        started.end(signal.SIGKILL)


def test_the_command_serves_until_it_is_told_to_stop(command: Command) -> None:
    url = command.start()
    with RawClient(url, "svc", "secret", mailbox="a@example.com") as client:
        assert client.create([message(MIME)]).codes == ["NoError"]
    stderr = command.end(signal.SIGTERM)
    assert command.process.returncode == 0
    assert [line for line in stderr.splitlines() if line] == [
        "validation against the EWS schemas is off: no schema folder was given"
    ]


def test_the_command_throttles_as_it_is_told(command: Command) -> None:
    policy = ("--max-burst", "50", "--recharge-rate", "1000", "--cutoff-balance", "0", "--item-charge", "100")
    url = command.start(*policy)
    with RawClient(url, "svc", "secret", mailbox="a@example.com") as client:
        assert [client.find().codes for _turn in range(2)] == [["NoError"], ["ErrorServerBusy"]]


def test_what_was_answered_survives_a_kill(command: Command) -> None:
    url = command.start()
    with RawClient(url, "svc", "secret", mailbox="a@example.com") as client:
        item = client.create([message(MIME)]).ids()[0][0]
    command.end(signal.SIGKILL)
    with RawClient(command.start(), "svc", "secret", mailbox="a@example.com") as client:
        assert [found for found, _key in client.find().ids()] == [item]


def test_a_password_file_that_is_missing_is_one_line(tmp_path: Path) -> None:
    arguments = ["--data", str(tmp_path), "--account", f"svc:{tmp_path / 'none'}"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.sandbox", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "password file" in done.stderr
    assert "Traceback" not in done.stderr


def test_speaks_tls(make_practice_exchange: Callable[..., PracticeExchange], tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    _self_signed(certificate, key)
    server = make_practice_exchange(certificate=certificate, key=key)
    server.add_account("svc", "secret")
    server.add_mailbox("a@example.com")
    assert server.url.startswith("https://")
    with RawClient(server.url, "svc", "secret", mailbox="a@example.com", ca_file=str(certificate)) as client:
        assert client.create([message(MIME)]).codes == ["NoError"]
    with RawClient(server.url, "svc", "secret") as client, pytest.raises(ssl.SSLCertVerificationError):
        client.find()


def test_a_client_that_says_nothing_does_not_hold_up_the_end(
    make_practice_exchange: Callable[..., PracticeExchange], tmp_path: Path
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    _self_signed(certificate, key)
    for options in ({}, {"certificate": certificate, "key": key}):
        server = make_practice_exchange(**options)
        parts = urlsplit(server.url)
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as silent:
            while not server._open:
                time.sleep(0.01)
            server.stop()
            assert silent.recv(1) == b""


def test_says_once_that_validation_is_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), PracticeExchange(tmp_path):
        pass
    assert [record.message for record in caplog.records] == [
        "validation against the EWS schemas is off: no schema folder was given"
    ]


def test_a_wrong_answer_of_ours_is_recorded(
    practice_exchange: PracticeExchange, monkeypatch: pytest.MonkeyPatch, ews_schemas: Path
) -> None:
    ann = practice_exchange.add_mailbox("a@example.com")
    monkeypatch.setattr("tests.sandbox.folders.text", lambda name: f"<t:Broken>{name}</t:Broken>")
    with RawClient(practice_exchange.url, "svc", "secret", mailbox=ann.address) as client:
        answer = client.call(
            "<m:GetFolder><m:FolderShape><t:BaseShape>Default</t:BaseShape></m:FolderShape>"
            '<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder>'
        )
    assert (answer.status, answer.codes) == (500, ["ErrorInternalServerError"])
    assert len(practice_exchange.schema_errors) == 1
    practice_exchange.schema_errors.clear()


def _self_signed(certificate: Path, key: Path) -> None:
    from datetime import UTC, datetime, timedelta
    from ipaddress import IPv4Address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "practice")])
    now = datetime.now(tz=UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(secret, hashes.SHA256())
    )
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key.write_bytes(
        secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
