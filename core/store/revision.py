"""The board's revision: it rises with everything that is written on the board, so that readers know what is new."""

import sqlite3
from typing import TYPE_CHECKING

from core.store.look import plain

if TYPE_CHECKING:
    from sqlalchemy import Connection


def revision(look: sqlite3.Connection) -> int:
    """The newest: nothing on the board has changed as long as this stays."""
    return int(look.execute("SELECT value FROM revision").fetchone()[0])


def next_revision(connection: "Connection") -> int:
    """Count it up. Within a write transaction: readers see revisions in their order and miss none."""
    written = plain(connection)
    written.execute("UPDATE revision SET value = value + 1")
    return revision(written)
