"""A terminal that notes when bytes come, and that reads as fast as it is told to."""

import os
import re
import select
import sys
import tempfile
import termios
import threading
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any, Self

from tests.bench.console.probe import Taken
from tests.pty.terminal import Terminal

_STEP = 0.02  # seconds, while the rate is limited
#: As in an installation: after a first start, which does not count, no source is compiled any more.
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}


class Watched(Terminal):
    """Read by a thread of its own. `rate` is in bytes a second: None is unlimited, 0 reads nothing."""

    rate: float | None = None

    def __init__(
        self, command: Sequence[str], *, columns: int = 120, rows: int = 40, env: Mapping[str, str] | None = None
    ) -> None:
        self._ends: list[int] = []  # of what had come
        self._times: list[float] = []  # when it had
        self._came = threading.Condition()
        self._ending = threading.Event()
        self.began = time.monotonic()
        super().__init__(command, columns=columns, rows=rows, env={**COMPILED, **(env or {})})
        self._thread = threading.Thread(target=self._read, name="terminal", daemon=True)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        super().__exit__()

    def hang_up(self) -> None:
        """As when a link is lost; nothing more is read."""
        self._ending.set()
        self._thread.join()
        super().hang_up()

    def read(self, seconds: float = 0.05) -> bool:
        """Wait for the reading thread; whether there was anything."""
        with self._came:
            return self._came.wait(seconds)

    def when(self, pattern: str, since: int = 0) -> float:
        """Wait until text that the pattern matches has come, after so many bytes; when it had."""
        wanted = re.compile(pattern.encode())
        self.until(lambda: wanted.search(self.output, since) is not None, repr(pattern))
        found = wanted.search(self.output, since)
        assert found is not None
        return self._times[bisect_left(self._ends, found.end())]

    def answer(self, keys: str, pattern: str) -> float:
        """Seconds from these keys to text that the pattern matches."""
        since, began = len(self.output), time.monotonic()
        self.press(keys)
        return self.when(pattern, since) - began

    def quiet(self, seconds: float = 0.6) -> None:
        """Wait until nothing has come for so long."""
        while self.read(seconds):
            pass

    def stop_output(self) -> None:
        """As Ctrl+S does (XOFF)."""
        termios.tcflow(self.slave, termios.TCOOFF)

    def continue_output(self) -> None:
        """As Ctrl+Q does (XON)."""
        termios.tcflow(self.slave, termios.TCOON)

    def cpu(self) -> float:
        """Seconds of processor time that the program has taken."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _read(self) -> None:
        allowed, last = 0.0, time.monotonic()
        while not self._ending.is_set():
            rate = self.rate
            if rate is None:
                size, allowed, last = 65_536, 0.0, time.monotonic()
            else:
                time.sleep(_STEP)
                now = time.monotonic()
                allowed, last = min(allowed + (now - last) * rate, rate / 10), now
                size = int(allowed)
            if not size or not select.select([self.master], [], [], _STEP)[0]:
                continue
            try:
                data = os.read(self.master, size)
            except OSError:
                return
            allowed -= len(data) if rate is not None else 0
            with self._came:
                self.output += data
                self._ends.append(len(self.output))
                self._times.append(time.monotonic())
                self._came.notify_all()


class Probed(Watched):
    """A console with a probe in it; see `launch`."""

    def __init__(
        self, state: Path, *arguments: str, columns: int = 120, rows: int = 40, env: Mapping[str, str] | None = None
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mailcutover-bench-")
        address = f"{self._folder.name}/probe"
        listener = Listener(address, "AF_UNIX")
        command = [sys.executable, "-m", "tests.bench.console.launch", address, "--state", str(state), *arguments]
        super().__init__(command, columns=columns, rows=rows, env=env)
        self._connection: Connection[Any, Any] = listener.accept()
        listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._connection.close()
        self._folder.cleanup()

    def ask(self, what: object) -> Any:
        """Ask the program for something; its answer."""
        self._connection.send(what)
        return self._connection.recv()

    def take(self) -> Taken:
        """What the probe saw since the last time."""
        taken = self.ask("take")
        assert isinstance(taken, Taken)
        return taken

    def over(self, seconds: float) -> tuple[Taken, Taken, int]:
        """What the probe says before and after so many seconds, and the bytes that came in them."""
        before, size = self.take(), len(self.output)
        time.sleep(seconds)
        came = len(self.output) - size
        return before, self.take(), came
