"""How a batch stands, worked out from how its mailboxes stand. Pure."""

from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto

from core.errors import EXIT_DONE, EXIT_HELD, EXIT_STOPPED, EXIT_UNFINISHED
from core.status import BatchStatus, Condition, MailboxStatus, Wish


class Stage(Enum):
    """Where a mailbox is in this run."""

    QUEUED = auto()  # not begun
    RUNNING = auto()  # a worker has it
    WAITING = auto()  # between two tries of one pass, its connections closed
    PARKED = auto()  # paused or stopped by a wish
    DONE = auto()  # its pass ended well; with --watch until the next
    FAILED = auto()
    IDLE = auto()  # not part of this run, and neither done nor failed


#: Something of its pass is still to be done, and nobody holds it up.
UNFINISHED = {Stage.QUEUED, Stage.RUNNING, Stage.WAITING}
ENDED = {Stage.DONE, Stage.FAILED}


@dataclass(frozen=True, slots=True)
class Mark:
    """All that one mailbox adds to the batch's standing."""

    stage: Stage
    initial: bool = False  # its pass, this one or the next, is the initial one
    condition: Condition | None = None
    rejected: bool = False  # it has messages that the destination refused
    ours: bool = True  # part of this run
    held: bool = False  # it failed because another process moves it

    @classmethod
    def of_status(cls, status: MailboxStatus, *, rejected: bool) -> "Mark":
        """A mailbox that this run leaves alone, as the board shows it."""
        if status in {
            MailboxStatus.SYNCED,
            MailboxStatus.INCREMENTAL_SYNCED,
            MailboxStatus.COMPLETED,
            MailboxStatus.COMPLETED_WITH_WARNINGS,
        }:
            stage = Stage.DONE
        elif status in {MailboxStatus.FAILED, MailboxStatus.INCREMENTAL_FAILED}:
            stage = Stage.FAILED
        else:
            stage = Stage.IDLE
        return cls(stage, rejected=rejected, ours=False)


#: How many mailboxes stand alike.
Tally = Counter[Mark]


def count(tally: Tally, *stages: Stage) -> int:
    """How many mailboxes are at one of these stages."""
    return sum(number for mark, number in tally.items() if mark.stage in stages)


def standing(tally: Tally, wish: Wish, *, watch: bool) -> tuple[BatchStatus, Condition | None]:
    """Status and condition of a batch that a process runs."""
    present = [mark for mark, number in tally.items() if number]
    running = any(mark.stage is Stage.RUNNING for mark in present)
    unfinished = [mark for mark in present if mark.stage in UNFINISHED]
    if wish is not Wish.RUN and (running or watch or _open(present)):
        status = BatchStatus.STOPPING if running else BatchStatus.STOPPED
        return status, Condition.PAUSED if wish is Wish.PAUSE else None
    if not unfinished:
        # Between two passes the batch is what its passes made of it, whoever is paused by himself.
        ended = Tally({mark: number for mark, number in tally.items() if mark.stage in ENDED})
        return resting(ended if watch and ended.total() else tally)
    if all(mark.stage is Stage.QUEUED for mark in unfinished) and not any(mark.stage in ENDED for mark in present):
        return BatchStatus.WAITING, None
    status = BatchStatus.SYNCING if any(mark.initial for mark in unfinished) else BatchStatus.INCREMENTAL_SYNCING
    if running:
        return status, None
    conditions = {mark.condition for mark in unfinished if mark.stage is Stage.WAITING}
    return status, min(conditions, key=str) if conditions else None


def resting(tally: Tally) -> tuple[BatchStatus, Condition | None]:
    """Status and condition of a batch when nothing of it moves any more."""
    present = [mark for mark, number in tally.items() if number]
    undone = [mark for mark in present if mark.stage not in ENDED]
    if undone:
        paused = all(mark.stage is Stage.PARKED and mark.condition is Condition.PAUSED for mark in undone)
        return BatchStatus.STOPPED, Condition.PAUSED if paused else None
    if all(mark.stage is Stage.FAILED for mark in present):
        return BatchStatus.FAILED, None
    if any(mark.stage is Stage.FAILED or mark.rejected for mark in present):
        return BatchStatus.SYNCED_WITH_ERRORS, None
    return BatchStatus.SYNCED, None


def over(tally: Tally, wish: Wish, *, watch: bool, linger: bool = False) -> bool:
    """Whether a run has nothing more to do.

    A paused batch stays, as long as something of it is open. Mailboxes that are paused by themselves keep a run only
    with --watch, or with `linger`: where somebody sits who may resume them.
    """
    present = [mark for mark, number in tally.items() if number and mark.ours]
    if any(mark.stage is Stage.RUNNING for mark in present):
        return False
    if wish in {Wish.STOP, Wish.STOP_NOW}:
        return True
    if watch:
        return False
    if wish is Wish.PAUSE:
        return not _open(present)
    if linger and any(mark.stage is Stage.PARKED and mark.condition is Condition.PAUSED for mark in present):
        return False
    return not any(mark.stage in UNFINISHED for mark in present)


def exit_code(tally: Tally, *, watch: bool) -> int:
    """How the run ended, in the contract's codes: done 0, with failures or rejections 1, stopped or paused 3, held 4.

    With --watch a run is never done by itself.
    """
    present = [mark for mark, number in tally.items() if number and mark.ours]
    if watch or _open(present):
        return EXIT_STOPPED
    if any((mark.stage is Stage.FAILED and not mark.held) or mark.rejected for mark in present):
        return EXIT_UNFINISHED
    return EXIT_HELD if any(mark.held for mark in present) else EXIT_DONE


def _open(present: list[Mark]) -> bool:
    return any(mark.ours and mark.stage not in ENDED for mark in present)
