"""Disks that take no more: a small one that fills up, and a limit on the size of files."""

import os
import resource
import shutil
import subprocess
from pathlib import Path


def can_mount() -> bool:
    """Whether this user may mount a disk of his own; not every container lets root do so."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    trial = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(trial, capture_output=True, check=False).returncode == 0


class FullDisk:
    """The state folder has a disk of its own, and that fills up."""

    says = "the disk is full; free some space and start again"

    def __init__(self, state: Path) -> None:
        self._state = state
        self._filler = state / "filler"
        state.mkdir(mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", state], check=True)

    def begin(self) -> None:
        with self._filler.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(bytes(4096))
                except OSError:
                    return

    def end(self) -> None:
        self._filler.unlink(missing_ok=True)

    def unmount(self) -> None:
        subprocess.run(["umount", "-l", self._state], check=True)


class SizeLimit:
    """No file may grow beyond what the store has, as `ulimit -f` or a quota would have it.

    `pid` is the process that it is for; 0: this one.
    """

    says = "or a quota or a limit on the size of files (ulimit -f) is reached; look into the system's log"

    def __init__(self, state: Path, pid: int = 0) -> None:
        self._state = state
        self._pid = pid
        self._before = resource.prlimit(pid, resource.RLIMIT_FSIZE)

    def begin(self) -> None:
        largest = max((path.stat().st_size for path in self._state.glob("state.db*")), default=0)
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (largest, self._before[1]))

    def end(self) -> None:
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, self._before)
