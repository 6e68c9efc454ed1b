"""COMPRESS=DEFLATE (RFC 4978): over a slow link a signed-in connection is compressed, both ways.

Real mail becomes a third smaller, its headers and lists much more. It costs a core for each 35 MB/s sent and each
150 MB/s received (measured), and the server as much or more. Passwords have been said by then: no secret shares a
stream with what strangers wrote.
"""

import io
import zlib
from dataclasses import dataclass
from typing import Any, Protocol

from core.imap.wire import GarbledError, Wire, line_of
from core.ports.meter import Meter

#: What servers call it.
OFFER = "COMPRESS=DEFLATE"
#: A link is slow when not one answer of the sign-in came within so many seconds. The shortest counts, as a server may
#: think about a password, but not about a CAPABILITY. Loopback takes 0.1 ms, a LAN 1 ms, a data centre nearby a few;
#: those are wide, and above 100 Mbit/s compressing takes longer than it saves (measured, all on one busy machine).
SLOW = 0.010
#: The fastest: real mail becomes smaller by another 3 % with the usual level, 6, at twice the CPU (measured).
_LEVEL = 1
_RAW = -15  # no header, the largest window (RFC 4978, section 4)
#: Bytes read, and bytes inflated, at once: 64 KB from a server may become 64 MB.
_PIECE = 1 << 16
#: So often in a row a server may agree and then say nothing that can be read.
_TRIES = 2


class Link(Protocol):
    """What carries the bytes as they are on the wire."""

    def read_some(self, size: int) -> bytes:
        """What has come, or comes next: at most so much; nothing at the end."""
        ...

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        ...


@dataclass(slots=True)
class Record:
    """How one server did so far, over all connections of this process; who cannot do it is not asked again."""

    unread: int = 0  # connections in a row that ended before anything was read
    garbled: bool = False

    @property
    def bad(self) -> bool:
        """Whether it cannot do what it offers."""
        return self.garbled or self.unread >= _TRIES


_records: dict[object, Record] = {}


def compress(wire: Wire, link: Link, server: object, meter: Meter) -> bool:
    """Compress a connection to a server that offers it, from here on; False where it would not pay or is refused.

    `wire` is over `link`, and nobody else reads there any more. `meter` is told of the bytes on the wire. Raises what
    the wire raises.
    """
    record = _records.setdefault(server, Record())
    if wire.round_trip < SLOW or record.bad or not wire.run(b"COMPRESS DEFLATE").ok:
        return False
    wire.over(Deflated(link, meter, record))
    return True


class Deflated:
    """A `core.imap.wire.Transport` over a link that carries raw deflate, from what comes next on.

    Raises GarbledError for what cannot be inflated, and what the link and the meter raise.
    """

    def __init__(self, link: Link, meter: Meter, record: Record) -> None:
        self._link = link
        self._meter = meter
        self._deflater = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
        self._reader = io.BufferedReader(_Inflated(link, meter, record), _PIECE)

    def readline(self) -> bytes:
        """One line with its end; less at the end of the connection."""
        return line_of(self._reader)

    def read(self, size: int) -> bytes:
        """`size` bytes; less at the end of the connection."""
        return self._reader.read(size)

    def send(self, data: bytes) -> None:
        """Send all of `data`, and nothing stays behind in the compressor."""
        piece = self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        self._link.send(piece)
        self._meter(len(piece))


class _Inflated(io.RawIOBase):
    """What the link carries, inflated no further than it is read."""

    def __init__(self, link: Link, meter: Meter, record: Record) -> None:
        super().__init__()
        self._link = link
        self._meter = meter
        self._record = record
        self._inflater = zlib.decompressobj(_RAW)
        self._new = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """A piece; 0 at the end of the connection, or of the stream."""
        piece = b""
        try:
            piece = self._next(min(len(buffer), _PIECE))
        except zlib.error as error:
            self._record.garbled = True
            raise GarbledError(f"not compressed as agreed: {error}") from error
        finally:
            if self._new:
                self._new = False
                self._record.unread = 0 if piece else self._record.unread + 1
        buffer[: len(piece)] = piece
        return len(piece)

    def _next(self, most: int) -> bytes:
        # First what was held back: that it fits says nothing of what there is.
        piece = self._inflater.decompress(self._inflater.unconsumed_tail, most)
        while not piece and not self._inflater.eof:
            data = self._link.read_some(_PIECE)
            if not data:
                break
            self._meter(len(data))
            piece = self._inflater.decompress(data, most)
        return piece
