"""Large messages on their way through: in unnamed files, never whole in memory."""

import tempfile
from pathlib import Path
from typing import Self

from core.mail.body import Body
from core.ports.failure import Action, EndpointError, Failure, Side


class SpoolFile:
    """An unnamed temporary file for one message; `body` hands it over, leaving without it gives it back.

    `side`: whose message it is. Raises EndpointError when the disk does not take it: that is no failure of the
    connection.
    """

    def __init__(self, folder: Path | None, side: Side = Side.SOURCE) -> None:
        self._folder = folder
        self._side = side
        self._handed_over = False
        self.size = 0

    def __enter__(self) -> Self:
        try:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # the body owns it afterwards
        except OSError as error:
            raise self._full(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        if not self._handed_over:
            self._file.close()

    def write(self, piece: bytes) -> None:
        """Append bytes."""
        try:
            self._file.write(piece)
        except OSError as error:
            raise self._full(error) from error
        self.size += len(piece)

    def body(self) -> Body:
        """The message in this file, which belongs to the body from now on."""
        try:
            self._file.flush()
        except OSError as error:
            raise self._full(error) from error
        self._handed_over = True
        return Body.spooled(self._file, self.size)

    def _full(self, error: OSError) -> EndpointError:
        folder = self._folder or tempfile.gettempdir()
        return EndpointError(
            Failure(
                Action.STOP_MAILBOX,
                "SPOOL",
                f"a large message could not be written to {folder}: {error.strerror or error}",
                cure="make room on that disk, then start again",
                side=self._side,
            )
        )
