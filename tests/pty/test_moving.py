"""The console moves mail between real servers, and loses none of it however it is ended."""

import json
import re
import signal
import subprocess
import sys
import termios
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.pty.terminal import CHECKOUT, Terminal
from tests.sandbox.outcomes import Held
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import Faults
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
max_connections = 1  # one request at a time: one that is held holds all
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
    """Also while the terminal takes nothing, as after Ctrl+s (XOFF) or on a link that stalls."""
    held = Held()
    practice_exchange.next("CreateItem", held)
    with Terminal.console(tmp_path / "state", str(batch), env=SECRETS) as terminal:
        terminal.shows("Created")
        terminal.press("s")
        terminal.until(held.arrived.is_set, "a request")
        termios.tcflow(terminal.slave, termios.TCOOFF)
        terminal.press("\x0c" * 60)  # each draws the whole screen: twice what waits in Textual before all stands still
        while terminal.read(0.5):
            pass
        held.release.set()
        terminal.until(lambda: stored(practice_exchange) == ALL, "all mail")
        since = len(terminal.output)
        assert b"Synced" not in terminal.output
        termios.tcflow(terminal.slave, termios.TCOON)
        terminal.shows("Synced", since)
        ended(terminal, tmp_path / "state")
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.restored
    assert stored(practice_exchange) == ALL


@pytest.mark.parametrize("end", [signal.SIGTERM, "quit"])
def test_ended_in_the_middle_it_stops_at_a_message_and_goes_on_later(
    tmp_path: Path, batch: Path, practice_exchange: PracticeExchange, end: signal.Signals | str
) -> None:
    held = Held()
    practice_exchange.next("CreateItem", held, after=1)
    with Terminal.console(tmp_path / "state", str(batch), env=SECRETS) as terminal:
        terminal.shows("Created")
        terminal.press("s")
        terminal.until(held.arrived.is_set, "a second request")
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
    assert 20 < len(stored(practice_exchange)) < COUNT
    command = [sys.executable, "-m", "tui", "--state", str(tmp_path / "state"), "run", str(batch)]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CHECKOUT), **SECRETS}
    again = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert stored(practice_exchange) == ALL


@pytest.fixture
def holds(practice_exchange: PracticeExchange) -> Iterator[tuple[Held, Held]]:
    """Two requests to be held, let go at the end of the test at the latest."""
    both = Held(), Held()
    yield both
    for held in both:
        held.release.set()


LEAVINGS = ("keep", "hang up", "hang up under nohup")


@pytest.mark.parametrize("how", LEAVINGS)
def test_left_alone_it_goes_on_in_the_background_and_is_shown_again(
    tmp_path: Path, batch: Path, practice_exchange: PracticeExchange, holds: tuple[Held, Held], how: str
) -> None:
    batch.write_text(batch.read_text().replace("env:OLD_PASSWORD", "prompt:the old password"))
    held, again = holds
    practice_exchange.next("CreateItem", held, after=1)
    state = tmp_path / "state"
    with console(state, batch, ignoring_hangups="nohup" in how) as terminal:
        terminal.shows("Created")
        terminal.press("s")
        terminal.shows("Needed to start")
        terminal.press(f"\x1b[200~{SECRETS['OLD_PASSWORD']}\x1b[201~\r")  # pasted
        terminal.until(held.arrived.is_set, "a second request")
        practice_exchange.next("CreateItem", again)  # by whoever goes on
        if how == "keep":
            terminal.press("q")
            terminal.shows("Keep running")
            terminal.press("k")
            terminal.shows("Handing over, 1 in flight")
            held.release.set()
            terminal.shows("move goes on in process")
            assert terminal.end() == 0
            assert terminal.restored
        else:
            terminal.hang_up()
            while status(state)["status"] != "Stopping":
                assert terminal.process.poll() is None
            held.release.set()
            assert terminal.end_unread() == 3
        left = terminal.process.pid
    assert again.arrived.wait(30)
    runner = status(state)["runner"]
    assert runner["pid"] != left
    secret, proc = SECRETS["OLD_PASSWORD"].encode(), Path("/proc", str(runner["pid"]))
    assert secret not in (proc / "cmdline").read_bytes()
    told = [line for line in (proc / "environ").read_bytes().split(b"\0") if secret in line]
    assert told == [b"EXCHANGE_PASSWORD=" + secret], "the typed one came another way"
    complaints = state / "detached-move.txt"
    assert (complaints.stat().st_mode & 0o777, complaints.read_text()) == (0o600, "")
    assert not state.with_name("keys.txt").exists(), "no log of what is pasted"
    with Terminal.console(state, env=SECRETS) as terminal:
        terminal.shows(f"process {runner['pid']}")
        again.release.set()
        terminal.shows("Synced")
        terminal.press("q")
        assert terminal.end() == 0
    assert stored(practice_exchange) == ALL


def console(state: Path, batch: Path, *, ignoring_hangups: bool) -> Terminal:
    """The console; started as nohup does."""
    secrets = {"EXCHANGE_PASSWORD": SECRETS["EXCHANGE_PASSWORD"]}
    secrets |= {"TEXTUAL": "debug", "TEXTUAL_LOG": str(state.with_name("keys.txt"))}
    if not ignoring_hangups:
        return Terminal.console(state, str(batch), env=secrets)
    arguments = ["--state", str(state), str(batch)]
    run = f"signal.signal(signal.SIGHUP, signal.SIG_IGN); from tui.__main__ import main; sys.exit(main({arguments!r}))"
    return Terminal([sys.executable, "-c", f"import signal, sys; {run}"], env=secrets)


def status(state: Path, name: str = "move") -> dict[str, Any]:
    """The batch as another process sees it."""
    command = [sys.executable, "-m", "core", "--state", str(state), "status", name, "--json"]
    said = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(said)["batches"][0]
    return found


def ended(terminal: Terminal, state: Path) -> None:
    """Wait until nobody runs the batch. Its mailboxes are Synced a moment earlier, and until then `q` asks."""
    terminal.until(lambda: status(state)["runner"] is None, "the end of the run")


def test_a_link_that_breaks_is_shown_and_gone_on_with(
    tmp_path: Path, dovecot: Dovecot, user: str, batch: Path, practice_exchange: PracticeExchange
) -> None:
    large = b64encode(Random(3).randbytes(300_000))  # no compression makes it much smaller
    dovecot.load(user, [Record(b"Subject: large\r\n\r\n%b\r\n" % large, "Later")])
    proxy = FaultProxy(dovecot.port)
    batch.write_text(batch.read_text().replace(f"port = {dovecot.port}", f"port = {proxy.port}"))
    with proxy, Terminal.console(tmp_path / "state", str(batch), env=SECRETS) as terminal:
        proxy.faults = Faults(rate=60_000)  # seven seconds for the last message
        terminal.shows("Created")
        terminal.press("s")
        terminal.until(lambda: practice_exchange.mailbox("ann@new.example").count() > 0, "some of it")
        proxy.faults = Faults(rate=60_000, refused=True)  # nothing of what waits in the proxy is let through
        proxy.cut()
        terminal.shows("no link")
        terminal.shows(f"source 127.0.0.1:{proxy.port}: nothing answers at this host and port")
        proxy.heal()
        terminal.shows("the link is back")
        terminal.shows("Synced")
        ended(terminal, tmp_path / "state")
        terminal.press("q")
        assert terminal.end() == 0
    assert stored(practice_exchange) == ALL
    assert len(practice_exchange.mailbox("ann@new.example").items("Later")) == 1
