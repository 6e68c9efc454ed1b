"""``python -m tests.crash``: runs the program, each run in a process forked from one that has all of it in memory.

A job is a line of JSON on stdin, its end one on stdout. No other thread runs here, so what is forked is as fresh as a
new process, and costs a tenth of the time.
"""

import gc
import importlib
import json
import os
import select
import signal
import sys
import threading
import traceback
from typing import Any

from core.cli.main import main
from tests.crash.hooks import arm
from tests.crash.points import KINDS

#: What the program loads when it first needs it.
_LATE = (
    "core.cli.run",
    "core.cli.status",
    "core.endpoints.factory",
    "core.exchange.destination",
    "core.exchange.sign_in",
    "core.imap.destination",
    "core.imap.source",
    "core.sync.mailbox_pass",
    "imapclient",
)
#: A run that takes so many seconds hangs.
_PATIENCE = 120.0


def serve() -> None:
    """Do jobs until stdin ends."""
    for name in _LATE:
        importlib.import_module(name)
    gc.freeze()
    assert threading.active_count() == 1, threading.enumerate()
    for line in sys.stdin:
        status = _do(json.loads(line))
        sys.stdout.write(json.dumps({"status": status}) + "\n")
        sys.stdout.flush()


def _do(job: dict[str, Any]) -> int:
    """One run, to its end: its exit code, or minus the signal that killed it. After `after` seconds it is killed."""
    child = os.fork()
    if not child:
        _run(job)
    after = job["after"]
    handle = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([handle], [], [], _PATIENCE if after is None else after)
        if not ended:
            os.kill(child, signal.SIGKILL if after is not None else signal.SIGABRT)
    finally:
        os.close(handle)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(job: dict[str, Any]) -> None:
    """The program, in the child."""
    code = 70
    try:
        output = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output, stream.fileno())
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        os.environ.update(job["environment"])
        if job["point"] is not None:
            arm(job["point"], KINDS[job["kind"]][job["point"]], job["hit"])
        code = main(job["arguments"])
    except BaseException:  # noqa: BLE001  nothing of the parent's may be run here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
