"""A batch file while it is written: whatever stands in it, what is wrong with it, and what it says so far."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.batch.comments import has_comments
from core.batch.definition import Batch, check
from core.batch.file_keys import FILE_KEYS, FileKey, Way
from core.batch.load import read, tables
from core.batch.problem import Problem, ProblemsError
from core.batch.save import save
from core.batch.sheet import SHEETS, Sheet
from core.batch.typed import text_of, value_of
from core.batch.values import IMAP_PORTS, imap_identity, web_identity

#: Where a key stands in the file, such as ("source", "admin", "style").
Place = tuple[str, ...]

#: Tables that are there, also when nothing is in them: what they lack is told of their keys.
_ALWAYS = (("source",), ("destination",))
_STEP = re.compile(r"[.\[]")
#: A key that the definition does not know, kept as it was found.
_UNKNOWN = "Not a key of a batch file, or not of this table."


class Draft:
    """The tables of a batch file, key by key. Values are written as text, as one types them; "" leaves a key out.

    `file` is where it will be saved; `text` what was there when it was opened, None where there was no file.
    """

    def __init__(self, table: Mapping[str, Any], file: Path | None = None, text: str | None = None) -> None:
        self.file = file
        self.text = text
        self._head = {name: {} for (name,) in _ALWAYS} | {key: table[key] for key in table if (key,) not in SHEETS}
        self.sheets = {place: Sheet(place, layout, _at(table, place)) for place, layout in SHEETS.items()}
        for place in SHEETS:
            if _at(table, place) is not None:
                self._replace(place, None)
        self._aside: dict[str, Any] = {}  # keys of [destination] that its present kind does not have
        self._revision = 0
        self._before = self.tables()
        self._problems: tuple[Problem, ...] = ()
        self._by_key: Mapping[str, Sequence[Problem]] = {}

    @classmethod
    def open(cls, file: Path) -> "Draft":
        """What stands in a file, whether it could be loaded or not. Raises BatchFileError where that is no TOML."""
        text = read(file)
        return cls(tables(text, file), file, text)

    # --- keys ------------------------------------------------------------------------------------------------------

    def keys(self, place: Place) -> Mapping[str, FileKey]:
        """The keys of the table at `place`: those it may have, then what else stands there."""
        known = FILE_KEYS.get(self._definition(place), {})
        here = self._table(place)
        others = {key: FileKey(key, Way.TEXT, _UNKNOWN) for key in here if key not in known}
        return {**known, **others}

    def text_at(self, place: Place) -> str:
        """The value at `place`, as one would type it; "" where the key is left out."""
        return text_of(self._table(place[:-1]).get(place[-1]))

    def put(self, place: Place, text: str) -> None:
        """Write a value. Keys that another kind of destination does not have are put aside until it is changed back."""
        key = self.keys(place[:-1]).get(place[-1], FileKey(place[-1], Way.TEXT, _UNKNOWN))
        self._revision += 1
        self._replace(place, value_of(key, text))
        if place == ("destination", "kind"):
            self._change_kind()

    def without(self, place: Place) -> str:
        """What counts when the key at `place` is left out, as far as that can be said."""
        *above, name = place
        key = self.keys(tuple(above)).get(name)
        if key is None or key.default:
            return "" if key is None else key.default
        table = self._table(tuple(above))
        try:
            port = table.get("port", IMAP_PORTS[table.get("security", "tls")]) if "url" not in table else 0
            if name == "port":
                return str(IMAP_PORTS[table.get("security", "tls")])
            if name == "identity":
                return web_identity(table["url"]) if "url" in table else imap_identity(table["host"], int(port))
        except (KeyError, TypeError, ValueError, AttributeError):  # something it hangs on is wrong or missing
            pass
        return ""

    # --- the whole -------------------------------------------------------------------------------------------------

    def tables(self) -> dict[str, Any]:
        """What the file would say."""
        table = dict(self._head)
        for place, sheet in self.sheets.items():
            value = sheet.value()
            if value is None:
                continue
            *above, name = place
            target = table
            for step in above:
                inner = target.get(step)
                target[step] = target = dict(inner) if isinstance(inner, dict) else {}
            target[name] = value
        return table

    @property
    def unsaved(self) -> bool:
        """Whether it is another than when it was opened or saved last."""
        return self.tables() != self._before

    @property
    def revision(self) -> object:
        """Another after each change."""
        return (self._revision, *(sheet.revision for sheet in self.sheets.values()))

    @property
    def problems(self) -> Sequence[Problem]:
        """Everything that was wrong with it when it was looked at last: what loading it would tell."""
        return self._problems

    def look(self) -> None:
        """Look for problems now. Ten microseconds for each mailbox, measured."""
        self.looked(problems_of(self.tables()))

    def looked(self, problems: Sequence[Problem]) -> None:
        """Take what `problems_of` has found of its tables elsewhere."""
        own = [problem for sheet in self.sheets.values() for problem in sheet.own_problems()]
        self._problems = (*problems, *own)
        by_key: dict[str, list[Problem]] = {}
        for problem in self._problems:
            for end in (*(found.start() for found in _STEP.finditer(problem.key)), len(problem.key)):
                by_key.setdefault(problem.key[:end], []).append(problem)
        self._by_key = by_key

    def problems_at(self, key: str) -> Sequence[Problem]:
        """What is wrong with the value at a key such as ``mailboxes[2].source``, or with a part of it."""
        return self._by_key.get(key, ())

    def batch(self) -> Batch:
        """The batch that it says. Raises ProblemsError."""
        self.look()
        if self.problems:
            raise ProblemsError(self.problems)
        batch = check(self.tables())
        return batch if self.file is None else batch.at(self.file)

    # --- the file --------------------------------------------------------------------------------------------------

    @property
    def loses_comments(self) -> bool:
        """Whether comments of the file would go with saving it."""
        return has_comments(self.text or "")

    def in_the_way(self) -> bool:
        """Whether the file is another now than the one that was opened. Raises BatchFileError."""
        assert self.file is not None, "a draft is saved as some file"
        return (read(self.file) if self.file.exists() else None) != self.text

    def save(self) -> Batch:
        """Write the file, the previous version kept beside it. Raises ProblemsError, or BatchFileError."""
        assert self.file is not None, "a draft is saved as some file"
        batch = self.batch()
        save(batch, self.file)
        self.text = read(self.file)
        self._before = self.tables()
        return batch

    # --- inside ----------------------------------------------------------------------------------------------------

    def _definition(self, place: Place) -> Place:
        """The definition's place of a table: of the destination with its kind."""
        if place[:1] != ("destination",):
            return place
        kind = self._table(("destination",)).get("kind")
        known = isinstance(kind, str) and ("destination", kind) in FILE_KEYS
        return ("destination", str(kind) if known else "ews", *place[1:])

    def _table(self, place: Place) -> Mapping[str, Any]:
        """The table at `place`; an empty one where there is none."""
        found: Any = self._head
        for step in place:
            found = found.get(step) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def _replace(self, place: Place, value: Any) -> None:
        """Write a value, None for none; tables on the way are made, and most go when nothing is left in them."""
        *above, name = place
        table = dict(self._table(tuple(above)))
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value
        if above:
            self._replace(tuple(above), table if table or tuple(above) in _ALWAYS else None)
        else:
            self._head = table

    def _change_kind(self) -> None:
        table = {**self._aside, **self._table(("destination",))}
        known = FILE_KEYS[self._definition(("destination",))]
        ever = {key for place, keys in FILE_KEYS.items() if place[:1] == ("destination",) for key in keys}
        self._aside = {key: value for key, value in table.items() if key in ever and key not in known}
        self._replace(("destination",), {key: value for key, value in table.items() if key not in self._aside})


def problems_of(table: Mapping[str, Any]) -> tuple[Problem, ...]:
    """What is wrong with these tables."""
    try:
        check(table)
    except ProblemsError as error:
        return tuple(error.problems)
    return ()


def _at(table: Any, place: Place) -> Any:
    for step in place:
        table = table.get(step) if isinstance(table, Mapping) else None
    return table
