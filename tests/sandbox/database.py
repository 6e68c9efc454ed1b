"""The practice Exchange's disk: one SQLite file, written by one transaction at a time.

A transaction is on disk before the answer leaves (WAL; with `durable` also after a power cut), so that what a client
was told, or was not told, can be checked against what is there.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

_TABLES = """
CREATE TABLE IF NOT EXISTS mailbox(
  id INTEGER PRIMARY KEY, address TEXT NOT NULL COLLATE NOCASE UNIQUE, language TEXT NOT NULL,
  message_limit INTEGER, quota INTEGER, used INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS folder(
  id INTEGER PRIMARY KEY AUTOINCREMENT, mailbox INTEGER NOT NULL REFERENCES mailbox, parent INTEGER REFERENCES folder,
  name TEXT NOT NULL, folded TEXT NOT NULL, class TEXT NOT NULL, role TEXT, change INTEGER NOT NULL DEFAULT 1,
  UNIQUE(parent, folded));
CREATE INDEX IF NOT EXISTS folder_role ON folder(mailbox, role);
CREATE TABLE IF NOT EXISTS item(
  id INTEGER PRIMARY KEY AUTOINCREMENT, folder INTEGER NOT NULL REFERENCES folder, change INTEGER NOT NULL DEFAULT 1,
  class TEXT NOT NULL, created TEXT NOT NULL, modified TEXT NOT NULL, received TEXT NOT NULL, sent TEXT,
  flags INTEGER NOT NULL, size INTEGER NOT NULL, subject TEXT NOT NULL, message_id TEXT NOT NULL,
  categories TEXT NOT NULL, settings TEXT NOT NULL, explicit TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS item_folder ON item(folder, received, id, flags);
CREATE TABLE IF NOT EXISTS content(
  item INTEGER PRIMARY KEY REFERENCES item ON UPDATE CASCADE ON DELETE CASCADE, mime BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS property(
  item INTEGER NOT NULL REFERENCES item ON UPDATE CASCADE ON DELETE CASCADE, path TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY(item, path)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS property_value ON property(path, value COLLATE NOCASE, item);
CREATE TABLE IF NOT EXISTS receipt(id INTEGER PRIMARY KEY, mailbox INTEGER NOT NULL, message_id TEXT NOT NULL);
"""


class Database:
    """Connections to the one file: any number that read, one that writes."""

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "exchange.db"
        self._durable = durable
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = Lock()
        self._write_lock = Lock()
        self._writer = self._connect()
        self._writer.executescript(_TABLES)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=60)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA page_size=16384")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if self._durable else 'NORMAL'}")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the disk throughout."""
        with self._idle_lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.rollback()
            with self._idle_lock:
                self._idle.append(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The writing connection, in a transaction; committed at the end, rolled back at an exception."""
        with self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.rollback()
                raise
            self._writer.commit()

    def close(self) -> None:
        """Close every idle connection and the writer."""
        with self._idle_lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()
        with self._write_lock:
            self._writer.close()
