"""Secrets in files: one on the first line, or many in a TOML table. A file that others can read is refused."""

import os
import stat
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.batch.problem import toml_type
from core.errors import SecretError

_LONGEST_LINE = 1 << 16
_LARGEST_TABLE = 64 << 20


@dataclass(frozen=True, slots=True)
class _Read:
    """A table of secrets as it was in a file of exactly this state."""

    state: tuple[int, ...]
    table: dict[str, Any]

    def __repr__(self) -> str:
        return "_Read(***)"


# Reading 50,000 entries takes half a second, and every mailbox wants one: a table is kept as long as its file is
# the very same, so that a changed password is still seen at once.
_tables: dict[Path, _Read] = {}
_lock = threading.Lock()


def first_line(path: Path) -> str:
    """The first line of a secret file, without its end. Raises SecretError."""
    data, _ = _private(path, _LONGEST_LINE)
    return _text(data.split(b"\n", 1)[0].removesuffix(b"\r"))


def entry(path: Path, key: str) -> str:
    """One string of a TOML file of secrets, by its key at the top of the file. Raises SecretError."""
    value = table(path).get(key)
    if value is None:
        raise SecretError(f'the file has no key of this name; add a line "{key}" = "..." at its top')
    if not isinstance(value, str):
        raise SecretError(f"must be a string in quotes there, not {toml_type(value)}")
    return value


def table(path: Path) -> Mapping[str, Any]:
    """All of a TOML file of secrets. Raises SecretError."""
    with _lock:
        known = _tables.get(path)
        state = _state(path)
        if known is None or known.state != state:
            known = _tables[path] = _read(path)
    return known.table


def _read(path: Path) -> _Read:
    data, status = _private(path, _LARGEST_TABLE)
    try:
        return _Read(_stamp(status), tomllib.loads(_text(data)))
    except (ValueError, RecursionError):  # what the parser says may hold a piece of a secret
        raise SecretError('the file is no TOML; write lines such as "ann" = "..." into it') from None


def _private(path: Path, most: int) -> tuple[bytes, os.stat_result]:
    """At most `most` bytes of a file that only its owner can read."""
    try:
        # Not blocking: a pipe without a writer would hold us for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise SecretError(_unreadable(path, error)) from None
    try:
        # Of the open file, not of the path: nobody can put another one in between.
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SecretError("is not a file")
        if status.st_mode & 0o077:
            mode = stat.S_IMODE(status.st_mode)
            raise SecretError(f"others can read or change the file (mode {mode:04o}); run: chmod 600 '{path}'")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(most), status
    except OSError as error:
        raise SecretError(_unreadable(path, error)) from None
    finally:
        os.close(descriptor)


def _state(path: Path) -> tuple[int, ...]:
    try:
        return _stamp(path.stat())
    except (OSError, ValueError) as error:
        raise SecretError(_unreadable(path, error)) from None


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    # The mode too: who may read it is looked at again when it changed.
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode


def _unreadable(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no such file ({path}); make it, and let nobody else read it"
    return f"cannot be read ({path}): {getattr(error, 'strerror', None) or error}"


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecretError("is not UTF-8; save the file as UTF-8") from None
