"""The store's file: `state.db` in the state folder, one SQLite database in WAL mode.

Many threads and several processes of one host use it at once: each process writes through its one `Writer`, and reads
in short transactions that never hold a writer up.
"""

import contextlib
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self

from core.errors import StateError
from core.store.answers import state_error
from core.store.look import Look, Looks, plain
from core.store.names import VERSION
from core.store.turn import Turn
from core.store.writer import Writer

if TYPE_CHECKING:  # slow to import; who only looks does without
    from sqlalchemy import Connection

    from core.store.engine import Engines

FILE = "state.db"
#: PRAGMA application_id ("mcut"): the mark by which a store of ours is known.
_APPLICATION = 0x6D637574
_PATIENCE = 30.0  # seconds to wait for other processes before giving up with a clear word
_BUSY = 10.0  # seconds that SQLite itself waits: for foreign programs, and while a process opens or closes the store


class Database:
    """An open store. `writer` takes all changes; `look` and `reading` give a short look. Usable from any thread."""

    def __init__(self, folder: Path, turn: Turn) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._turn = turn
        self._looks = Looks(self.path, _BUSY)
        self._making = threading.Lock()
        self._made: Engines | None = None
        self.writer = Writer(lambda: self._engines.writers, turn, self.path, patience=_PATIENCE)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the store of `folder`, made when it is not there.

        Raises StateError when it was made by a newer mailcutover, is damaged, or cannot be read and written.
        """
        path = folder / FILE
        try:
            _own(path)
            turn = Turn(folder)
        except OSError as error:
            where = error.filename if os.path.lexists(error.filename or "") else folder
            raise StateError(
                f"{where}: no store can be kept here ({error.strerror}); make the folder readable and writable for "
                "this user, with all files in it, or name another one with --state DIR"
            ) from error
        database = cls(folder, turn)
        try:
            database._check()
        except BaseException:
            database.close()
            raise
        return database

    @contextlib.contextmanager
    def look(self) -> Iterator[Look]:
        """One consistent look at the store. Keep it short. Raises StateError when the store cannot be read."""
        with self._troubles(), self._looks.one() as look:
            yield look

    @contextlib.contextmanager
    def reading(self) -> "Iterator[Connection]":
        """The same with SQLAlchemy, for the ledger."""
        with self._troubles(), self._engines.readers.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def _troubles(self) -> Iterator[None]:
        """Raises StateError for an error of SQLite's that means that the store cannot be used."""
        try:
            yield
        except Exception as error:
            if (trouble := state_error(error, self.path)) is not None:
                raise trouble from error
            raise

    def close(self) -> None:
        """Write what still waits, then close. Raises what went wrong in the background, after closing."""
        try:
            self.writer.close()
        finally:
            self._looks.close()
            if self._made is not None:
                self._made.close()
            self._turn.close()

    @property
    def _engines(self) -> "Engines":
        with self._making:
            if self._made is None:
                from core.store.engine import Engines

                self._made = Engines(self.path, _BUSY)
            return self._made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self) -> None:
        """See that the store is one of ours and not newer than we are; make it when the file is empty."""
        with self.look() as look:
            version = _version(look, self.path)
        if version > VERSION:
            raise StateError(
                f"{self.path}: was made by a newer mailcutover (store version {version}, this one knows "
                f"{VERSION}); use that one, or another folder with --state DIR"
            )
        if version == 0:
            with self._troubles():
                self._make()

    def _make(self) -> None:
        if not self._turn.take(_PATIENCE):
            raise StateError(
                f"{self.path}: process {self._turn.holder()} is making the store and does not finish; end it, try again"
            )
        try:
            # Outside any transaction, and only once: the mode is kept in the file.
            with contextlib.closing(sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)) as alone:
                mode = alone.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if mode != "wal":
                raise StateError(
                    f"{self.path}: no WAL is possible here; name a folder on a local disk with --state DIR"
                )
            from core.store import schema

            with self._engines.writers.begin() as connection:
                if _version(plain(connection), self.path) == 0:  # another process may have been first
                    schema.metadata.create_all(connection)
                    connection.exec_driver_sql("INSERT INTO revision (id, value) VALUES (1, 0)")
                    connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION}")
                    connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
        finally:
            self._turn.give()


def _own(path: Path) -> None:
    """Make the file, readable by its owner only; the files that SQLite puts beside it get the same mode.

    An existing one is never opened here: closing it again would undo the locks of every other connection of this
    process (sqlite.org/howtocorrupt.html, 2.2).
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    if stat.S_IMODE(path.stat().st_mode) != 0o600:
        path.chmod(0o600)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """The store's version; 0 for an empty file."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != _APPLICATION and (version or tables):
        raise StateError(f"{path}: is not a store of mailcutover; name another folder with --state DIR")
    return version
