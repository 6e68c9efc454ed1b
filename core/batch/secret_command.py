"""A secret from a command: no shell, no terminal, no word of it on our screen."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from core.errors import SecretError

TIME_LIMIT = 30.0  # seconds, contract section 1
_LONGEST_OUTPUT = 1 << 16
_LOOK = 0.05  # seconds between two looks at whether it has ended


def output(argv: Sequence[str], base: Path, user: str, *, time_limit: float = TIME_LIMIT) -> str:
    """The first line of a command's output; `{user}` is filled in word by word, `base` is where it runs.

    Raises SecretError when it cannot be started, fails, says nothing in UTF-8, or takes too long; it is ended then.
    """
    words = [_fill(word, user) for word in argv]
    try:
        # A session of its own: it cannot ask on our terminal, and all that it started can be ended together.
        process = subprocess.Popen(  # noqa: S603  the batch file's author chose it
            words,
            cwd=base,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SecretError(f"the command cannot be started: {reason}") from None
    try:
        data = _drain(process, time.monotonic() + time_limit)
        if process.returncode:
            how = f"ended by signal {-process.returncode}" if process.returncode < 0 else "failed"
            code = f" with exit code {process.returncode}" if process.returncode > 0 else ""
            raise SecretError(f"the command {how}{code}; run it by hand to see why")
    except subprocess.TimeoutExpired:
        raise SecretError(f"the command took longer than {time_limit:g} s and was ended") from None
    finally:
        _end(process)
    try:
        return data.split(b"\n", 1)[0].removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise SecretError("the command's first line is not UTF-8") from None


def _fill(word: str, user: str) -> str:
    """One word of the command with the login in it; a login never turns into an option."""
    if word.startswith("{user}") and user.startswith("-"):
        raise SecretError("a login that begins with - would be taken for an option; use -- or another word before it")
    return word.replace("{user}", user)


def _drain(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    """The beginning of the output, the rest read away, until the command has ended; TimeoutExpired at the deadline.

    The command's own end counts, not the output's: what it left running in the background may hold that open.
    """
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    kept = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            ended = process.poll() is not None  # looked at before the last read: nothing can come in between
            while selector.select(0 if ended else _LOOK):
                piece = os.read(descriptor, _LONGEST_OUTPUT)
                if not piece:
                    process.wait(max(0.0, deadline - time.monotonic()))
                    return bytes(kept)
                kept += piece[: _LONGEST_OUTPUT - len(kept)]
                if time.monotonic() >= deadline:
                    break
            if ended:
                return bytes(kept)
            if time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(process.args, 0)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Nothing of it stays behind: still running, it is killed with all of its session."""
    if process.poll() is None:
        with suppress(ProcessLookupError):  # it ended just now
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert process.stdout is not None
    process.stdout.close()
