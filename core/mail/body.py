"""The bytes of one message: in memory when small, in a spool file when large. Never altered."""

import hashlib
from collections.abc import Iterator
from typing import BinaryIO, Self

#: A message above this is spooled to a file and never held in memory whole (protocol.md B, F2).
SPOOL_ABOVE = 8 << 20


class Body:
    """One message as the source sent it. Close it when it has been written; a spool file goes with it."""

    __slots__ = ("_data", "_file", "size")

    def __init__(self, data: bytes | None, file: BinaryIO | None, size: int) -> None:
        self._data = data
        self._file = file
        self.size = size

    @classmethod
    def of(cls, data: bytes) -> Self:
        """A message held in memory."""
        return cls(data, None, len(data))

    @classmethod
    def spooled(cls, file: BinaryIO, size: int) -> Self:
        """A message in an unnamed temporary file, which this body owns from now on."""
        return cls(None, file, size)

    @property
    def in_memory(self) -> bool:
        """Whether `read` costs nothing."""
        return self._data is not None

    @property
    def memory(self) -> int:
        """Bytes that this body holds in memory."""
        return 0 if self._data is None else len(self._data)

    def read(self) -> bytes:
        """The whole message; for a spooled one that means all of it in memory, so ask `in_memory` first."""
        if self._data is not None:
            return self._data
        return b"".join(self.chunks())

    def chunks(self, size: int = 1 << 16) -> Iterator[bytes]:
        """The message from its first byte, in pieces of `size` bytes; may be called again."""
        if self._data is not None:
            for start in range(0, len(self._data), size):
                yield self._data[start : start + size]
            return
        assert self._file is not None
        self._file.seek(0)
        while piece := self._file.read(size):
            yield piece

    def sha256(self) -> bytes:
        """The exact fingerprint: 32 bytes."""
        digest = hashlib.sha256()
        for piece in self.chunks():
            digest.update(piece)
        return digest.digest()

    def close(self) -> None:
        """Give the memory or the spool file back."""
        if self._file is not None:
            self._file.close()
        self._data = None
        self._file = None
