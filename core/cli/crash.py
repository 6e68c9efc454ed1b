"""What is written down of a fault of our own: enough to mend it, nothing that is secret."""

import os
import platform
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from core import __version__
from core.engine.library_log import without_secrets
from core.errors import UserError
from core.store.location import state_folder


def write_crash(error: BaseException, state: Path | None) -> Path:
    """Write the whole traceback, without local variables, to a new 0600 file in the state folder; returns its path.

    Where there is no state folder to be had it goes to the folder for temporary files.
    """
    now = datetime.now(UTC)
    head = f"mailcutover {__version__}, Python {platform.python_version()}, {platform.platform()}, {now.isoformat()}\n"
    text = head + without_secrets("".join(traceback.format_exception(error)))
    try:
        folder = state_folder(state)
    except UserError:
        folder = Path(tempfile.gettempdir())
    handle, path = tempfile.mkstemp(".txt", f"crash-{now:%Y%m%d-%H%M%S}-", folder)  # 0600, as mkstemp does
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return Path(path)
