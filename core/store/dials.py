"""What was changed of a batch since its file was read, and is not written back to it yet."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.sqlite import insert

from core.store import schema
from core.store.board import next_revision
from core.store.database import Database

_DIAL = schema.dial


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
        with self._database.reading() as connection:
            return read(connection, batch)

    def turn(self, batch: str, key: str, value: str | None) -> None:
        """Let this count for a key, as text that was checked; None, or what the file says: the file again."""
        row = (_DIAL.c.batch == batch) & (_DIAL.c.key == key)

        def work(connection: Connection) -> None:
            next_revision(connection)  # whoever looks at the batch sees it
            connection.execute(update(_DIAL).where(row).values(turned=value))
            connection.execute(update(_DIAL).where(row, _DIAL.c.turned == _DIAL.c.filed).values(turned=None))

        self._database.writer.do(work)


def read(connection: Connection, batch: str) -> dict[str, Setting]:
    """How a batch's dials stand."""
    query = select(_DIAL.c.key, _DIAL.c.filed, _DIAL.c.turned).where(_DIAL.c.batch == batch)
    return {row.key: Setting(row.filed, row.turned) for row in connection.execute(query)}


def differing(connection: Connection) -> dict[str, list[str]]:
    """The keys that do not count as the file says them, by batch."""
    found: dict[str, list[str]] = {}
    for row in connection.execute(select(_DIAL.c.batch, _DIAL.c.key).where(_DIAL.c.turned.is_not(None))):
        found.setdefault(row.batch, []).append(row.key)
    return found


def file(connection: Connection, batch: str, settings: Mapping[str, str]) -> None:
    """What the batch file says now; a change that it has taken over counts no longer as one."""
    rows = [{"batch": batch, "key": key, "filed": value} for key, value in settings.items()]
    statement = insert(_DIAL)
    statement = statement.on_conflict_do_update(
        index_elements=["batch", "key"], set_={"filed": statement.excluded.filed}
    )
    connection.execute(statement, rows)
    connection.execute(update(_DIAL).where(_DIAL.c.batch == batch, _DIAL.c.turned == _DIAL.c.filed).values(turned=None))
