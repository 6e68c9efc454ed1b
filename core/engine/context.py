"""What the parts of the engine share while they run one batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.batch.definition import Batch, Mailbox
from core.clock import Clock
from core.engine.budget import MemoryBudget
from core.engine.limits import Connections, Need
from core.engine.retry import Patience, Reach
from core.event import Tell
from core.ports.destination import Destination
from core.ports.failure import Side
from core.ports.source import Source
from core.store.board import Board
from core.store.database import Database
from core.store.lease import Runner
from core.sync.context import PassContext, PassResult

#: How long an unknown answer may still take effect after its connection ended (`settle = "auto"`), in seconds.
SETTLE = {"imap": 10.0, "ews": 30.0}


@dataclass(frozen=True, slots=True)
class Doors:
    """How a mailbox's ends are opened, and what runs between them."""

    source: Callable[[Batch, Mailbox], Source]
    destination: Callable[[Batch, Mailbox], Destination]
    run_pass: Callable[[PassContext], PassResult]


def real_doors(spool: Path) -> Doors:
    """Real servers and the real pass; large messages wait in unnamed files in the folder `spool`."""
    from core.endpoints.factory import open_destination, open_source
    from core.sync.mailbox_pass import run_pass

    return Doors(partial(open_source, spool=spool), open_destination, run_pass)


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run of one batch. `needs` are the connections of one mailbox, `settle` is in seconds."""

    batch: Batch
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
    needs: Mapping[Side, Need]
    retry_rejected: bool
    watch: bool
    linger: bool

    @property
    def settle(self) -> float:
        """Seconds until an unknown answer can no longer take effect."""
        chosen = self.batch.options.settle
        return SETTLE[self.batch.destination.kind] if chosen is None else chosen
