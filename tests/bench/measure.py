"""One process from start to end: wall time, CPU time and peak memory, as the kernel counts them."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run took. `memory` is the peak resident size in MB."""

    wall: float
    cpu: float
    memory: float

    def row(self, name: str, messages: int, size: int, limit: "Figures | None" = None) -> str:
        """One line of the table; the ratio is messages a second against `limit`."""
        ratio = f"{limit.wall / self.wall:6.2f}" if limit else "     -"
        return (
            f"{name:<34} {self.wall:7.2f} {messages / self.wall:8.0f} {size / self.wall / 1e6:7.1f} "
            f"{1000 * self.cpu / messages:8.3f} {self.memory:7.0f} {ratio}"
        )


HEADER = f"{'':<34} {'wall s':>7} {'msg/s':>8} {'MB/s':>7} {'CPU ms/m':>8} {'MB RSS':>7} {'ratio':>6}"


def run(command: Sequence[str], environment: Mapping[str, str]) -> Figures:
    """Run a command. Raises CalledProcessError unless it exits with 0."""
    began = time.monotonic()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command, stderr=said)
    return Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
