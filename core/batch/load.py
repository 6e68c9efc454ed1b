"""Reading a batch file, with every problem told at once."""

import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from core.batch.definition import Batch, define
from core.batch.problem import key_path
from core.errors import BatchFileError
from core.printable import printable

_WHERE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_PYTHON_TUPLE = re.compile(r"\('[^()]*\)")
_QUOTED = re.compile(r"'([^']*)'")
_BOM = "\ufeff"


def load(path: Path) -> Batch:
    """The batch in this file. Raises BatchFileError: one line for each problem, with file, key and what is allowed."""
    return parse(read(path), path)


def parse(text: str, path: Path) -> Batch:
    """The batch in this text, which is or will be the content of `path`. Raises BatchFileError as `load` does."""
    return define(tables(text, path), str(path)).at(path)


def tables(text: str, path: Path) -> dict[str, Any]:
    """The tables in this text, whatever they say. Raises BatchFileError where it is no TOML."""
    try:
        # TOML allows CRLF; a mark at the start is left by editors of other systems.
        return tomllib.loads(text.removeprefix(_BOM))
    except tomllib.TOMLDecodeError as error:
        raise BatchFileError(printable(f"{path}: {_syntax(str(error), text)}")) from None
    except RecursionError:
        raise BatchFileError(printable(f"{path}: arrays or tables are nested too deep for a batch file")) from None
    except ValueError:  # a number of thousands of digits
        raise BatchFileError(printable(f"{path}: holds a number beyond 64 bits")) from None


def read(path: Path) -> str:
    """The text of a batch file. Raises BatchFileError where there is none to be had."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BatchFileError(printable(f"{path}: is not a file; name a batch file, such as sales-wave-1.toml"))
        data = path.read_bytes()
    except FileNotFoundError:
        raise BatchFileError(printable(f"{path}: there is no such file; check its name and folder")) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BatchFileError(printable(f"{path}: cannot be read: {reason}")) from None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BatchFileError(printable(f"{path}: line {line}: is not UTF-8; save the file as UTF-8")) from None


def _syntax(said: str, text: str) -> str:
    """What the TOML parser said, with the place first."""
    found = _WHERE.search(said)
    what = _WHERE.sub("", said)
    what = _PYTHON_TUPLE.sub(lambda names: f"[{key_path(_QUOTED.findall(names[0]))}]", what)
    if found is None or found[1] is None:
        return f"line {text.count(chr(10)) + 1}, at the end: broken TOML: {what}"
    return f"line {found[1]}, column {found[2]}: broken TOML: {what}"
