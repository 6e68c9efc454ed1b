"""Runs that outlive the terminal they were started at: the same program again, in a session of its own.

What nobody else may see, as typed secrets, goes through a pipe: never through arguments, the environment or a file.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.secret import Secret


@dataclass(frozen=True, slots=True)
class Order:
    """A run to go on with: its batch file, the source logins it is about, and the texts of secrets that were typed."""

    name: str
    file: Path
    mailboxes: Sequence[str]
    prompts: Sequence[str]
    watch: bool
    retry_rejected: bool


def detach(state: Path, order: Order, answers: Mapping[str, Secret]) -> "subprocess.Popen[bytes]":
    """Start it, with the store in the folder `state`; its faults go to `complaints`. `answers` are typed secrets, of
    which it gets its own.

    It has no terminal, and a session that no logout ends. Raises OSError.
    """
    command = [sys.executable, "-P", "-m", "core", "--state", str(state), "run", str(order.file), "--handed-over"]
    command += ["--watch"] if order.watch else []
    command += ["--retry-rejected"] if order.retry_rejected else []
    own = {text: answers[text].reveal() for text in order.prompts if text in answers}
    told = {"mailboxes": [*order.mailboxes], "answers": own}
    descriptor = os.open(
        complaints(state, order.name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    try:
        child = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=descriptor, start_new_session=True
        )
    finally:
        os.close(descriptor)
    assert child.stdin is not None
    try:
        with child.stdin as pipe:
            pipe.write(json.dumps(told).encode())
    except BrokenPipeError:
        pass  # it has ended already, and its complaint says why
    return child


def complaints(state: Path, batch: str) -> Path:
    """Where a detached run of that batch says what went wrong before it could tell the store."""
    return state / f"detached-{batch}.txt"


def told(pipe: IO[str]) -> tuple[list[str], dict[str, Secret]]:
    """In the detached process: the mailboxes it is about, and the typed secrets."""
    what = json.load(pipe)
    return list(what["mailboxes"]), {text: Secret(secret) for text, secret in what["answers"].items()}
