"""What was changed of a batch since its file was read, and is not written back to it yet."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.store.database import Database
from core.store.look import plain
from core.store.revision import next_revision

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Setting:
    """One key: as the batch file says it, and what counts instead (None: nothing does). Empty text means no limit."""

    filed: str
    turned: str | None = None

    @property
    def now(self) -> str:
        """What counts."""
        return self.filed if self.turned is None else self.turned


class Dials:
    """The keys of a batch that may be changed while it runs, by their names in the batch file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, batch: str) -> dict[str, Setting]:
        """How they stand; empty for a batch that is not known."""
        with self._database.look() as look:
            return read(look, batch)

    def turn(self, batch: str, key: str, value: str | None) -> None:
        """Let this count for a key, as text that was checked; None, or what the file says: the file again."""

        def work(connection: "Connection") -> None:
            next_revision(connection)  # whoever looks at the batch sees it
            plain(connection).execute(
                "UPDATE dial SET turned = nullif(:value, filed) WHERE batch = :batch AND key = :key",
                {"value": value, "batch": batch, "key": key},
            )

        self._database.writer.do(work)


def read(look: sqlite3.Connection, batch: str) -> dict[str, Setting]:
    """How a batch's dials stand."""
    rows = look.execute("SELECT key, filed, turned FROM dial WHERE batch = ?", (batch,))
    return {key: Setting(filed, turned) for key, filed, turned in rows}


def differing(look: sqlite3.Connection) -> dict[str, list[str]]:
    """The keys that do not count as the file says them, by batch."""
    found: dict[str, list[str]] = {}
    for batch, key in look.execute("SELECT batch, key FROM dial WHERE turned IS NOT NULL"):
        found.setdefault(batch, []).append(key)
    return found


def file(connection: "Connection", batch: str, settings: Mapping[str, str]) -> None:
    """What the batch file says now; a change that it has taken over counts no longer as one."""
    written = plain(connection)
    written.executemany(
        "INSERT INTO dial (batch, key, filed) VALUES (?, ?, ?)"
        " ON CONFLICT (batch, key) DO UPDATE SET filed = excluded.filed",
        [(batch, key, value) for key, value in settings.items()],
    )
    written.execute("UPDATE dial SET turned = nullif(turned, filed) WHERE batch = ?", (batch,))
