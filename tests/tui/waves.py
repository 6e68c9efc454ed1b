"""The sample's second wave as it stands at other times: held up, failed, done, paused."""

from collections.abc import Sequence
from dataclasses import replace

from core.event import EventKind, Level
from core.status import ACTIVE, BatchStatus, Condition, MailboxStatus
from tests.pictures.sample import RUNNING, SALES, Person, Wave

_BUSY = "destination asked to wait: ErrorServerBusy, BackOffMilliseconds 60000"
_NO_LINK = "source imap.old.example:993: nothing answers at this host and port"
_REFUSED = "destination refused the sign-in: HTTP 401; see username and password in [destination]"
_AT_WORK = tuple(person for person in SALES if person.status in ACTIVE)


def _held(condition: Condition, wait: int, why: str) -> Sequence[Person]:
    """Everybody at work waits for the same."""
    held = {person.name: replace(person, condition=condition, wait=wait, why=why, rate=None) for person in _AT_WORK}
    return [held.get(person.name, person) for person in SALES]


def _all(status: MailboxStatus, condition: Condition | None = None, **changes: object) -> Sequence[Person]:
    """Everybody ends alike."""
    usual = {"status": status, "condition": condition, "wait": None, "why": "", "error": None, "rate": None}
    return [replace(person, **{**usual, **changes}) for person in SALES]  # type: ignore[arg-type]


def _done(person: Person, rejected: int = 0) -> Person:
    messages, size = person.messages or 6_120, person.size or 870 * 1024 * 1024
    return Person(person.name, messages, size, 1.0, MailboxStatus.SYNCED, rejected=rejected)


_THROTTLED = EventKind.MAILBOX_THROTTLED
WAVES = {
    "running": RUNNING,
    "throttled": Wave(
        _held(Condition.THROTTLED, 42, _BUSY),
        BatchStatus.SYNCING,
        Condition.THROTTLED,
        42,
        _BUSY,
        ago=(
            *((18, Level.WARNING, _THROTTLED, person.name, f"{_BUSY}; next try in 1 minute") for person in _AT_WORK),
            (18, Level.WARNING, EventKind.BATCH_WAITING, "", _BUSY),
        ),
    ),
    "no-link": Wave(
        _held(Condition.WAITING_FOR_LINK, 12, _NO_LINK),
        BatchStatus.SYNCING,
        Condition.WAITING_FOR_LINK,
        12,
        _NO_LINK,
        ago=(
            *(
                (
                    8,
                    Level.WARNING,
                    EventKind.MAILBOX_WAITING_FOR_LINK,
                    person.name,
                    f"{_NO_LINK}; next try in 20 seconds",
                )
                for person in _AT_WORK
            ),
            (8, Level.WARNING, EventKind.BATCH_WAITING, "", _NO_LINK),
        ),
    ),
    "paused": Wave(
        [
            replace(person, status=MailboxStatus.STOPPED, condition=Condition.PAUSED, wait=None, why="", rate=None)
            if person.status in ACTIVE
            else person
            for person in SALES
        ],
        BatchStatus.STOPPED,
        Condition.PAUSED,
        ago=(
            *((21, Level.INFO, EventKind.MAILBOX_PAUSED, person.name, "paused") for person in _AT_WORK),
            (21, Level.INFO, EventKind.BATCH_PAUSED, "", "paused"),
        ),
    ),
    "failed": Wave(
        _all(MailboxStatus.FAILED, share=0.0, error=_REFUSED, rejected=0),
        BatchStatus.FAILED,
        runs=False,
        ago=(
            *((33, Level.ERROR, EventKind.MAILBOX_FAILED, person.name, _REFUSED) for person in SALES),
            (33, Level.INFO, EventKind.BATCH_FINISHED, "", "Failed"),
        ),
    ),
    "done": Wave(
        [_done(person) for person in SALES],
        BatchStatus.SYNCED,
        runs=False,
        ago=(
            *(
                (
                    720,
                    Level.INFO,
                    EventKind.MAILBOX_FINISHED,
                    person.name,
                    "initial pass done: all copied, nothing rejected",
                )
                for person in SALES
            ),
            (720, Level.INFO, EventKind.BATCH_FINISHED, "", "Synced"),
        ),
    ),
    "done-with-errors": Wave(
        [person if person.status is MailboxStatus.FAILED else _done(person, person.rejected) for person in SALES],
        BatchStatus.SYNCED_WITH_ERRORS,
        runs=False,
        ago=((720, Level.INFO, EventKind.BATCH_FINISHED, "", "SyncedwithErrors"),),
    ),
}
