"""The program in a terminal of its own: what it writes, what keys do, what is left behind."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0  # seconds after which a test gives up; nothing is measured

#: What leaves a terminal as a shell wants it: alternate screen, mouse, paste, focus and keyboard modes off, cursor on.
RESTORED = (
    b"\x1b[?1049l",
    b"\x1b[?25h",
    b"\x1b[?1000l",
    b"\x1b[?1003l",
    b"\x1b[?2004l",
    b"\x1b[?1004l",
    b"\x1b[<u",
    b"\x1b[?7h",
)


#: Makes the terminal the session's own, then becomes the program.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A pseudo-terminal with a program in it, as its session's leader."""

    def __init__(
        self, command: Sequence[str], *, columns: int = 120, rows: int = 40, env: Mapping[str, str] | None = None
    ) -> None:
        self.output = bytearray()
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        # COLUMNS and LINES would count for more than the size of the terminal; pytest-xdist sets them.
        left_out = ("TEXTUAL", "NO_COLOR", "SSH_", "COLUMNS", "LINES")
        environ = {key: value for key, value in os.environ.items() if not key.startswith(left_out)}
        environ |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(CHECKOUT)}
        environ |= {"XDG_CONFIG_HOME": "/nonexistent", **(env or {})}  # nobody's settings
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-c", _TAKE_TERMINAL, *command],  # quickly: no site-packages
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            env=environ,
            cwd=CHECKOUT,
            start_new_session=True,
        )

    @classmethod
    def console(cls, state: Path, *arguments: str, **options: object) -> Self:
        """mailcutover's console on the store in `state`."""
        return cls([sys.executable, "-m", "tui", "--state", str(state), *arguments], **options)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()
        os.close(self.slave)

    def read(self, seconds: float = 0.05) -> bool:
        """Take what was written meanwhile; whether there was anything."""
        if self.master < 0 or not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65_536)
        except OSError:
            return False
        self.output += data
        return bool(data)

    def until(self, done: Callable[[], bool], what: str) -> None:
        """Read until `done`."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline, f"waited in vain for {what}; at the end: {bytes(self.output[-2000:])!r}"
            self.read()

    def shows(self, text: str, since: int = 0) -> None:
        """Read until this was written, after so many bytes."""
        wanted = text.encode()
        self.until(lambda: wanted in self.output[since:], repr(text))

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self.master, keys.encode())

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        os.kill(self.process.pid, number)

    @property
    def stopped(self) -> bool:
        """Whether the program is stopped (proc(5), stat)."""
        stat = Path("/proc", str(self.process.pid), "stat").read_text()
        return stat.rpartition(")")[2].split()[0] == "T"

    def end(self) -> int:
        """Read until the program has ended; its exit code."""
        self.until(lambda: self.process.poll() is not None, "the end")
        while self.read():
            pass
        code = self.process.returncode
        assert code >= 0, f"ended by {signal.Signals(-code).name}"
        return code

    def end_unread(self) -> int:
        """Wait for the end without reading anything: the terminal takes no more output. The exit code."""
        return self.process.wait(PATIENCE)

    def hang_up(self) -> None:
        """The terminal goes away, as when a link is lost."""
        if self.master >= 0:
            with contextlib.suppress(OSError):
                os.close(self.master)
            self.master = -1

    @property
    def restored(self) -> bool:
        """Whether its modes are what they were, and every mode that was switched on is off."""
        attributes = termios.tcgetattr(self.slave)
        last = self.output.rfind(b"\x1b[?1049h")
        return attributes == self.before and all(code in self.output[last:] for code in RESTORED)
