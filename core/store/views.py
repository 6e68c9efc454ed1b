"""What is, for people and scripts: the board's rows with what follows from them.

The board is written by the process that runs a batch. When that process is dead its last words are still there, so
whatever looks active is shown as Stopped here: nothing is ever stuck "Syncing". A reader that asks only for what
changed (`after_rev`) must read everything once more when `BatchView.runner` comes or goes, or `mailboxes` changes.
"""

import sqlite3
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.mail.outcome import Counts, Outcome
from core.printable import printable
from core.status import ACTIVE, BatchStatus, Condition, MailboxStatus, PassKind
from core.store.altered import altered
from core.store.database import Database
from core.store.dials import differing
from core.store.holder import Holder, holders
from core.store.look import Look
from core.store.names import COUNTS
from core.store.revision import revision
from core.store.times import moment, rfc3339

_ACTIVE_BATCH = frozenset(
    {
        BatchStatus.WAITING,
        BatchStatus.SYNCING,
        BatchStatus.INCREMENTAL_SYNCING,
        BatchStatus.COMPLETING,
        BatchStatus.STOPPING,
    }
)
#: Conditions that stay true when nobody runs the batch.
_LASTING = frozenset({Condition.PAUSED, Condition.QUOTA})
_FAILED = frozenset({MailboxStatus.FAILED, MailboxStatus.INCREMENTAL_FAILED})
_TO_DO = ACTIVE | {MailboxStatus.QUEUED}

# Looked up by word: thousands of rows at a time.
_STATUS = {status.value: status for status in MailboxStatus}
_CONDITION: dict[str | None, Condition | None] = {None: None, **{condition.value: condition for condition in Condition}}
_KIND: dict[str | None, PassKind | None] = {None: None, **{kind.value: kind for kind in PassKind}}


@dataclass(frozen=True, slots=True)
class MailboxView:
    """One mailbox of a batch. `rate` is in bytes a second, `eta` in seconds; None: not known."""

    batch: str
    source: str
    destination: str
    position: int  # in the batch file
    status: MailboxStatus
    condition: Condition | None
    until: datetime | None
    why: str
    error: str | None
    activity: str
    slow: str
    progressed: datetime | None
    rate: float | None
    eta: float | None
    pass_kind: PassKind | None
    pass_started: datetime | None
    pass_new: int
    pass_flags_changed: int
    synced: datetime | None
    counts: Counts
    rev: int


@dataclass(frozen=True, slots=True)
class FolderView:
    """One folder of a mailbox; both paths are printable."""

    source: str
    path: str
    destination_path: str
    note: str
    counts: Counts
    rev: int


@dataclass(frozen=True, slots=True)
class BatchView:
    """One batch, with what its mailboxes add up to."""

    name: str
    path: Path
    added: datetime
    status: BatchStatus
    condition: Condition | None
    until: datetime | None
    why: str
    next_pass: datetime | None
    warning: str
    runner: Holder | None  # None: nobody runs it
    mailboxes: int
    by_status: Mapping[MailboxStatus, int]
    counts: Counts
    rate: float
    eta: float | None  # of what is known to be left; None while a mailbox was never listed
    rev: int
    differs: Sequence[str] = ()  # keys that were changed since its file was read

    @property
    def failed(self) -> int:
        """Mailboxes that failed."""
        return sum(self.by_status.get(status, 0) for status in _FAILED)

    @property
    def rejected(self) -> int:
        """Messages that the destination refused."""
        return self.counts.rejected


def batches(look: Look) -> list[BatchView]:
    """All batches, those known longest first."""
    runners = {name: holder for name, holder in holders(look, "batch").items() if holder.alive}
    sums = _sums(look, runners)
    changed = differing(look)
    return [
        _batch(row, runners.get(row[0]), sums.get(row[0]) or _Sums({}, Counts()), changed.get(row[0], ()))
        for row in look.execute(_BATCHES)
    ]


