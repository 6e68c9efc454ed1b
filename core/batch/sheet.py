"""What a batch file has many of, as rows while it is written: mailboxes, folder patterns, pairs of folders.

A row keeps its number as long as it lives, wherever it moves. Rows are replaced, never changed, so that a check may
look at them in another thread.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from core.batch.file_keys import FILE_KEYS, FileKey, Way
from core.batch.problem import Problem, key_path, shown
from core.batch.typed import text_of, value_of

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row. `odd` is what the file has in its place where that is no row at all."""

    number: int
    values: Values
    odd: Any = None


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """How the rows stand in the file: the columns, the file's value as rows, and rows as the file's value."""

    columns: Mapping[str, FileKey]
    rows: Callable[[Any], list[Values | Any]]
    value: Callable[[Sequence[SheetRow]], Any]


class Sheet:
    """The rows at one place of the file, such as ``options.include_folders``."""

    def __init__(self, place: tuple[str, ...], layout: SheetLayout, value: Any = None) -> None:
        self.place = place
        self.columns = layout.columns
        self._layout = layout
        self._numbers = count(1)
        self.revision = 0
        self.odd: Any = None  # what stands there that is no rows at all; goes with the first row
        self.rows: list[SheetRow] = []
        try:
            found = layout.rows(value) if value is not None else []
        except TypeError:
            found, self.odd = [], value
        for values in found:
            odd = None if isinstance(values, Mapping) else values
            self.rows.append(SheetRow(next(self._numbers), values if odd is None else {}, odd))

    @property
    def key(self) -> str:
        """Its place, as problems name it."""
        return key_path(self.place)

    def value(self) -> Any:
        """What the file says; None for nothing."""
        if self.odd is not None and not self.rows:
            return self.odd
        return self._layout.value(self.rows) if self.rows else None

    def index(self, number: int) -> int:
        """Where that row is, from 0."""
        return next(index for index, row in enumerate(self.rows) if row.number == number)

    def text(self, number: int, column: str) -> str:
        """One cell, as one would type it."""
        return text_of(self.rows[self.index(number)].values.get(column))

    def put(self, number: int, column: str, text: str) -> None:
        """Write one cell; nothing leaves it out."""
        self.revision += 1
        index = self.index(number)
        row = self.rows[index]
        values = {name: value for name, value in row.values.items() if name != column}
        value = value_of(self.columns.get(column, FileKey(column, Way.TEXT, "")), text)
        if value is not None:
            values[column] = value
        self.rows[index] = replace(row, values=values, odd=None if values else row.odd)

    def add(self, rows: Iterable[Values], after: int | None = None) -> list[SheetRow]:
        """Add rows at the end, or below the row of that number."""
        self.revision += 1
        fresh = [SheetRow(next(self._numbers), values) for values in rows]
        at = len(self.rows) if after is None else self.index(after) + 1
        self.rows[at:at] = fresh
        return fresh

    def remove(self, number: int) -> None:
        """Take a row out."""
        self.revision += 1
        del self.rows[self.index(number)]

    def own_problems(self) -> list[Problem]:
        """What the file's value cannot say of these rows: that a name stands there twice."""
        if self._layout is not _MAP:
            return []
        first, problems = set(), []
        for row in self.rows:
            name = row.values.get(_FROM, "")
            if name in first:
                problems.append(Problem(self.key, f"{shown(name)} stands there twice; leave one of them out"))
            first.add(name)
        return problems


_FROM, _TO = "folder", "goes_to"


def _strings(value: Any) -> list[Values | Any]:
    if not isinstance(value, list):
        raise TypeError
    return [{_FROM: entry} for entry in value]


def _pairs(value: Any) -> list[Values | Any]:
    if not isinstance(value, dict):
        raise TypeError
    return [{_FROM: old, _TO: new} for old, new in value.items()]


def _tables(value: Any) -> list[Values | Any]:
    if not isinstance(value, list):
        raise TypeError
    return list(value)


def _folder(name: str, what: str, allowed: str) -> FileKey:
    return FileKey(name, Way.TEXT, what, optional=False, allowed=allowed)


_GLOB = _folder(
    _FROM,
    "A folder as the source calls it, with / between its levels; * stands for any part of a name, ** for levels, too.",
    "such as INBOX, Projects/Old or Lists/*",
)
_GLOBS = SheetLayout(
    {_FROM: _GLOB},
    _strings,
    lambda rows: [row.values.get(_FROM, "") for row in rows],
)
_MAP = SheetLayout(
    {
        _FROM: _folder(_FROM, "A folder as the source calls it, with / between its levels.", "such as Projects/Old"),
        _TO: _folder(_TO, "Where it goes at the destination, with what is below it.", "such as Archive/Projects"),
    },
    _pairs,
    lambda rows: {str(row.values.get(_FROM, "")): row.values.get(_TO, "") for row in rows},
)
_MAILBOXES = SheetLayout(
    FILE_KEYS["mailboxes",],
    _tables,
    lambda rows: [row.odd if row.odd is not None else dict(row.values) for row in rows],
)

#: The sheets of a batch file, by their places.
SHEETS: Mapping[tuple[str, ...], SheetLayout] = {
    ("options", "include_folders"): _GLOBS,
    ("options", "exclude_folders"): _GLOBS,
    ("options", "folder_map"): _MAP,
    ("mailboxes",): _MAILBOXES,
}
