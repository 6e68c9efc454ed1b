"""What is written down of a fault of our own: enough to mend it, nothing that is secret."""

import contextlib
import os
import platform
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from core import version
from core.engine.library_log import without_secrets
from core.errors import UserError
from core.printable import printable
from core.secret import masked
from core.store.location import state_folder


def write_crash(error: BaseException, state: Path | None) -> Path | None:
    """Write the whole traceback, without local variables, to a new 0600 file in the state folder; returns its path.

    Where there is no state folder to be had, or no room in it, it goes to the folder for temporary files. None where
    there is no room either.
    """
    now = datetime.now(UTC)
    head = f"mailcutover {version()}, Python {platform.python_version()}, {platform.platform()}, {now.isoformat()}\n"
    told = without_secrets(masked("".join(traceback.format_exception(error))))
    text = head + "".join(f"{printable(line, None)}\n" for line in told.split("\n"))
    prefix = f"crash-{now:%Y%m%d-%H%M%S}-"
    with contextlib.suppress(UserError, OSError):
        return _kept(text, prefix, state_folder(state))
    with contextlib.suppress(OSError):
        return _kept(text, prefix, Path(tempfile.gettempdir()))
    return None


def _kept(text: str, prefix: str, folder: Path) -> Path:
    handle, path = tempfile.mkstemp(".txt", prefix, folder)  # 0600, as mkstemp does
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        Path(path).unlink()
        raise
    return Path(path)