def mailboxes(
    look: sqlite3.Connection, batch: str, after_rev: int = 0, *, limit: int | None = None
) -> tuple[list[MailboxView], int]:
    """The mailboxes changed after a revision, in the order of the batch file; and the revision to ask from next.

    At most the first `limit` of them.
    """
    holder = holders(look, "batch").get(batch)
    runs = holder is not None and holder.alive
    newest = revision(look)
    rows = look.execute(_MAILBOXES, (batch, after_rev, -1 if limit is None else limit))
    return [_mailbox(row, runs=runs) for row in rows], newest


def folders(look: sqlite3.Connection, batch: str, source: str) -> list[FolderView]:
    """The folders of one mailbox, by path."""
    return [
        FolderView(source, printable(path), destination_path, note, Counts(*counts), rev)
        for path, destination_path, note, rev, *counts in look.execute(_FOLDERS, (batch, source))
    ]


def status_object(database: Database, batch: str | None = None) -> dict[str, Any]:
    """What `status --json` prints (contract, section 6), of one batch or of all."""
    with database.look() as look:
        found = [view for view in batches(look) if batch in {None, view.name}]
        return {
            "batches": [
                {
                    "name": view.name,
                    "status": view.status.value,
                    "condition": view.condition and view.condition.value,
                    "runner": view.runner and _runner_object(view.runner),
                    "mailboxes": [
                        _mailbox_object(mailbox, _altered_objects(look, database.folder, mailbox))
                        for mailbox in mailboxes(look, view.name)[0]
                    ],
                }
                for view in found
            ]
        }


_COUNTS = ", ".join(COUNTS)
_BATCHES = """
    SELECT name, path, added, status, condition, until, why, next_pass, warning, rev FROM batch ORDER BY added, name
"""
_GROUPED = f"""
    SELECT batch, status, count(*), total(rate), count(*) FILTER (WHERE synced IS NULL AND bytes_total = 0),
        {", ".join(f"sum({name})" for name in COUNTS)}
    FROM mailbox GROUP BY batch, status
"""  # noqa: S608 - constants
_MAILBOXES = f"""
    SELECT batch, source, destination, position, status, condition, until, why, error, activity, slow, progressed,
        rate, eta, pass_kind, pass_started, pass_new, pass_flags_changed, synced, rev, {_COUNTS}
    FROM mailbox WHERE batch = ? AND rev > ? ORDER BY position LIMIT ?
"""  # noqa: S608
_FOLDERS = f"""
    SELECT path, destination_path, note, rev, {_COUNTS}
    FROM board_folder WHERE batch = ? AND source = ? ORDER BY path
"""  # noqa: S608


@dataclass(slots=True)
class _Sums:
    """What the mailboxes of one batch add up to."""

    by_status: dict[MailboxStatus, int]
    counts: Counts
    left: int = 0  # bytes to go in mailboxes that are still worked on, or wait for it
    rate: float = 0.0
    unlisted: int = 0  # such mailboxes of which nothing is known yet


def _groups(look: Look) -> Sequence[tuple[Any, ...]]:
    """A row of sums for each batch and status, however many mailboxes there are.

    Kept with the connection until the revision changes: 65 ms for 50,000 mailboxes, several times a second.
    """
    newest = revision(look)
    if look.sums is None or look.sums[0] != newest:
        look.sums = newest, look.execute(_GROUPED).fetchall()
    return look.sums[1]


def _sums(look: Look, runners: Container[str]) -> dict[str, _Sums]:
    """By batch."""
    sums: dict[str, _Sums] = {}
    for batch, word, number, rate, unlisted, *counted in _groups(look):
        of = sums.setdefault(batch, _Sums({}, Counts()))
        runs = batch in runners
        status = _shown(_STATUS[word], runs=runs)
        counts = Counts(*counted)
        of.by_status[status] = of.by_status.get(status, 0) + number
        of.counts += counts
        if runs and status in _TO_DO:
            of.left += counts.bytes_total - counts.bytes_copied
            of.rate += rate
            of.unlisted += unlisted
    return sums


