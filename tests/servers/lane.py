"""One way of one link: takes in, holds back, hands on."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from tests.servers.faults import PIECE, CutError, Faults, Way

#: Bytes held back at most: on a fast link for its latency, on a slow one hardly any.
_AHEAD, AHEAD_SLOW = 4 << 20, 1 << 16
#: A capped link carries so many pieces a second.
_TICKS = 50
_HARD = struct.pack("ii", 1, 0)


@dataclass(slots=True)
class InForce:
    """The faults of now, shared by all lanes of a proxy, and how many resets they have left and had."""

    faults: Faults = field(default_factory=Faults)
    left: int | None = None
    resets: int = 0

    def order(self, faults: Faults) -> None:
        """From now on these."""
        self.faults = faults
        self.left = faults.reset.times if faults.reset else None


class Lane:
    """Carries bytes from `reader` to `writer` in the loop's own time. Memory is bounded: who sends too much waits.

    `look` says what goes on of some bytes. `held`: nothing gets through on this one, whatever the others do. `broken`:
    the sender ended with a reset. `late`: the sender left while something was held back, which is to get through so
    many seconds later.
    """

    def __init__(
        self,
        way: Way,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        force: InForce,
        look: Callable[["Lane", bytes], Iterator[bytes]],
    ) -> None:
        self.way = way
        self.writer = writer
        self.held = False
        self.broken = False
        self.late: float | None = None
        self.rest = b""  # for a `look` at lines
        self._reader = reader
        self._force = force
        self._look = look
        self._waiting: deque[tuple[float, bytes]] = deque()  # when it is due, and what
        self._at_hand = b""  # taken from there, and not handed on yet
        self._size = 0
        self._carried = 0  # since the faults in force were ordered
        self._left = False  # the sender has gone
        self._stirred = asyncio.Event()
        writer.transport.set_write_buffer_limits(high=0)  # `drain` means: the kernel has it

    def ordered(self) -> None:
        """Other faults are in force."""
        self._carried = 0
        self.stir()

    def stir(self) -> None:
        """What it waits for may be so now. For the loop's own thread."""
        self._stirred.set()

    def left(self) -> bytes:
        """What was taken in and not handed on, when carrying has ended."""
        return self._at_hand + b"".join(data for _, data in self._waiting)

    async def carry(self) -> None:
        """Carry all there is, to the end. Raises CutError when the link is to be reset."""
        taking = asyncio.create_task(self._take())
        try:
            await self._give()
        finally:
            taking.cancel()
            with suppress(asyncio.CancelledError):
                await taking

    async def _take(self) -> None:
        """Take in what comes, as long as there is room."""
        try:
            while data := await self._reader.read(PIECE):
                self._put(data)
                await self._until(self._has_room)
        except OSError:
            self.broken = True
        finally:
            self._left = True
            self.late = self._force.faults.late if self._held() else None
            self._put(b"")

    def _put(self, data: bytes) -> None:
        self._waiting.append((asyncio.get_running_loop().time() + self._force.faults.latency, data))
        self._size += len(data)
        self._stirred.set()

    async def _give(self) -> None:
        """Hand on what is due."""
        while True:
            await self._until(lambda: bool(self._waiting))
            due, data = self._waiting[0]
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            self._waiting.popleft()
            if not data:
                await self._free()
                return
            for seen in self._look(self, data):
                await self._hand_on(seen)
            self._size -= len(data)
            self._stirred.set()

    async def _hand_on(self, data: bytes) -> None:
        while data:
            self._at_hand = data
            await self._free()
            force, faults = self._force, self._force.faults
            size = faults.piece if faults.rate is None else min(faults.piece, max(1, round(faults.rate / _TICKS)))
            reset = faults.reset if faults.reset and faults.reset.way is self.way and force.left != 0 else None
            if reset is not None:
                size = min(size, max(0, reset.after - self._carried))
            piece, data = data[:size], data[size:]
            self._at_hand = data
            self.writer.write(piece)
            await self.writer.drain()
            self._carried += len(piece)
            if reset is not None and reset is force.faults.reset and self._carried >= reset.after and force.left != 0:
                force.resets += 1
                force.left = None if force.left is None else force.left - 1
                raise CutError
            await asyncio.sleep(0 if faults.rate is None else len(piece) / faults.rate)

    async def _free(self) -> None:
        """Wait until this way is free. Raises CutError when the sender has left meanwhile: then all of it is lost."""
        if self._held():
            await self._until(lambda: not self._held() or self.late is not None)
            if self._left:
                raise CutError

    async def _until(self, so: Callable[[], bool]) -> None:
        while not so():
            self._stirred.clear()
            await self._stirred.wait()

    def _held(self) -> bool:
        return self.held or self.way in self._force.faults.held

    def _has_room(self) -> bool:
        slow = self._held() or self._force.faults.rate is not None
        return self._size < (AHEAD_SLOW if slow else _AHEAD)


def end(writer: asyncio.StreamWriter, *, hard: bool) -> None:
    """End one side; hard: what is on its way is thrown away, and the peer sees a reset."""
    if not hard:
        writer.close()
        return
    with suppress(OSError):  # it has gone already
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HARD)
    writer.transport.abort()
