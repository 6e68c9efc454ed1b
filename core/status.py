"""The words for what a batch or a mailbox is doing (contract, section 5).

`BatchStatus` and `MailboxStatus` are Microsoft's words only (Get-MigrationBatch, Get-MigrationUser). What they cannot
say, `Condition` says beside them.
"""

from enum import StrEnum


class BatchStatus(StrEnum):
    """Microsoft's words for a batch."""

    CREATED = "Created"
    WAITING = "Waiting"
    SYNCING = "Syncing"
    SYNCED = "Synced"
    SYNCED_WITH_ERRORS = "SyncedwithErrors"
    INCREMENTAL_SYNCING = "IncrementalSyncing"
    COMPLETING = "Completing"
    COMPLETED = "Completed"
    COMPLETED_WITH_ERRORS = "CompletedWithErrors"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    FAILED = "Failed"
    REMOVING = "Removing"


class MailboxStatus(StrEnum):
    """Microsoft's words for a user of a batch."""

    QUEUED = "Queued"
    VALIDATING = "Validating"
    SYNCING = "Syncing"
    SYNCED = "Synced"
    INCREMENTAL_SYNCING = "IncrementalSyncing"
    INCREMENTAL_SYNCED = "IncrementalSynced"
    INCREMENTAL_FAILED = "IncrementalFailed"
    COMPLETING = "Completing"
    COMPLETED = "Completed"
    COMPLETED_WITH_WARNINGS = "CompletedWithWarnings"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    FAILED = "Failed"


#: A mailbox in one of these is being worked on by a live process, or the store is told otherwise at the next start.
ACTIVE = frozenset(
    {
        MailboxStatus.VALIDATING,
        MailboxStatus.SYNCING,
        MailboxStatus.INCREMENTAL_SYNCING,
        MailboxStatus.COMPLETING,
        MailboxStatus.STOPPING,
    }
)


class Condition(StrEnum):
    """What Microsoft's words cannot say; shown beside the status, with `until` and `why`."""

    PAUSED = "paused"
    THROTTLED = "throttled"
    WAITING_FOR_LINK = "waiting_for_link"
    WAITING_FOR_HOURS = "waiting_for_hours"
    QUOTA = "quota"
    SETTLING = "settling"


class PassKind(StrEnum):
    """Which run over a mailbox this is."""

    INITIAL = "initial"
    INCREMENTAL = "incremental"
    FINAL = "final"


class Wish(StrEnum):
    """What a user wants of a batch or a mailbox; the engine sees to it within half a second."""

    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"
    STOP_NOW = "stop_now"


class Demand(StrEnum):
    """What a user may ask for beside a wish, of a batch or a mailbox that runs."""

    FIRST = "first"  # before others, whenever it waits for its turn; stays until it is taken back
    SYNC = "sync"  # another pass now, once
    RETRY = "retry"  # the same, with what the destination refused before