def _shown(status: MailboxStatus, *, runs: bool) -> MailboxStatus:
    return MailboxStatus.STOPPED if status in ACTIVE and not runs else status


def _batch(row: Sequence[Any], runner: Holder | None, sums: _Sums, differs: Sequence[str]) -> BatchView:
    """From the columns of `_BATCHES`."""
    name, path, added, word, condition_word, until, why, next_pass, warning, rev = row
    status = BatchStatus(word)
    condition = _CONDITION[condition_word]
    lasts = runner is not None or condition in _LASTING
    return BatchView(
        name,
        Path(path),
        moment(float(added)),
        BatchStatus.STOPPED if status in _ACTIVE_BATCH and runner is None else status,
        condition if lasts else None,
        moment(until) if lasts else None,
        why if lasts else "",
        moment(next_pass) if runner else None,
        warning,
        runner,
        sum(sums.by_status.values()),
        sums.by_status,
        sums.counts,
        sums.rate,
        sums.left / sums.rate if sums.rate and not sums.unlisted else None,
        rev,
        tuple(differs),
    )


def _mailbox(row: Sequence[Any], *, runs: bool) -> MailboxView:
    """From the columns of `_MAILBOXES`."""
    batch, source, destination, position, word, condition_word, until, why, error, activity, slow, progressed = row[:12]
    rate, eta, kind, started, new, flags_changed, synced, rev, *counts = row[12:]
    condition = _CONDITION[condition_word]
    lasts = runs or condition in _LASTING
    return MailboxView(
        batch,
        source,
        destination,
        position,
        _shown(_STATUS[word], runs=runs),
        condition if lasts else None,
        moment(until) if lasts else None,
        why if lasts else "",
        error,
        activity if runs else "",
        slow if runs else "",
        moment(progressed),
        rate if runs else None,
        eta if runs else None,
        _KIND[kind],
        moment(started),
        new,
        flags_changed,
        moment(synced),
        Counts(*counts),
        rev,
    )


def _runner_object(runner: Holder) -> dict[str, Any]:
    return {
        "host": runner.host,
        "pid": runner.pid,
        "since": rfc3339(runner.since),
        "heartbeat": rfc3339(runner.heartbeat),
    }


def _altered_objects(look: Look, state: Path, view: MailboxView) -> list[dict[str, Any]]:
    if not view.counts.repaired + view.counts.wrapped:
        return []
    return [
        {
            "folder": one.folder,
            "uid": one.uid,
            "form": one.alteration.form.value,
            "changes": one.alteration.changes,
            "refused": one.alteration.refused,
            "original": one.original and str(one.original),
        }
        for one in altered(look, state, view.batch, view.source)
    ]


def _mailbox_object(view: MailboxView, altered_messages: list[dict[str, Any]]) -> dict[str, Any]:
    counts = view.counts
    return {
        "source": view.source,
        "destination": view.destination,
        "status": view.status.value,
        "condition": view.condition and view.condition.value,
        "until": rfc3339(view.until),
        "why": view.why,
        "messages": {
            "total": counts.total,
            **{outcome.value: getattr(counts, outcome.value) for outcome in Outcome},
            "source_gone": counts.source_gone,
        },
        "altered": {"repaired": counts.repaired, "wrapped": counts.wrapped, "messages": altered_messages},
        "bytes": {"total": counts.bytes_total, "copied": counts.bytes_copied},
        "rate": None if view.rate is None else round(view.rate),
        "eta": None if view.eta is None else round(view.eta),
        "pass": {
            "kind": view.pass_kind and view.pass_kind.value,
            "started": rfc3339(view.pass_started),
            "new": view.pass_new,
            "flags_changed": view.pass_flags_changed,
        },
        "error": view.error,
    }
