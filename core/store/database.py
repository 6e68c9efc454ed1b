"""The store's file: `state.db` in the state folder, one SQLite database in WAL mode.

Many threads and several processes of one host use it at once: each process writes through its one `Writer`, and reads
in short transactions that never hold a writer up.
"""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from core.errors import StateError
from core.store import schema
from core.store.answers import state_error
from core.store.turn import Turn
from core.store.writer import Writer

FILE = "state.db"
#: PRAGMA application_id ("mcut"): the mark by which a store of ours is known.
_APPLICATION = 0x6D637574
_PATIENCE = 30.0  # seconds to wait for other processes before giving up with a clear word
_BUSY = 10.0  # seconds that SQLite itself waits: for foreign programs, and while a process opens or closes the store


class Database:
    """An open store. `writer` takes all changes; `reading` gives a short look. Usable from any thread."""

    def __init__(self, folder: Path, turn: Turn) -> None:
        self.folder = folder
        self.path = folder / FILE
        self._turn = turn
        self._readers = _engine(self.path, begin="BEGIN", pragmas=("query_only = ON",))
        self._writers = _engine(
            self.path,
            begin="BEGIN IMMEDIATE",
            pragmas=("synchronous = FULL", "foreign_keys = ON", "cache_size = -16384", "journal_size_limit = 67108864"),
        )
        self.writer = Writer(self._writers, turn, self.path, patience=_PATIENCE)

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
    def reading(self) -> Iterator[Connection]:
        """One consistent look at the store. Keep it short. Raises StateError when the store cannot be read."""
        try:
            with self._readers.connect() as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            if (trouble := state_error(error, self.path)) is not None:
                raise trouble from error
            raise

    def close(self) -> None:
        """Write what still waits, then close. Raises what went wrong in the background, after closing."""
        try:
            self.writer.close()
        finally:
            self._readers.dispose()
            self._writers.dispose()
            self._turn.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self) -> None:
        """See that the store is one of ours and not newer than we are; make it when the file is empty."""
        with self.reading() as connection:
            version = _version(connection, self.path)
        if version > schema.VERSION:
            raise StateError(
                f"{self.path}: was made by a newer mailcutover (store version {version}, this one knows "
                f"{schema.VERSION}); use that one, or another folder with --state DIR"
            )
        if version == 0:
            self._make()

    def _make(self) -> None:
        if not self._turn.take(_PATIENCE):
            raise StateError(
                f"{self.path}: process {self._turn.holder()} is making the store and does not finish; end it, try again"
            )
        try:
            # Outside any transaction, and only once: the mode is kept in the file.
            with contextlib.closing(sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)) as plain:
                mode = plain.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            if mode != "wal":
                raise StateError(
                    f"{self.path}: no WAL is possible here; name a folder on a local disk with --state DIR"
                )
            with self._writers.begin() as connection:
                if _version(connection, self.path) == 0:  # another process may have been first
                    schema.metadata.create_all(connection)
                    connection.exec_driver_sql("INSERT INTO revision (id, value) VALUES (1, 0)")
                    connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION}")
                    connection.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION}")
        except (DBAPIError, sqlite3.Error) as error:
            if (trouble := state_error(error, self.path)) is not None:
                raise trouble from error
            raise
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


def _version(connection: Connection, path: Path) -> int:
    """The store's version; 0 for an empty file."""
    version: int = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    application: int = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    tables: int = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if application != _APPLICATION and (version or tables):
        raise StateError(f"{path}: is not a store of mailcutover; name another folder with --state DIR")
    return version


def _engine(path: Path, *, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _BUSY, "check_same_thread": False},
        poolclass=QueuePool,
        pool_size=4,
        max_overflow=-1,
    )

    # pysqlite begins transactions by itself, late and never for SELECT or SAVEPOINT; SQLAlchemy's documentation of the
    # dialect says to switch that off and to begin them here.
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
