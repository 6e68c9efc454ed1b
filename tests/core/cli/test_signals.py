"""Signals to a `run` in a process of its own, whose server has stopped answering in the middle of a sign-in."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.store.database import Database
from core.store.holder import holder
from core.store.views import mailboxes

BATCH = """\
name = "sales"
[source]
host = "127.0.0.1"
port = {port}
security = "none"
[destination]
kind = "imap"
host = "127.0.0.1"
port = {port}
security = "none"
[options]
mailboxes_at_once = 1
[[mailboxes]]
source = "ann"
destination = "ann@new.example"
password = "env:OLD_PASSWORD"
destination_password = "env:OLD_PASSWORD"
[[mailboxes]]
source = "ben"
destination = "ben@new.example"
password = "env:OLD_PASSWORD"
destination_password = "env:OLD_PASSWORD"
"""


class Silent:
    """Accepts connections and says nothing, until it is told to hang up."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._connections.append(connection)
            self.reached.set()

    def hang_up(self) -> None:
        """Close every connection, and take no more."""
        self._ended.set()
        self._thread.join(20)
        self._listener.close()
        for connection in self._connections:
            connection.close()


@pytest.fixture
def silent() -> Iterator[Silent]:
    server = Silent()
    yield server
    server.hang_up()


class Running:
    """A `run` as a process; what it says is read line by line."""

    def __init__(self, folder: Path, environment: dict[str, str], port: int, *args: str) -> None:
        path = folder / "sales.toml"
        path.write_text(BATCH.format(port=port))
        self.state = folder / "state"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "core", "run", str(path), *args],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hears(self, text: str) -> None:
        """Read what it says on stderr up to this."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if text in line:
                return
        pytest.fail(f"it never said {text!r}")

    def ends(self) -> tuple[int, str]:
        out, _ = self.process.communicate(timeout=30)
        return self.process.returncode, out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_lets_what_is_in_flight_finish(
    silent: Silent, tmp_path: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    running = Running(tmp_path, environment, silent.port)
    silent.reached.wait(20)
    running.process.send_signal(number)
    running.hears("Stopping, 1 in flight")
    assert running.process.poll() is None
    silent.hang_up()
    code, out = running.ends()
    assert code == 3
    assert out.startswith("sales: Stopped. Nothing copied.")
    with Database.open(running.state) as database, database.look() as look:
        views, _ = mailboxes(look, "sales")
        assert [(view.source, view.status) for view in views] == [("ann", "Stopped"), ("ben", "Queued")]
        assert holder(database, "batch:sales") is None


def test_a_second_one_cuts_it_off(silent: Silent, tmp_path: Path, environment: dict[str, str]) -> None:
    running = Running(tmp_path, environment, silent.port)
    silent.reached.wait(20)
    running.process.send_signal(signal.SIGINT)
    running.hears("Stopping, 1 in flight")
    running.process.send_signal(signal.SIGINT)
    code, out = running.ends()
    assert code == 3
    assert out.startswith("sales: Stop")
    with Database.open(running.state) as database:
        left = holder(database, "batch:sales")
        assert left is None or not left.alive
        with database.look() as look:
            views, _ = mailboxes(look, "sales")
        assert {view.status for view in views} <= {"Stopped", "Queued"}


def test_stop_now_from_another_process_cuts_it_off_too(
    silent: Silent, tmp_path: Path, environment: dict[str, str]
) -> None:
    running = Running(tmp_path, environment, silent.port, "--json")
    silent.reached.wait(20)
    done = subprocess.run(
        [sys.executable, "-m", "core", "stop", "sales", "--now"],
        env=environment,
        capture_output=True,
        check=True,
        timeout=30,
    )
    assert done.stdout == b"sales is to stop at once, cutting off what is in flight\n"
    code, out = running.ends()
    assert code == 3
    assert json.loads(out.splitlines()[-1])["exit_code"] == 3


def test_an_ignored_signal_stays_ignored(silent: Silent, tmp_path: Path, environment: dict[str, str]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does; children inherit it
    try:
        running = Running(tmp_path, environment, silent.port)
    finally:
        signal.signal(signal.SIGHUP, before)
    silent.reached.wait(20)
    running.process.send_signal(signal.SIGHUP)
    running.process.send_signal(signal.SIGTERM)
    running.hears("Stopping, 1 in flight")
    assert running.process.poll() is None, "one signal was heard, not two"
    silent.hang_up()
    assert running.ends()[0] == 3


def test_on_a_terminal_the_last_line_shows_the_progress(
    silent: Silent, tmp_path: Path, environment: dict[str, str]
) -> None:
    path = tmp_path / "sales.toml"
    path.write_text(BATCH.format(port=silent.port))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "run", str(path)],
        env=environment | {"COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while b"of 2 mailboxes" not in shown:
        shown += os.read(ours, 1000)
    process.send_signal(signal.SIGINT)
    while shown.count(b"Stopping, 1 in flight") < 2:  # as an event, and in place of the progress
        shown += os.read(ours, 1000)
    silent.hang_up()
    out, _ = process.communicate(timeout=30)
    os.close(ours)
    assert process.returncode == 3
    assert b"\r\x1b[K" in shown
    assert b"\x1b" not in out


def test_it_goes_on_when_its_terminal_has_gone(silent: Silent, tmp_path: Path, environment: dict[str, str]) -> None:
    reader, writer = os.pipe()
    path = tmp_path / "sales.toml"
    path.write_text(BATCH.format(port=silent.port))
    process = subprocess.Popen(
        [sys.executable, "-m", "core", "run", str(path)],
        env=environment,
        stderr=writer,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    silent.reached.wait(20)
    os.close(reader)
    process.send_signal(signal.SIGTERM)  # what it would say of that, nobody hears
    silent.hang_up()
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out.splitlines()[0]) == (3, "sales: Stopped. Nothing copied.")


def test_after_a_kill_nothing_is_stuck_and_the_next_run_goes_on(
    silent: Silent, tmp_path: Path, environment: dict[str, str]
) -> None:
    running = Running(tmp_path, environment, silent.port)
    silent.reached.wait(20)
    running.hears("2 mailboxes")
    running.process.kill()
    assert running.ends()[0] == -signal.SIGKILL
    with Database.open(running.state) as database, database.look() as look:
        assert {view.status for view in mailboxes(look, "sales")[0]} <= {"Stopped", "Queued"}
    again = Running(tmp_path, environment, silent.port)
    again.hears("2 mailboxes")
    again.process.send_signal(signal.SIGTERM)
    again.hears("in flight")
    silent.hang_up()
    assert again.ends()[0] == 3
