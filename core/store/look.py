"""Looks at the store in plain SQL, for what people are shown.

Importing SQLAlchemy takes longer than all else that `status` does, and a third of the console's start (measured); who
only looks does without. The schema, the ledger and most writes are its affair.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Look(sqlite3.Connection):
    """One consistent look at the store, as long as it is lent by `Looks`."""

    #: The batches' sums and the revision they are of; see `core.store.views`.
    sums: tuple[int, Sequence[tuple[Any, ...]]] | None = None


class Looks:
    """Lends connections that only read, each to one look at a time. Usable from any thread."""

    def __init__(self, path: Path, busy: float) -> None:
        self._path = path
        self._busy = busy
        self._free: list[Look] = []
        self._closed = False

    @contextlib.contextmanager
    def one(self) -> Iterator[Look]:
        """A look. Raises sqlite3.Error."""
        try:
            look = self._free.pop()
        except IndexError:
            look = self._opened()
        try:
            look.execute("BEGIN")
            yield look
            look.execute("COMMIT")
        except BaseException:
            look.close()
            raise
        self._free.append(look)
        if self._closed:
            self.close()

    def close(self) -> None:
        """Close those that are not lent, and each of the others when it comes back."""
        self._closed = True
        while self._free:
            self._free.pop().close()

    def _opened(self) -> Look:
        look = sqlite3.connect(
            self._path, timeout=self._busy, isolation_level=None, check_same_thread=False, factory=Look
        )
        look.execute("PRAGMA query_only = ON")
        return look


def plain(connection: "Connection") -> sqlite3.Connection:
    """The driver's connection in one of SQLAlchemy's: within a write, too, for what is asked in plain SQL."""
    driver: Any = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
