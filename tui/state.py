"""What a status and its condition look like: a glyph, a word and a tone. The glyphs are one cell wide everywhere."""

from dataclasses import dataclass
from datetime import datetime

from core.status import BatchStatus, Condition, MailboxStatus
from tui.format import duration
from tui.theme import Tone

#: The widest that `State.word` gets.
WORD_WIDTH = 16


@dataclass(frozen=True, slots=True)
class State:
    """How to show what something is doing; `word` is short, `status` is Microsoft's."""

    glyph: str
    word: str
    tone: Tone
    status: str


#: A mailbox in one of these has come to the end of its pass, well or not.
RESTING = frozenset(
    {
        MailboxStatus.SYNCED,
        MailboxStatus.INCREMENTAL_SYNCED,
        MailboxStatus.INCREMENTAL_FAILED,
        MailboxStatus.COMPLETED,
        MailboxStatus.COMPLETED_WITH_WARNINGS,
        MailboxStatus.FAILED,
    }
)

_BATCH = {
    BatchStatus.CREATED: ("○", "Created", Tone.DIM),
    BatchStatus.WAITING: ("○", "Waiting", Tone.DIM),
    BatchStatus.SYNCING: ("●", "Syncing", Tone.ACTIVE),
    BatchStatus.SYNCED: ("✓", "Synced", Tone.GOOD),
    BatchStatus.SYNCED_WITH_ERRORS: ("▲", "Synced, errors", Tone.WARN),
    BatchStatus.INCREMENTAL_SYNCING: ("●", "Incr. syncing", Tone.ACTIVE),
    BatchStatus.COMPLETING: ("●", "Completing", Tone.ACTIVE),
    BatchStatus.COMPLETED: ("◆", "Completed", Tone.GOOD),
    BatchStatus.COMPLETED_WITH_ERRORS: ("▲", "Completed, errs", Tone.WARN),
    BatchStatus.STOPPING: ("◑", "Stopping", Tone.WAIT),
    BatchStatus.STOPPED: ("□", "Stopped", Tone.DIM),
    BatchStatus.FAILED: ("✗", "Failed", Tone.BAD),
    BatchStatus.REMOVING: ("◑", "Removing", Tone.WAIT),
}

_MAILBOX = {
    MailboxStatus.QUEUED: ("○", "Queued", Tone.DIM),
    MailboxStatus.VALIDATING: ("●", "Validating", Tone.ACTIVE),
    MailboxStatus.SYNCING: ("●", "Syncing", Tone.ACTIVE),
    MailboxStatus.SYNCED: ("✓", "Synced", Tone.GOOD),
    MailboxStatus.INCREMENTAL_SYNCING: ("●", "Incr. syncing", Tone.ACTIVE),
    MailboxStatus.INCREMENTAL_SYNCED: ("✓", "Incr. synced", Tone.GOOD),
    MailboxStatus.INCREMENTAL_FAILED: ("✗", "Incr. failed", Tone.BAD),
    MailboxStatus.COMPLETING: ("●", "Completing", Tone.ACTIVE),
    MailboxStatus.COMPLETED: ("◆", "Completed", Tone.GOOD),
    MailboxStatus.COMPLETED_WITH_WARNINGS: ("▲", "Completed, warn", Tone.WARN),
    MailboxStatus.STOPPING: ("◑", "Stopping", Tone.WAIT),
    MailboxStatus.STOPPED: ("□", "Stopped", Tone.DIM),
    MailboxStatus.FAILED: ("✗", "Failed", Tone.BAD),
}

_WAITING = {
    Condition.THROTTLED: "throttled",
    Condition.WAITING_FOR_LINK: "no link",
    Condition.WAITING_FOR_HOURS: "off hours",
    Condition.SETTLING: "settling",
}


def state_of(
    status: BatchStatus | MailboxStatus,
    condition: Condition | None = None,
    until: datetime | None = None,
    now: datetime | None = None,
) -> State:
    """The status as it is, or the condition that says more, with a countdown to `until` when that is known."""
    glyph, word, tone = _BATCH[status] if isinstance(status, BatchStatus) else _MAILBOX[status]
    if condition is Condition.PAUSED:
        stopping = status in {BatchStatus.STOPPING, MailboxStatus.STOPPING}
        return State("◑" if stopping else "◐", "pausing" if stopping else "paused", Tone.HELD, status)
    if condition is Condition.QUOTA:
        return State("▲", "over quota", Tone.WARN, status)
    if condition is not None:
        left = duration((until - now).total_seconds()) if until and now and until > now else ""
        return State("◷", f"{_WAITING[condition]} {left}".rstrip(), Tone.WAIT, status)
    return State(glyph, word, tone, status)
