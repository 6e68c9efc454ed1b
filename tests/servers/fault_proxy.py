"""A link that goes wrong on order: stands between a client and a server, both on loopback.

One thread with an event loop of its own carries all links. What is wrong may be changed at any time, and is in force
when the assignment returns.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tests.servers.faults import PIECE, CutError, Faults, Way
from tests.servers.lane import AHEAD_SLOW, InForce, Lane, end

_HOST = "127.0.0.1"


class FaultProxy:
    """Use it in a `with` block; `port` stays the same, whatever is wrong. `links` counts connections."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        # Bound and never listening: it keeps the port ours while nobody listens there.
        self._place = _bound(0)
        self.port: int = self._place.getsockname()[1]
        self.links = 0
        self._force = InForce()
        self._lanes: set[Lane] = set()
        self._problems: list[BaseException] = []
        self._began = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self._began.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._place.close()
        assert self._problems == []

    @property
    def faults(self) -> Faults:
        """What is wrong now. Assigning counts carried bytes anew."""
        return self._force.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        asyncio.run_coroutine_threadsafe(self._order(faults), self._loop).result(20)

    @property
    def resets(self) -> int:
        """How many links a `Reset` has ended."""
        return self._force.resets

    @property
    def open(self) -> int:
        """How many links there are now."""
        return len(self._lanes) // 2

    def heal(self) -> None:
        """From now on the link is a good one."""
        self.faults = Faults()

    def cut(self) -> None:
        """Reset every link that is open."""
        self._loop.call_soon_threadsafe(self._end_links)

    def look(self, lane: Lane, data: bytes) -> Iterator[bytes]:
        """What goes on of `data`; called in the proxy's own thread. May raise CutError."""
        del lane
        yield data

    # --- in the loop -----------------------------------------------------------------------------------------------

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listen()
        self._began.set()
        await self._over.wait()
        self._refuse()
        self._end_links()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end_links(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _listen(self) -> None:
        self._listener = _bound(self.port)
        # The kernel must not swallow what the link does not carry.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, AHEAD_SLOW)
        self._listener.listen(100)
        self._listener.setblocking(False)
        self._loop.add_reader(self._listener, self._accept)

    def _refuse(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            while self._accept():  # who is connected already, as far as he knows
                pass
            self._listener.close()

    async def _order(self, faults: Faults) -> None:
        for _ in range(5):  # what clients and servers have done before is seen before
            await asyncio.sleep(0)
        refused = self._force.faults.refused
        self._force.order(faults)
        for lane in self._lanes:
            lane.ordered()
        if faults.refused and not refused:
            self._refuse()
        elif refused and not faults.refused:
            self._listen()

    def _accept(self) -> bool:
        """Take the next client; False when there is none."""
        try:
            client, _ = self._listener.accept()
        except OSError:  # nobody, or gone again
            return False
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.links += 1
        task = self._loop.create_task(self._link(client, self._force.faults.certificate))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _link(self, client: socket.socket, certificate: tuple[Path, Path] | None) -> None:
        """One link, from its first byte to its end."""
        ends: list[asyncio.StreamWriter] = []
        hard = True
        try:
            below = await self._client(client, None if certificate is None else _answering(*certificate))
            ends.append(below[1])
            asking = None if certificate is None else _asking()
            above = await asyncio.open_connection(_HOST, self._server_port, ssl=asking, limit=PIECE)
            ends.append(above[1])
            up = Lane(Way.UP, below[0], above[1], self._force, self.look)
            try:
                hard = await self._carry(up, Lane(Way.DOWN, above[0], below[1], self._force, self.look))
            except CutError:
                if up.late is None:
                    raise
                end(below[1], hard=True)
                await _deliver(up, above[0])
        except (OSError, CutError):  # the link is over; ssl.SSLError is an OSError
            pass
        except Exception as error:  # noqa: BLE001  told when the proxy ends
            self._problems.append(error)
        finally:
            if not ends:
                client.close()
            for writer in ends:
                end(writer, hard=hard)

    async def _client(
        self, client: socket.socket, context: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader = asyncio.StreamReader(limit=PIECE)
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await self._loop.connect_accepted_socket(lambda: protocol, client, ssl=context)
        return reader, asyncio.StreamWriter(transport, protocol, reader, self._loop)

    async def _carry(self, *lanes: Lane) -> bool:
        """Carry both ways until one ends; whether it ended hard."""
        self._lanes.update(lanes)
        tasks = [asyncio.create_task(lane.carry()) for lane in lanes]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            return any(lane.broken for lane in lanes)
        finally:
            self._lanes.difference_update(lanes)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _deliver(lane: Lane, answers: asyncio.StreamReader) -> None:
    """Hand on what was held back, long after its sender left, and keep that link as long as the server does."""
    assert lane.late is not None
    await asyncio.sleep(lane.late)
    lane.writer.write(lane.left())
    while await answers.read(PIECE):
        pass


def _bound(port: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((_HOST, port))
    return made


def _answering(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _asking() -> ssl.SSLContext:
    """Towards the server whose place we take: nothing is verified."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
