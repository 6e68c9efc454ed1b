"""The console moves mail between real servers, and loses none of it however it is ended."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pty.terminal import CHECKOUT, Terminal
from tests.sandbox.outcomes import Held
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record

COUNT = 240
SECRETS = {"OLD_PASSWORD": Dovecot.password, "EXCHANGE_PASSWORD": "secret"}


@pytest.fixture
def batch(tmp_path: Path, dovecot: Dovecot, user: str, practice_exchange: PracticeExchange) -> Path:
    dovecot.load(
        user,
        (
            Record(f"Message-ID: <{number}@old.example>\r\nSubject: number {number}\r\n\r\nText\r\n".encode())
            for number in range(COUNT)
        ),
    )
    practice_exchange.add_mailbox("ann@new.example", "secret")
    path = tmp_path / "move.toml"
    path.write_text(f"""
name = "move"
[source]
host = "127.0.0.1"
port = {dovecot.port}
security = "none"
[destination]
url = "{practice_exchange.url}"
username = "svc"
password = "env:EXCHANGE_PASSWORD"
[options]
settle = "0.1s"
[[mailboxes]]
source = "{user}"
destination = "ann@new.example"
password = "env:OLD_PASSWORD"
""")
    return path


def stored(exchange: PracticeExchange) -> list[str]:
    """The numbers in the subjects of what the destination holds, sorted."""
    items = exchange.mailbox("ann@new.example").items("Inbox")
    return sorted(re.findall(rb"Subject: number (\d+)", item.mime)[0].decode() for item in items)


ALL = sorted(map(str, range(COUNT)))


def test_a_batch_is_opened_started_and_done(tmp_path: Path, batch: Path, practice_exchange: PracticeExchange) -> None:
    with Terminal.console(tmp_path / "state", str(batch), env=SECRETS) as terminal:
        terminal.shows("Created")
        terminal.press("s")
        terminal.shows("Synced")
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.restored
    assert stored(practice_exchange) == ALL


@pytest.mark.parametrize("end", [signal.SIGTERM, "hang up", "quit"])
def test_ended_in_the_middle_it_stops_at_a_message_and_goes_on_later(
    tmp_path: Path, batch: Path, practice_exchange: PracticeExchange, end: signal.Signals | str
) -> None:
    practice_exchange.pace.item = 0.01
    held = Held()
    practice_exchange.next("CreateItem", held, after=1)
    with Terminal.console(tmp_path / "state", str(batch), env=SECRETS) as terminal:
        terminal.shows("Created")
        terminal.press("s")
        terminal.until(held.arrived.is_set, "a second request")
        if end == "hang up":
            terminal.hang_up()
            held.release.set()
            assert terminal.end_unread() == 3
        else:
            if isinstance(end, signal.Signals):
                terminal.signal(end)
            else:
                terminal.press("q")
                terminal.shows("Stop and quit")
                terminal.press("s")
            terminal.shows("Stopping, 1 in flight")
            held.release.set()
            assert terminal.end() == 3
            assert terminal.restored
    assert len(stored(practice_exchange)) < COUNT
    practice_exchange.pace.item = 0.0
    command = [sys.executable, "-m", "tui", "--state", str(tmp_path / "state"), "run", str(batch)]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CHECKOUT), **SECRETS}
    again = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert stored(practice_exchange) == ALL
