"""What the keys for start, pause, resume and stop are meant for, and why they would do nothing to it just now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.status import ACTIVE, Condition, MailboxStatus
from core.store.views import BatchView, MailboxView
from tui.runner import runner_name
from tui.state import RESTING

#: Actions, by their ids in `tui.keys`.
START, PAUSE, RESUME, STOP = "run.start", "run.pause", "run.resume", "run.stop"
STEERING = (START, PAUSE, RESUME, STOP)
AGAIN, RETRY, FIRST, LIMITS = "run.again", "run.retry", "run.first", "run.limits"
LEFT_OUT = "run.left_out"
NEW, EDIT = "batch.new", "batch.edit"
#: Those that change what runs; all but looking.
CHANGES = (*STEERING, AGAIN, RETRY, FIRST, LIMITS, NEW, EDIT)
ACTIONS = (*CHANGES, LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Target:
    """A batch, or some mailboxes of it."""

    batch: BatchView
    mailboxes: tuple[MailboxView, ...] = ()  # empty: the batch as a whole

    @property
    def name(self) -> str:
        """How to call it."""
        if not self.mailboxes:
            return self.batch.name
        one = len(self.mailboxes) == 1
        return self.mailboxes[0].source if one else f"{len(self.mailboxes)} mailboxes of {self.batch.name}"

    @property
    def sources(self) -> tuple[str, ...]:
        """The mailboxes' source logins; empty for the batch as a whole."""
        return tuple(mailbox.source for mailbox in self.mailboxes)

    @property
    def runs(self) -> bool:
        """Whether any process runs the batch."""
        return self.batch.runner is not None

    def parts(self) -> "list[Target]":
        """Each mailbox for itself; the batch as a whole is one part."""
        return [replace(self, mailboxes=(mailbox,)) for mailbox in self.mailboxes] or [self]

    def useful(self, action: str) -> "Target":
        """Only the mailboxes that the action does something to."""
        kept = [mailbox for part in self.parts() if action not in reasons(part) for mailbox in part.mailboxes]
        return replace(self, mailboxes=tuple(kept))


def reasons(target: Target | None, start: str = "s") -> Mapping[str, str]:
    """Why an action would do nothing now, by action; those that do something are not in it.

    An action on several mailboxes is of use when it does something to one of them. `start` is the key for that.
    """
    if target is None:
        return dict.fromkeys((action for action in ACTIONS if action != NEW), "There is nothing here to act on.")
    found = [_reasons(part, start) for part in target.parts()]
    return {action: why for action, why in found[0].items() if all(action in other for other in found)}


def _reasons(part: Target, start: str) -> Mapping[str, str]:
    return {**_of_more(part, start), **_of_steering(part, start)}


def _of_more(part: Target, start: str) -> Mapping[str, str]:
    batch, mailbox = part.batch, part.mailboxes[0] if part.mailboxes else None
    none: dict[str, str] = {}
    if not part.runs:
        none[AGAIN] = f"Nobody runs {part.name}: {start} starts it"
    else:
        none[EDIT] = f"{batch.name} is being run, from the file as it was; stop it to edit that"
    if not (mailbox or batch).counts.rejected:
        none[RETRY] = f"Nothing of {part.name} was refused"
    if mailbox is None:
        none[FIRST] = f"Choose mailboxes of {batch.name} to put first"
        none[LEFT_OUT] = f"Choose a mailbox of {batch.name} to see what was not copied"
    elif not (mailbox.counts.rejected or mailbox.counts.skipped or mailbox.counts.vanished):
        none[LEFT_OUT] = f"Nothing of {part.name} was refused, left out or gone"
    return none


def _of_steering(part: Target, start: str) -> Mapping[str, str]:
    batch, mailbox = part.batch, part.mailboxes[0] if part.mailboxes else None
    held = mailbox is not None and mailbox.status is MailboxStatus.STOPPED
    if batch.runner is None:
        why = f"Nobody runs {part.name}: {start} starts it"
        return dict.fromkeys((PAUSE, STOP) if held else (PAUSE, RESUME, STOP), why)
    paused = Condition.PAUSED in {batch.condition, mailbox and mailbox.condition}
    none: dict[str, str] = {}
    if paused:
        none[PAUSE] = f"{part.name} is paused already"
    elif not held:
        none[RESUME] = f"{part.name} is not paused"
    if mailbox is None:
        if not paused:
            none[START] = f"{batch.name} runs already: {runner_name(batch.runner)}"
    elif mailbox.status in RESTING:
        done = f"{mailbox.source} is done in this run of {batch.name}"
        none[START] = done
        if batch.next_pass is None:  # what goes on later can be held before that
            none[PAUSE] = none[STOP] = done
    elif mailbox.status in ACTIVE and not paused:
        none[START] = f"{mailbox.source} is being moved already"
    return none
