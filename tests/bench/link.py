"""A long or narrow line between a tool and a server, both on loopback: each byte comes later, and so many a second.

Delays alone: no loss and no slow start, so a real line is worse. netem, which does this better, is not in every kernel.
"""

import asyncio
import socket
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

_PIECE = 1 << 16
#: Bytes under way on one connection at most: as a kernel's window is, and as short as the queue of a good router.
_WINDOW, _NARROW_WINDOW = 4 << 20, 1 << 18


@dataclass(frozen=True, slots=True)
class Line:
    """`delay` is how many seconds a byte takes one way, `rate` bytes a second each way, of all connections together."""

    delay: float
    rate: float | None = None

    @property
    def window(self) -> int:
        """The most bytes of one connection that are under way."""
        return _NARROW_WINDOW if self.rate else _WINDOW


@dataclass(slots=True)
class Way:
    """One direction of the line. `free` is when all that was put on it so far will have left."""

    line: Line
    free: float = 0.0

    def due(self, size: int, now: float) -> float:
        """When so many bytes that are put on it now have arrived."""
        self.free = max(self.free, now) + (size / self.line.rate if self.line.rate else 0.0)
        return self.free + self.line.delay


class Link:
    """Use it in a `with` block. One thread with an event loop of its own carries all connections to `server_port`."""

    def __init__(self, server_port: int, line: Line) -> None:
        self._server_port = server_port
        self._line = line
        self._up, self._down = Way(line), Way(line)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._began = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="link")

    def __enter__(self) -> Self:
        self._thread.start()
        self._began.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._listener.close()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._began.set()
        accepting = asyncio.create_task(self._accept())
        await self._over.wait()
        accepting.cancel()  # `asyncio.run` cancels the rest

    async def _accept(self) -> None:
        tasks = set()
        while True:
            client, _ = await self._loop.sock_accept(self._listener)
            task = asyncio.create_task(self._connection(client))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    async def _connection(self, client: socket.socket) -> None:
        """Carry both ways until both have ended. The handshake of a new connection is a round trip, too."""
        with client, socket.socket() as server:
            for end in (client, server):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            now = self._loop.time()
            await self._loop.sock_connect(server, ("127.0.0.1", self._server_port))
            delay = self._line.delay
            await asyncio.gather(
                _Flow(client, server, self._up, now + 2 * delay).carry(),
                _Flow(server, client, self._down, now + 3 * delay).carry(),
            )


@dataclass(slots=True)
class _Flow:
    """One way of one connection. Nothing is put on the line before `begin`, in the loop's time."""

    source: socket.socket
    target: socket.socket
    way: Way
    begin: float
    _under_way: deque[tuple[float, bytes]] = field(default_factory=deque)
    _size: int = 0
    _stirred: asyncio.Event = field(default_factory=asyncio.Event)

    async def carry(self) -> None:
        """Until the source has ended; then the target is told."""
        await asyncio.gather(self._take(), self._give())

    async def _take(self) -> None:
        loop = asyncio.get_running_loop()
        data = b"-"
        while data:
            data = b""
            with suppress(OSError):
                data = await loop.sock_recv(self.source, _PIECE)
            self._under_way.append((self.way.due(len(data), max(loop.time(), self.begin)), data))
            self._size += len(data)
            self._stirred.set()
            while self._size >= self.way.line.window:
                self._stirred.clear()
                await self._stirred.wait()

    async def _give(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while not self._under_way:
                self._stirred.clear()
                await self._stirred.wait()
            due, data = self._under_way.popleft()
            await asyncio.sleep(max(0.0, due - loop.time()))
            with suppress(OSError):  # it has hung up: what is left goes nowhere
                await loop.sock_sendall(self.target, data)
            if not data:
                with suppress(OSError):
                    self.target.shutdown(socket.SHUT_WR)
                return
            self._size -= len(data)
            self._stirred.set()
