"""The turn to write, passed around fairly among all processes of a state folder.

SQLite's own lock is taken by whoever asks at the right moment: competing writers were measured to wait up to 9 s
under load. Here one waits at the gate while the others queue, and who has just written goes to the back of the queue.
The kernel lets go of both locks (flock(2)) when a process dies.
"""

import contextlib
import fcntl
import os
import time
from pathlib import Path

_SHORTEST = 0.0005  # seconds between two looks at a lock that another process has
_LONGEST = 0.005


class Turn:
    """One writer's place among all. Used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._queue = _opened(folder / "write.queue")
        self._gate = _opened(folder / "write.gate")

    def take(self, patience: float) -> bool:
        """Wait for the turn, at most `patience` seconds; whether we have it."""
        deadline = time.monotonic() + patience
        if not _locked(self._queue, deadline):
            return False
        try:
            if not _locked(self._gate, deadline):
                return False
        finally:
            fcntl.flock(self._queue, fcntl.LOCK_UN)
        with contextlib.suppress(OSError):  # a full disk has no room for a name; that is no reason not to try
            os.pwrite(self._gate, b"%-12d\n" % os.getpid(), 0)
        return True

    def give(self) -> None:
        """Let the next one write."""
        fcntl.flock(self._gate, fcntl.LOCK_UN)

    def holder(self) -> str:
        """The process that had the turn last, for a message."""
        return os.pread(self._gate, 12, 0).decode("ascii", "replace").strip() or "unknown"

    def close(self) -> None:
        """Give up the place."""
        os.close(self._queue)
        os.close(self._gate)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(descriptor: int, deadline: float) -> bool:
    pause = _SHORTEST
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST)
        else:
            return True
