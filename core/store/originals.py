"""The originals of messages that went to a destination in another form, in the state folder, byte for byte.

A file is named by the SHA-256 of what is in it and by nothing else: no folder, mailbox or subject has a say in where it
is written. What two mailboxes hold alike is there once.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from core.errors import StateError
from core.mail.body import Body

FOLDER = "originals"


class Originals:
    """Keeps them below one state folder, for this user alone."""

    def __init__(self, state: Path) -> None:
        self._folder = state / FOLDER

    def path(self, exact: bytes) -> Path:
        """Where the original with this exact fingerprint is."""
        return self._folder / f"{exact.hex()}.eml"

    def keep(self, exact: bytes, body: Body) -> Path:
        """Write a message down unless it is there; on the disk when this returns. Raises StateError."""
        path = self.path(exact)
        try:
            self._make()
            if not path.exists() or path.stat().st_size != body.size:
                self._write(path, body)
            _sync(self._folder)
        except OSError as error:
            raise StateError(
                f"{path}: the original of a repaired message cannot be kept ({error.strerror}); make room or make the "
                "folder writable for this user, then start again"
            ) from error
        return path

    def _make(self) -> None:
        with suppress(FileExistsError):
            self._folder.mkdir(mode=0o700)
            _sync(self._folder.parent)

    def _write(self, path: Path, body: Body) -> None:
        """Under another name until it is whole."""
        number, name = tempfile.mkstemp(dir=self._folder, prefix=".new-")  # for this user alone
        try:
            with os.fdopen(number, "wb") as file:
                file.writelines(body.chunks())
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
