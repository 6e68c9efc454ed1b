"""Putting a file in its place in one step, so that a crash leaves the old one or the new one, never a part."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path


def replace(path: Path, data: bytes, like: os.stat_result | None = None, *, mode: int = 0o666) -> None:
    """Make `data` the content of `path`, on disk before it shows.

    `like` gives mode and owner; without it `mode`, less the umask, counts. Raises OSError; then `path` is as it was.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if like is not None:
                with suppress(PermissionError):  # only root may give a file away
                    os.fchown(file.fileno(), like.st_uid, like.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(like.st_mode))
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
