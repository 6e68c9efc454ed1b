"""What the parts of the engine share while they run one batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.batch.definition import Batch, Mailbox
from core.clock import Clock
from core.engine.budget import MemoryBudget
from core.engine.limits import Connections
from core.engine.live import LiveBatch
from core.engine.retry import Patience, Reach
from core.event import Tell
from core.ports.destination import Destination
from core.ports.failure import Side
from core.ports.meter import Meter
from core.ports.source import Source
from core.store.board import Board
from core.store.database import Database
from core.store.lease import Runner
from core.sync.context import PassContext, PassResult

#: How long an unknown answer may still take effect after its connection ended (`settle = "auto"`), in seconds.
SETTLE = {"imap": 10.0, "ews": 30.0}


@dataclass(frozen=True, slots=True)
class Doors:
    """How a mailbox's ends are opened, and what runs between them. `load` is called once for a batch, before."""

    source: Callable[[Batch, Mailbox], Source]
    destination: Callable[[Batch, Mailbox], Destination]
    run_pass: Callable[[PassContext], PassResult]
    load: Callable[[Batch], None] = lambda _: None


def real_doors(spool: Path, meters: Mapping[Side, Meter]) -> Doors:
    """Real servers and the real pass; large messages wait in unnamed files in the folder `spool`."""
    from core.endpoints.factory import load, open_destination, open_source
    from core.sync.mailbox_pass import run_pass

    return Doors(
        partial(open_source, spool=spool, meter=meters[Side.SOURCE]),
        partial(open_destination, meter=meters[Side.DESTINATION]),
        run_pass,
        load,
    )


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run of one batch. `live` is the batch with what was changed since; `settle` is in seconds."""

    batch: Batch
    live: LiveBatch
    database: Database
    clock: Clock
    runner: Runner
    board: Board
    tell: Tell
    doors: Doors
    connections: Connections
    budget: MemoryBudget
    patience: Patience
    reach: Mapping[Side, Reach]
    retry_rejected: bool
    watch: bool
    linger: bool

    @property
    def settle(self) -> float:
        """Seconds until an unknown answer can no longer take effect."""
        chosen = self.batch.options.settle
        return SETTLE[self.batch.destination.kind] if chosen is None else chosen
