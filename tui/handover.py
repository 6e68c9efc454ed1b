"""A batch that goes on without the console: in a process of its own, started when ours has let go of it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.store.database import Database
from core.store.holder import holder

if TYPE_CHECKING:
    from core.engine.detached import Order

#: So many seconds a new process may take until it holds the batch.
_PATIENCE = 30.0
_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of it: the process that has it now, or why there is none."""

    batch: str
    pid: int | None
    problem: str = ""

    def sentence(self) -> str:
        """What to tell whoever left."""
        if self.pid is None:
            return f"{self.batch} does not go on: {self.problem}; `mailcutover run` starts it again"
        return (
            f"{self.batch} goes on in process {self.pid}; mailcutover shows it, `mailcutover stop {self.batch}` ends it"
        )


def hand_over(database: Database, order: "Order") -> Handed:
    """Start it, and wait until it holds the batch or has ended."""
    from core.batch.prompt import answers
    from core.engine.detached import complaints, detach

    try:
        child = detach(database.folder, order, answers())
    except OSError as error:
        return Handed(order.name, None, error.strerror or str(error))
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        held = holder(database, f"batch:{order.name}")
        if held is not None and held.pid == child.pid:
            return Handed(order.name, child.pid)
        if child.poll() is not None:
            break
        time.sleep(_LOOK)
    if child.returncode == 0:  # there was nothing left to do
        return Handed(order.name, child.pid)
    said = complaints(database.folder, order.name).read_text(errors="replace").strip()
    return Handed(order.name, None, said.rpartition("\n")[2] or "it did not start")
