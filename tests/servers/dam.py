"""Holds up one client in the middle of its mail, and lets every other pass."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import Way
from tests.servers.lane import Lane


class Dam(FaultProxy):
    """The first client that sends mail gets no more than `after` bytes of it through, until `release`.

    `reached` is set when it stands there. What it sent is lost when it leaves.
    """

    def __init__(self, server_port: int, after: int) -> None:
        super().__init__(server_port)
        self.reached = Event()
        self._after = after
        self._lane: Lane | None = None
        self._passed = 0

    def release(self) -> None:
        """Let it pass. Returns at once."""
        self._loop.call_soon_threadsafe(self._release)

    def look(self, lane: Lane, data: bytes) -> Iterator[bytes]:
        """Hold the lane where it has carried so much."""
        mail = lane.way is Way.UP and (b"CreateItem" in data or b" APPEND " in data)
        if self._lane is None and mail:
            self._lane = lane
        if lane is not self._lane or self.reached.is_set():
            yield data
            return
        left = self._after - self._passed
        self._passed += len(data)
        yield data[:left]
        if self._passed >= self._after:
            lane.held = True
            self.reached.set()
            yield data[left:]

    def _release(self) -> None:
        assert self._lane is not None
        self._lane.held = False
        self._lane.stir()


def unsent(port: int) -> int:
    """Bytes on their way to a loopback port that the other side has not taken yet (proc_net_tcp(5), tx_queue)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    there = [line.split() for line in lines]
    return sum(int(fields[4].partition(":")[0], 16) for fields in there if fields[2].endswith(f":{port:04X}"))
