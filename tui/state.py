"""What a status and its condition look like: a glyph, a word and a tone. The glyphs are one cell wide everywhere."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from core.status import BatchStatus, Condition, MailboxStatus
from core.store.views import MailboxView
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

#: Seconds without a message moved after which a mailbox counts as stalled.
STALLED = 120.0

#: Conditions that no user has asked for.
TROUBLES = frozenset(Condition) - {Condition.PAUSED, Condition.WAITING_FOR_HOURS}

_FAILED = frozenset({MailboxStatus.FAILED, MailboxStatus.INCREMENTAL_FAILED})
_MOVING = frozenset({MailboxStatus.SYNCING, MailboxStatus.INCREMENTAL_SYNCING, MailboxStatus.COMPLETING})

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


def mailbox_state(view: MailboxView, now: datetime) -> State:
    """The state of a mailbox; of one that moved mail in this pass and does no longer, for how long."""
    quiet = _quiet(view, now)
    if quiet >= STALLED:
        return State("◷", f"stalled {duration(quiet)}", Tone.WAIT, view.status)
    return state_of(view.status, view.condition, view.until, now)


def _quiet(view: MailboxView, now: datetime) -> float:
    """Seconds since a message was moved, while more should be."""
    if view.status not in _MOVING or view.condition is not None or view.progressed is None:
        return 0.0
    if view.pass_started is not None and view.progressed < view.pass_started:
        return 0.0  # nothing was moved yet: it is listing
    return (now - view.progressed).total_seconds()


def is_problem(view: MailboxView, now: datetime) -> bool:
    """Whether a mailbox failed, waits for something other than a user, or is stalled."""
    return view.status in _FAILED or view.condition in TROUBLES or _quiet(view, now) >= STALLED


def urgency(view: MailboxView) -> int:
    """What mailboxes are ordered by when ordered by state: what needs somebody first, what is done last."""
    if view.status in _FAILED:
        return 0
    tone = state_of(view.status, view.condition).tone
    return _URGENCY.index(tone)


_URGENCY = (Tone.BAD, Tone.WARN, Tone.WAIT, Tone.HELD, Tone.ACTIVE, Tone.DIM, Tone.GOOD)


@cache
def status_words(status: BatchStatus | MailboxStatus, condition: Condition | None) -> str:
    """All words for a status and a condition, for filters: ours, Microsoft's, the contract's."""
    words = [state_of(status).word, status.value, *(["active"] if status in _MOVING else [])]
    if condition is not None:
        words += [state_of(status, condition).word, condition.value]
    return " ".join(dict.fromkeys(words))
