"""Looks at a console from inside: how late its event loop is, what its process takes. No part of the product."""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

_STEP = 0.01  # seconds between two looks


@dataclass(frozen=True, slots=True)
class Taken:
    """What was seen since the one before; times are of that moment.

    `late` holds how many seconds the loop woke us late, each time. `cpu` and `screen_cpu` are seconds since the start,
    of the process and of the loop's thread; `memory` is resident MB, `pace` the seconds between two refreshes, `told`
    the events that the load has told so far.
    """

    at: float
    late: list[float]
    cpu: float
    screen_cpu: float
    memory: float
    pace: float
    told: int

    @property
    def worst(self) -> float:
        """The latest, in milliseconds."""
        return 1000 * max(self.late, default=0.0)

    @property
    def p99(self) -> float:
        """In milliseconds; of a hundred, one was later."""
        late = sorted(self.late)
        return 1000 * late[int(len(late) * 0.99)] if late else 0.0


class Probe:
    """Ticks in the loop that is looked at; asked from another thread."""

    def __init__(self) -> None:
        self._late: list[float] = []
        self._screen_cpu = 0.0

    async def tick(self) -> None:
        """Until cancelled."""
        while True:
            due = time.monotonic() + _STEP
            await asyncio.sleep(_STEP)
            self._late.append(time.monotonic() - due)
            self._screen_cpu = time.thread_time()

    def take(self, pace: float, told: int) -> Taken:
        """What was seen since the last time."""
        late, self._late = self._late, []
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 1e6
        return Taken(time.monotonic(), late, time.process_time(), self._screen_cpu, memory, pace, told)
