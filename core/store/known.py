"""Which batches the store knows, and where their files are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.store.database import Database
from core.store.times import moment

_BATCHES = "SELECT name, path, added FROM batch"


@dataclass(frozen=True, slots=True)
class KnownBatch:
    """A batch that was run or opened here. `path` is its file, which may be gone."""

    name: str
    path: Path
    added: datetime


def known(database: Database) -> list[KnownBatch]:
    """All batches, those known longest first."""
    with database.look() as look:
        return [_known(row) for row in look.execute(f"{_BATCHES} ORDER BY added, name")]


def find(database: Database, name: str) -> KnownBatch | None:
    """The batch of this name, if the store knows it."""
    with database.look() as look:
        row = look.execute(f"{_BATCHES} WHERE name = ?", (name,)).fetchone()
        return None if row is None else _known(row)


def _known(row: Sequence[Any]) -> KnownBatch:
    name, path, added = row
    return KnownBatch(name, Path(path), moment(float(added)))
