"""What SQLite says when the store itself cannot be used, as one line with a cure."""

import sqlite3
from pathlib import Path

from core.errors import StateError

# Primary result codes (sqlite.org/rescode.html). The others mean that a statement of ours was wrong.
_SAYINGS = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and start again",
    sqlite3.SQLITE_IOERR: "the disk gave an error, or a quota or a limit on the size of files (ulimit -f) is reached; "
    "look into the system's log, then start again",
    sqlite3.SQLITE_READONLY: "it may only be read; make the folder and the file writable for this user",
    sqlite3.SQLITE_PERM: "access is refused; make the folder and the file readable and writable for this user",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; make the folder and the file readable and writable for this user",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore it from a backup, or move it away to begin anew",
    sqlite3.SQLITE_NOTADB: "it is not a database; restore it from a backup, or move it away to begin anew",
    sqlite3.SQLITE_BUSY: "another program has locked it; end that program (such as a database browser) and try again",
    sqlite3.SQLITE_LOCKED: "another program has locked it; end that program (such as a database browser) and try again",
    sqlite3.SQLITE_PROTOCOL: "its locks do not work here; use a folder on a local disk (--state DIR)",
    sqlite3.SQLITE_NOLFS: "the file system takes no larger file; use another folder (--state DIR)",
    sqlite3.SQLITE_NOMEM: "there is not enough memory; end something else and try again",
}


def state_error(error: BaseException, path: Path) -> StateError | None:
    """The StateError that `error` means, or None when it is a fault of ours, such as wrong SQL."""
    cause = getattr(error, "orig", error)  # of an error of SQLAlchemy's
    if not isinstance(cause, sqlite3.Error):
        return None
    code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # extended codes keep it in the low byte
    saying = _SAYINGS.get(code)
    return None if saying is None else StateError(f"{path}: {saying} ({cause})")
