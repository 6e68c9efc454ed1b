"""The console in a real terminal: it starts, it ends, and it leaves the terminal as it was."""

import os
import re
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.pty.terminal import CHECKOUT, RESTORED, Terminal


def test_starts_shows_the_store_and_quits(state: Path) -> None:
    with Terminal.console(state) as terminal:
        terminal.shows("sales-wave-2")
        terminal.shows("anna.lindqvist")
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.restored


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_and_the_terminal_is_restored(state: Path, number: int) -> None:
    with Terminal.console(state) as terminal:
        terminal.shows("anna.lindqvist")
        terminal.signal(number)
        assert terminal.end() == 3
        assert terminal.restored


@pytest.mark.parametrize("end", ["quit", "hang up"])
def test_stopped_and_continued_it_is_as_before(state: Path, end: str) -> None:
    with Terminal.console(state) as terminal:
        terminal.shows("anna.lindqvist")
        proc = Path("/proc", str(terminal.process.pid))
        ways, threads = opened(terminal), len(list((proc / "task").iterdir()))
        for number in (signal.SIGTSTP, signal.SIGSTOP, signal.SIGTSTP):
            terminal.signal(number)
            terminal.until(lambda: terminal.stopped, "the stop")
            while terminal.read():
                pass
            assert terminal.restored is (number == signal.SIGTSTP), "the other one cannot be heard of"
            since = len(terminal.output)
            terminal.signal(signal.SIGCONT)
            terminal.shows("\x1b[?1049h", since)
            terminal.shows("anna.lindqvist", since)
        assert opened(terminal) == ways
        terminal.until(lambda: len(list((proc / "task").iterdir())) == threads, "threads in place of those before")
        if end == "quit":
            os.write(terminal.master, b"\xe9\xff\x1b[1114112u")  # another encoding, and a key that cannot be
            terminal.press("q")
            assert terminal.end() == 0
            assert terminal.restored
        else:
            terminal.hang_up()
            assert terminal.end_unread() == 3


def opened(terminal: Terminal) -> int:
    """The program's descriptors of its terminal."""
    descriptors = Path("/proc", str(terminal.process.pid), "fd").iterdir()
    return [str(descriptor.readlink()) for descriptor in descriptors].count(os.ttyname(terminal.slave))


def test_a_lost_terminal_ends_it(state: Path) -> None:
    with Terminal.console(state) as terminal:
        terminal.shows("anna.lindqvist")
        terminal.hang_up()
        assert terminal.end_unread() == 3


def test_a_lost_terminal_ends_it_also_under_nohup(state: Path) -> None:
    ignoring = "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    run = f"from tui.__main__ import main; sys.exit(main(['--state', {str(state)!r}]))"
    with Terminal([sys.executable, "-c", ignoring + run]) as terminal:
        terminal.shows("anna.lindqvist")
        terminal.hang_up()
        assert terminal.end_unread() == 3


def test_a_terminal_that_takes_no_output_does_not_hold_it_up(state: Path) -> None:
    with Terminal.console(state) as terminal:
        terminal.shows("anna.lindqvist")
        for _ in range(100):  # each draws the whole screen; nobody reads
            terminal.press("\x0c")
            time.sleep(0.02)
        terminal.signal(signal.SIGTERM)
        assert terminal.end_unread() == 3
        while terminal.read():
            pass
        assert not any(code in terminal.output for code in RESTORED[:2])  # it really took nothing more
        assert termios.tcgetattr(terminal.slave) == terminal.before


def test_a_terminal_that_cannot_show_it_is_told_in_one_line(state: Path) -> None:
    with Terminal.console(state, env={"TERM": "dumb"}) as terminal:
        assert terminal.end() == 2
        lines = terminal.output.decode().strip().splitlines()
        assert len(lines) == 1
        assert "TERM" in lines[0]
        assert "mailcutover run" in lines[0]


def test_without_a_terminal_it_says_what_to_use(state: Path) -> None:
    command = [sys.executable, "-m", "tui", "--state", str(state)]
    ended = subprocess.run(command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1
    assert "mailcutover run" in ended.stderr


@pytest.mark.parametrize("elsewhere", ["</dev/null", "2>said"])
def test_keys_and_screen_must_be_at_the_same_terminal(tmp_path: Path, state: Path, elsewhere: str) -> None:
    said = tmp_path / "said"
    run = f"cd {tmp_path}; exec {sys.executable} -m tui --state {state} {elsewhere}"
    with Terminal(["sh", "-c", run]) as terminal:
        assert terminal.end() == 2
        lines = said.read_text() if "said" in elsewhere else terminal.output.decode()
    assert len(lines.strip().splitlines()) == 1
    assert "the console needs a terminal (on standard input and standard error)" in lines


def test_a_fault_leaves_a_file_and_no_local_variable(state: Path) -> None:
    fault = (
        "import sys; from tui.screens.dashboard import Dashboard\n"
        "def show(self, tick, alarm):\n"
        "    password = 'hunter' + '2'\n"
        "    raise RuntimeError('it broke')\n"
        "Dashboard.show = show\n"
        f"from tui.__main__ import main; sys.exit(main(['--state', {str(state)!r}]))"
    )
    with Terminal([sys.executable, "-c", fault]) as terminal:
        assert terminal.end() == 70
        assert terminal.restored
        (crash,) = state.glob("crash-*.txt")
        assert crash.name.encode() in terminal.output
        assert "it broke" in crash.read_text()
        assert crash.stat().st_mode & 0o777 == 0o600
        assert b"hunter2" not in terminal.output
        assert "hunter2" not in crash.read_text()
        assert not (state / "console.json").exists(), "what broke it should not do so at the next start"


_SIXTEEN = {*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)}
_HOW = {5: "256", 2: "24 bit"}


def _drawn(output: bytes) -> tuple[set[str], set[int]]:
    """Which kinds of colours, and which attributes, were set (ECMA-48, SGR)."""
    colours, attributes = set(), set()
    for codes in re.findall(rb"\x1b\[([0-9;]*)m", output):
        left = [int(code or 0) for code in codes.split(b";")]
        while left:
            code = left.pop(0)
            if code in {38, 48}:
                how = left.pop(0)
                colours.add(_HOW[how])
                del left[: 1 if how == 5 else 3]
            elif code in _SIXTEEN:
                colours.add("16")
            elif code not in {0, 39, 49}:
                attributes.add(code)
    return colours, attributes


@pytest.mark.parametrize(
    ("env", "colours"),
    [
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, set()),
        ({"TERM": "screen"}, {"16"}),
        ({"TERM": "xterm-256color"}, {"256"}),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, {"24 bit"}),
    ],
)
def test_colours_are_those_that_the_terminal_has(state: Path, env: dict[str, str], colours: set[str]) -> None:
    with Terminal.console(state, env={"COLORTERM": "", **env}) as terminal:
        terminal.shows("anna.lindqvist")
        terminal.press("q")
        assert terminal.end() == 0
        found, attributes = _drawn(bytes(terminal.output))
        assert found == colours
        assert 1 in attributes, "what stands out does so without a colour, too"
