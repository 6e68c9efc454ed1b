"""Which process is meant, and whether it still lives: a process id alone comes again."""

import os
import socket
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")


class Standing(Enum):
    """What is known of a process, seen from here."""

    RUNS = auto()
    FROZEN = auto()  # stopped by a signal; it may go on at any moment
    DEAD = auto()
    ELSEWHERE = auto()  # on another host or in another container: only its heartbeat tells


@dataclass(frozen=True, slots=True)
class Process:
    """A process of some host.

    `boot` names the boot of the kernel and the pid namespace, so that two containers are never taken for one host;
    `started` is when it began, in clock ticks since that boot (proc(5), stat field 22). Both are empty without /proc.
    """

    host: str
    boot: str
    pid: int
    started: int

    def standing(self) -> Standing:
        """Whether it lives."""
        here = this_process()
        if self.host != here.host:
            return Standing.ELSEWHERE
        boot, _, namespace = self.boot.partition(" ")
        here_boot, _, here_namespace = here.boot.partition(" ")
        if boot != here_boot:
            return Standing.DEAD  # the host was started anew since
        if namespace != here_namespace:
            return Standing.ELSEWHERE
        if not boot:
            return _by_signal(self.pid)
        state, started = _stat(self.pid)
        if not state:
            return _by_signal(self.pid)  # none, or hidden from us (mount option hidepid)
        if state in "ZXx" or started != self.started:
            return Standing.DEAD  # also a zombie: it is dead, only its parent has not looked yet
        return Standing.FROZEN if state in "Tt" else Standing.RUNS


@lru_cache(maxsize=1)
def this_process() -> Process:
    """The one that asks."""
    pid = os.getpid()
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        namespace = os.readlink(_PROC / "self/ns/pid")  # noqa: PTH115 - no path, a name
    except OSError:
        return Process(socket.gethostname(), "", pid, 0)
    return Process(socket.gethostname(), f"{boot} {namespace}", pid, _stat(pid)[1])


def _stat(pid: int) -> tuple[str, int]:
    """State letter and start time of a process; ``("", 0)`` when none is seen."""
    try:
        text = (_PROC / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    # The name, in parentheses, may hold anything, even parentheses.
    fields = text[text.rindex(b")") + 2 :].split()
    return fields[0].decode("ascii"), int(fields[19])


def _by_signal(pid: int) -> Standing:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return Standing.DEAD
    except PermissionError:
        return Standing.RUNS
    return Standing.RUNS
