"""Requests to the destination under way: each in a thread of its own, while the pass prepares what comes next."""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from core.ports.destination import Destination, Outgoing, Written
from core.ports.failure import EndpointError, Failure
from core.sync.context import Work
from core.sync.fetching import Ready


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """One request of messages whose intents are durable."""

    work: Work
    group: list[Ready]
    outgoing: Sequence[Outgoing]


@dataclass(frozen=True, slots=True)
class Landed:
    """What a request ended with: an answer for each message, or one failure for all, or a fault of our own."""

    flight: Flight
    written: Sequence[Written] = ()
    failure: Failure | None = None
    fault: BaseException | None = None

    def calm(self, *, keyed: bool) -> bool:
        """Whether all of it was stored, and what is not `keyed` named: then there is nothing more to ask about it."""
        if self.failure is not None or self.fault is not None:
            return False
        return all(answer.failure is None and (keyed or answer.item is not None) for answer in self.written)


class Flights:
    """Used by the pass's own thread. `len` is how many are under way, or have ended and were not taken.

    What has ended stays until it is taken, so that nothing that breaks off in between makes it forgotten.
    """

    def __init__(self, destination: Destination, name: str) -> None:
        self._destination = destination
        self._name = name
        self._pool: ThreadPoolExecutor | None = None
        self._flying: dict[Flight, Future[Sequence[Written]]] = {}

    def __len__(self) -> int:
        return len(self._flying)

    @property
    def quiet(self) -> bool:
        """Whether all have ended."""
        return all(future.done() for future in self._flying.values())

    def launch(self, flight: Flight) -> None:
        """Let it go."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._destination.limits.at_once, thread_name_prefix=f"send {self._name}")
        self._flying[flight] = self._pool.submit(self._destination.write, flight.work.place, flight.outgoing)

    def first(self) -> Landed:
        """Wait for the first to end."""
        ended = wait(self._flying.values(), return_when=FIRST_COMPLETED).done
        flight, future = next(pair for pair in self._flying.items() if pair[1] in ended)  # of several, what left first
        fault = future.exception()
        if isinstance(fault, EndpointError):
            return Landed(flight, failure=fault.failure)
        return Landed(flight, fault=fault) if fault is not None else Landed(flight, future.result())

    def take(self, landed: Landed) -> None:
        """The caller sees to what became of it."""
        del self._flying[landed.flight]

    def wait(self) -> None:
        """Wait until all have ended; they can still be taken."""
        wait(self._flying.values())

    def close(self) -> None:
        """No more will go. Waits for those under way, which can still be taken."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None
