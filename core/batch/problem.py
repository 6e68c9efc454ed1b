"""A problem of a batch file, and the words for it: TOML's, never Python's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from typing import Any

from core.printable import printable

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_SHOWN = 60  # characters of a wrong value


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `key` is its place, such as ``options.settle``; `text` what is wrong; what is allowed."""

    key: str
    text: str

    def line(self, file: str) -> str:
        """The problem as the user reads it."""
        return printable(f"{file}: {self.key}: {self.text}" if self.key else f"{file}: {self.text}")


class ProblemsError(ValueError):
    """Several problems with a place each, from one check."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.text for problem in problems))
        self.problems = problems


def key_path(place: Sequence[str | int]) -> str:
    """A place as the user reads it. Entries of an array count from 1: ``mailboxes[1].source`` is the first one's."""
    path = ""
    for step in place:
        if isinstance(step, int):
            path += f"[{step + 1}]"
        else:
            name = step if _BARE_KEY.fullmatch(step) else f'"{printable(step, _SHOWN)}"'
            path += f".{name}" if path else name
    return path


def toml_type(value: object) -> str:
    """What TOML calls a value of this type."""
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a float"),
        (str, "a string"),
        (datetime, "a date-time"),
        (date, "a date"),
        (time, "a time"),
        ((list, tuple), "an array"),
        (dict, "a table"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "nothing")


def wrong_type(wanted: str, value: object) -> str:
    """The text for a value of another type than the wanted one."""
    return f"must be {wanted}, not {toml_type(value)}"


def shown(value: Any) -> str:
    """A wrong value as the user wrote it, short; only for keys that never hold a secret."""
    if isinstance(value, str):
        return f'"{printable(value, _SHOWN)}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return "a number beyond 64 bits"
    return printable(str(value), _SHOWN)


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known key that was probably meant."""
    folded = name.lower().replace("-", "_").replace(" ", "_")
    return next(iter(get_close_matches(folded, known, n=1, cutoff=0.6)), None)
