"""What one pass over one mailbox works with, and what comes of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from core.batch.definition import Options
from core.clock import Clock
from core.mail.flags import Flags
from core.mail.key import SourceKey
from core.ports.destination import Destination, DestinationFolder
from core.ports.failure import Side
from core.ports.source import OpenFolder, Source
from core.status import PassKind
from core.store.board import MailboxBoard
from core.store.ledger import Ledger
from core.store.ledger_folder import LedgerFolder
from core.sync.control import Budget, Control
from core.sync.folder_plan import FolderPlan
from core.sync.narrate import Narrate


def never(side: Side) -> bool:
    """No limit of ours is in the way."""
    del side
    return False


def one(flying: int) -> bool:
    """One request at a time."""
    return flying < 1


def nothing() -> None:
    """There is nothing to give back."""


@dataclass(frozen=True, slots=True)
class PassContext:
    """Everything a pass needs; nothing of it is made here.

    `settle` is how many seconds an unknown answer may still take effect after its connection ended, `state` the state
    folder. `limited` says whether a limit of ours holds that end back just now; `another` whether one more request to
    the destination may be under way beside so many, as far as connections go. `idle` is told when none is under way and
    none may follow for a while.
    """

    source: Source
    destination: Destination
    ledger: Ledger
    options: Options
    kind: PassKind
    control: Control
    budget: Budget
    narrate: Narrate
    board: MailboxBoard
    clock: Clock
    settle: float
    state: Path
    retry_rejected: bool = False
    limited: Callable[[Side], bool] = never
    another: Callable[[int], bool] = one
    idle: Callable[[], None] = nothing


@dataclass(frozen=True, slots=True)
class PassResult:
    """How a pass ended, when no error ended it. `finished` False: it was stopped at a message boundary."""

    finished: bool
    new: int
    flags_changed: int
    rejected: int


@dataclass(slots=True)
class Tally:
    """What this pass did so far."""

    new: int = 0
    flags_changed: int = 0
    flags_kept: int = 0
    keywords_dropped: int = 0
    retried: bool = False  # what had been rejected is pending again
    restless: bool = False  # messages moved under our hands: what left its place may stand where we had looked before


@dataclass(slots=True)
class Work:
    """One folder of a pass, on both sides and in the ledger."""

    plan: FolderPlan
    opened: OpenFolder
    ledger: LedgerFolder
    place: DestinationFolder
    fresh: bool  # first listed in this pass: its flags have just been read
    unchanged: bool = False  # nothing came, went or changed since the baseline
    # Flags to compare when their messages are at the destination: in doubt before, or with another row's copy.
    later: list[tuple[int, Flags]] = field(default_factory=list)

    def token(self, pair_source: tuple[str, str], uid: int) -> str:
        """The source key of one message, as the destination keeps it."""
        return token(self.ledger, pair_source, uid)


def token(folder: LedgerFolder, pair_source: tuple[str, str], uid: int) -> str:
    """The source key of a message in `folder`; `pair_source` is source identity and login."""
    return SourceKey(*pair_source, str(folder.key_path), folder.uidvalidity, uid).token


def pair_source(context: PassContext) -> tuple[str, str]:
    """The source's half of the pair."""
    return context.ledger.pair.source_identity, context.ledger.pair.source_login


def later(moment: datetime, than: datetime) -> float:
    """Seconds from `than` to `moment`."""
    return (moment - than).total_seconds()
