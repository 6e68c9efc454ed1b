"""From a secret reference to the secret. Nothing is kept: a refused sign-in reads the reference once more."""

import os
from pathlib import Path

from core.batch.prompt import ask
from core.batch.reference import Reference, ReferenceKind
from core.batch.secret_command import output
from core.batch.secret_file import entry, first_line
from core.errors import SecretError
from core.printable import printable
from core.secret import Secret


def resolve(reference: str, *, base: Path, user: str) -> Secret:
    """The secret that a reference yields just now. May run a command or ask at the terminal, and wait for it.

    `base` is the batch file's folder, where relative paths start; `user` is what a command's `{user}` becomes.
    Raises SecretError, which names the reference and never the secret.
    """
    try:
        parsed = Reference.parse(reference)
    except ValueError as error:
        raise SecretError(str(error)) from None
    try:
        value = _value(parsed, base, user)
    except SecretError as error:
        raise SecretError(*(printable(f"{parsed}: {problem}") for problem in error.problems)) from None
    if not value:
        raise SecretError(printable(f"{parsed}: is there, but empty; put the secret there"))
    if not _can_be_sent(value):
        raise SecretError(printable(f"{parsed}: holds a NUL or what is not UTF-8, which no sign-in takes"))
    return Secret(value)


def _can_be_sent(value: str) -> bool:
    """Whether a sign-in can carry it: UTF-8 without NUL (RFC 4616). A variable's bytes that are none are surrogates."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def _value(reference: Reference, base: Path, user: str) -> str:
    match reference.kind:
        case ReferenceKind.ENV:
            return _variable(reference.rest)
        case ReferenceKind.FILE:
            path = base / reference.rest
            return first_line(path) if reference.key is None else entry(path, reference.key)
        case ReferenceKind.COMMAND:
            return output(reference.argv, base, user)
        case ReferenceKind.PROMPT:
            return ask(reference.rest).reveal()


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        raise SecretError("there is no such environment variable; set and export it where mailcutover is started")
    return value
