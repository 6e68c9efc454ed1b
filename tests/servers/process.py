"""A server process on a free loopback port, gone when the test run is, however that ends."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PATIENCE = 20.0


class ServerError(Exception):
    """A server did not come up; the text is what it said."""


def free_port() -> int:
    """A loopback port that nobody had a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """One child process; killed by the kernel when its parent thread dies (setpriv --pdeathsig)."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._log = log
        surroundings = os.environ | (environment or {})
        with log.open("ab") as out:
            tied = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
            self._child = subprocess.Popen(
                [*tied, *command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=surroundings,
                start_new_session=True,  # some end their whole process group, which must not be ours
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def await_port(self, port: int, greeting: bytes) -> None:
        """Wait until a connection to `port` is greeted so; with ``b""``, until one is taken.

        Raises ServerError when the process ends first.
        """
        end = time.monotonic() + _PATIENCE
        while self._child.poll() is None and time.monotonic() < end:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as probe:
                    if not greeting or probe.recv(100).startswith(greeting):
                        return
            except OSError:
                pass
            time.sleep(0.02)
        self.stop()
        raise ServerError(self._log.read_text(errors="replace")[-2000:])

    def ask_to_stop(self) -> None:
        """Begin its end; `stop` waits for it."""
        if self._child.poll() is None:
            self._child.terminate()

    def stop(self) -> None:
        """End it and wait for its end."""
        self.ask_to_stop()
        try:
            self._child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def start(
    command: Callable[[], tuple[Sequence[str], int]],
    log: Path,
    greeting: bytes,
    environment: Mapping[str, str] | None = None,
) -> tuple[Process, int]:
    """Start what `command` says, which picks ports anew each time; again when another process took one meanwhile.

    `environment` is added to our own.
    """
    for _ in range(4):
        argv, port = command()
        process = Process(argv, log, environment)
        try:
            process.await_port(port, greeting)
        except ServerError as error:
            if "in use" not in str(error):
                raise
            log.write_text("")
            continue
        return process, port
    raise ServerError(f"no free port for {log}")
