"""SQLAlchemy's way to the store's file."""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool


class Engines:
    """One to read with and one for the process's writer; `busy` is how many seconds SQLite itself waits for a lock."""

    def __init__(self, path: Path, busy: float) -> None:
        self.readers = _engine(path, busy, begin="BEGIN", pragmas=("query_only = ON",))
        self.writers = _engine(
            path,
            busy,
            begin="BEGIN IMMEDIATE",
            pragmas=("synchronous = FULL", "foreign_keys = ON", "cache_size = -16384", "journal_size_limit = 67108864"),
        )

    def close(self) -> None:
        """Close all connections that nobody uses."""
        self.readers.dispose()
        self.writers.dispose()


def _engine(path: Path, busy: float, *, begin: str, pragmas: tuple[str, ...]) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": busy, "check_same_thread": False},
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
