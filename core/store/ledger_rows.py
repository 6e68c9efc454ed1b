"""The rows of the ledger, as they go in and as they come out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, TypeVar

from sqlalchemy import select

from core.mail.flags import Flags
from core.mail.form import Alteration, Form
from core.mail.outcome import Outcome
from core.store import schema
from core.store.times import moment

T = TypeVar("T")

_MESSAGE = schema.message
OUTCOMES = {outcome.value: outcome for outcome in Outcome}
#: Rows per query, so that neither a statement nor a result grows with the mailbox.
WINDOW = 500


class Gone(IntEnum):
    """Whether a message is still where it was at the source."""

    NO = 0
    JUST = 1  # since the last whole pass: its bytes may turn up elsewhere in this one
    LONG = 2
    PASSED_ON = 3  # it turned up elsewhere, and its copy belongs to that row now


@dataclass(frozen=True, slots=True)
class Listed:
    """A message as the source listed it, and what the rules say of it."""

    uid: int
    size: int
    received: datetime | None
    flags: Flags  # as seen; becomes "as last carried" once it is copied
    outcome: Outcome = Outcome.PENDING
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A message that was at the destination when it left its place at the source.

    `token` is the source key that its item carries, `alteration` how that item differs from the source.
    """

    folder: int
    uid: int
    item: str | None
    token: str
    received: datetime | None
    flags: Flags
    destination_ref: str
    destination_path: str
    alteration: Alteration | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """A message about to be sent: where the destination folder ended before, and how to know the message again.

    With `takes` it is not sent: the copy of a row that left its place is about to be moved there.

    `exact` is of the bytes at the source, `folded` of those that are sent; with an `alteration` these are others.
    """

    uid: int
    mark: str
    exact: bytes
    folded: bytes
    takes: Left | None = None
    alteration: Alteration | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How a message ended. `size` and `exact` are of the bytes that were fetched, None where none were."""

    uid: int
    outcome: Outcome
    item: str | None = None
    reason: str | None = None
    exact: bytes | None = None
    size: int | None = None
    flags: Flags | None = None  # None: those it was listed with
    took: Left | None = None  # a row that left its place, whose copy is this one's now
    alteration: Alteration | None = None  # how it is at the destination, where that is not as it came


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger."""

    uid: int
    outcome: Outcome
    size: int
    received: datetime | None
    flags: Flags
    item: str | None
    reason: str | None
    exact: bytes | None
    mark: str | None
    folded: bytes | None
    ended: datetime | None
    takes: tuple[int, int] | None  # folder and UID of the row whose copy it is to become, while that is in doubt
    gone: bool  # from its place at the source
    alteration: Alteration | None  # the form in which it was sent last


#: The columns of an entry, to be taken apart by `entry_of`.
ENTRY = select(
    *(_MESSAGE.c[name] for name in ("uid", "outcome", "size", "received", "flags", "item", "reason", "exact", "mark")),
    *(_MESSAGE.c[name] for name in ("folded", "ended", "gone", "took_folder", "took_uid")),
    *(_MESSAGE.c[name] for name in ("form", "changes", "refused")),
)


def entry_of(row: Sequence[Any]) -> Entry:
    """A row of `ENTRY`."""
    uid, outcome, size, received, flags, item, reason, exact, mark, folded, ended, gone, folder, taken, *form = row
    return Entry(
        uid,
        OUTCOMES[outcome],
        size,
        moment(received),
        Flags.parse(flags),
        item,
        reason,
        exact,
        mark,
        folded,
        moment(ended),
        None if folder is None else (folder, taken),
        gone != Gone.NO,
        alteration_of(*form),
    )


def alteration_of(form: str | None, changes: str, refused: str) -> Alteration | None:
    """How a message was altered, by those three columns of the message table."""
    return None if form is None else Alteration(Form(form), changes, refused)


def altered(alteration: Alteration | None) -> dict[str, str | None]:
    """The columns of the message table that hold an alteration."""
    if alteration is None:
        return {"form": None, "changes": None, "refused": None}
    return {"form": alteration.form.value, "changes": alteration.changes, "refused": alteration.refused}


def windows(rows: Sequence[T], size: int = WINDOW) -> Iterator[Sequence[T]]:
    """`rows` in slices of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
