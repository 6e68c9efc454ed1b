"""The ledger: what has been done for one pair, one row per source key.

The order of writes is the whole safety of a migration:

1. `listed`: the message is known, its outcome is pending or skipped.
2. `commit` with an `Intent`: durable before its first byte leaves. From here on it is in doubt until 3.
3. `commit` with a `Result`: what became of it. Results and the next intents go in one transaction.

A crash between 2 and 3 leaves an open intent; the next pass looks it up at the destination before anything is sent
again. A crash anywhere else costs work that is done again, never a message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select, update
from sqlalchemy.dialects.sqlite import insert

from core.mail.flags import Flags
from core.mail.key import PairId
from core.mail.outcome import Counts, Outcome
from core.store import schema
from core.store.database import Database
from core.store.ledger_folder import LedgerFolder, LedgerFolders
from core.store.ledger_rows import Entry, Intent, Left, Listed, Result, entry_of, windows
from core.store.pair import Fence, pair_id
from core.store.times import seconds

_MESSAGE = schema.message
_THERE = frozenset({Outcome.COPIED, Outcome.ALREADY_THERE})


@dataclass(frozen=True, slots=True)
class _Change:
    """How one row's outcome and size changed."""

    old: Outcome
    old_size: int
    new: Outcome
    new_size: int
    gone: bool


class Ledger:
    """The ledger of one pair, for one holder of its lease. Every write may raise FencedError.

    `counts` is kept beside the rows: loaded once, changed with each write that became durable. One thread writes.
    """

    def __init__(self, database: Database, pair: PairId, epoch: int) -> None:
        self.pair = pair
        self._database = database
        self._pair_id = pair_id(database, pair)
        self._fence = Fence(database, self._pair_id, epoch)
        self.folders = LedgerFolders(database, self._fence)
        self._counts = self._load_counts()

    # --- what is known -----------------------------------------------------------------------------------------

    def counts(self, folder: LedgerFolder) -> Counts:
        """The folder's messages per outcome; changes with every write, so copy what must stay."""
        return self._counts.setdefault(folder.id, Counts())

    def total(self) -> Counts:
        """Messages per outcome over all folders that ever were, those with an older UIDVALIDITY too."""
        return sum(self._counts.values(), Counts())

    def first_pass(self) -> bool:
        """Whether no pass over this pair ended well yet."""
        query = select(schema.pair.c.adopted).where(schema.pair.c.id == self._pair_id)
        with self._database.reading() as connection:
            return not connection.execute(query).scalar_one()

    def uids(self, folder: LedgerFolder) -> set[int]:
        """Every UID with a row whose message was at the source when it was last looked for."""
        query = select(_MESSAGE.c.uid).where(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.gone == 0)
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def pending(self, folder: LedgerFolder) -> list[int]:
        """UIDs still to be sent and not in doubt, newest first."""
        query = (
            select(_MESSAGE.c.uid)
            .where(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.outcome == Outcome.PENDING.value)
            .where(_MESSAGE.c.mark.is_(None))
            .order_by(_MESSAGE.c.received.desc().nulls_last(), _MESSAGE.c.uid.desc())
        )
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def intents(self, folder: LedgerFolder) -> list[Entry]:
        """Messages in doubt: an intent without a result."""
        return self._entries(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.mark.is_not(None))

    def rejected(self, folder: LedgerFolder) -> list[Entry]:
        """Messages that the destination refused."""
        return self._entries(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.outcome == Outcome.REJECTED.value)

    def skipped(self, folder: LedgerFolder) -> list[int]:
        """UIDs that a rule of ours left out, at the source still."""
        query = select(_MESSAGE.c.uid).where(
            _MESSAGE.c.folder_id == folder.id, _MESSAGE.c.outcome == Outcome.SKIPPED.value, _MESSAGE.c.gone == 0
        )
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def entries(self, folder: LedgerFolder, uids: Sequence[int]) -> dict[int, Entry]:
        """The rows of at most `WINDOW` UIDs."""
        found = self._entries(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.uid.in_(uids))
        return {entry.uid: entry for entry in found}

    def claimed(self, destination_ref: str) -> frozenset[str]:
        """Every item of a destination folder that belongs to a row."""
        query = (
            select(_MESSAGE.c.item)
            .join(schema.folder, schema.folder.c.id == _MESSAGE.c.folder_id)
            .where(schema.folder.c.pair_id == self._pair_id, schema.folder.c.destination_ref == destination_ref)
            .where(_MESSAGE.c.item.is_not(None))
        )
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def left(self) -> list[Left]:
        """Messages that left their place since the last whole pass, and of which we know the bytes."""
        query = (
            select(_MESSAGE, schema.folder.c.destination_ref, schema.folder.c.destination_path)
            .join(schema.folder, schema.folder.c.id == _MESSAGE.c.folder_id)
            .where(schema.folder.c.pair_id == self._pair_id, _MESSAGE.c.gone == 1, _MESSAGE.c.exact.is_not(None))
            .where(_MESSAGE.c.outcome.in_([outcome.value for outcome in _THERE]))
        )
        with self._database.reading() as connection:
            return [
                Left(
                    row.folder_id,
                    row.uid,
                    row.item,
                    row.exact,
                    Flags.parse(row.flags),
                    row.destination_ref,
                    row.destination_path,
                )
                for row in connection.execute(query)
            ]

    # --- what happens ------------------------------------------------------------------------------------------

    def listed(self, folder: LedgerFolder, messages: Sequence[Listed], listed_to: int) -> None:
        """Note messages seen at the source; every UID up to `listed_to` now has its row. Known rows stay."""
        rows = [
            {
                "folder_id": folder.id,
                "uid": message.uid,
                "outcome": message.outcome.value,
                "reason": message.reason,
                "size": message.size,
                "received": seconds(message.received),
                "flags": str(message.flags),
            }
            for message in messages
        ]

        def work(connection: Connection) -> set[int]:
            known = connection.execute(
                select(_MESSAGE.c.uid).where(
                    _MESSAGE.c.folder_id == folder.id, _MESSAGE.c.uid.in_([message.uid for message in messages])
                )
            )
            already = set(known.scalars())
            fresh = [row for row in rows if row["uid"] not in already]
            if fresh:
                connection.execute(insert(_MESSAGE), fresh)
            connection.execute(
                update(schema.folder)
                .where(schema.folder.c.id == folder.id, schema.folder.c.listed_to < listed_to)
                .values(listed_to=listed_to)
            )
            return already

        already = self._fence.write(work)
        counts = self.counts(folder)
        for message in messages:
            if message.uid not in already:
                counts.add(message.outcome, 1, message.size)

    def commit(self, folder: LedgerFolder, results: Sequence[Result] = (), intents: Sequence[Intent] = ()) -> None:
        """Make results and the next intents durable, in one transaction."""
        if not results and not intents:
            return

        def work(connection: Connection) -> list[_Change]:
            changes = []
            before = self._before(connection, folder, results)
            for result in results:
                old, size, gone = before[result.uid]
                new_size = size if result.size is None else result.size
                changes.append(_Change(old, size, result.outcome, new_size, gone=gone))
                values: dict[str, Any] = {
                    "outcome": result.outcome.value,
                    "item": result.item,
                    "reason": result.reason,
                    "size": new_size,
                    "mark": None,
                    "folded": None,
                    "ended": None,
                }
                if result.exact is not None:
                    values["exact"] = result.exact
                if result.flags is not None:
                    values["flags"] = str(result.flags)
                connection.execute(_row(folder, result.uid).values(**values))
            if intents:
                connection.execute(
                    update(_MESSAGE)
                    .where(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.uid == bindparam("of"))
                    .values(
                        mark=bindparam("at"),
                        exact=bindparam("bytes_hash"),
                        folded=bindparam("folded_hash"),
                        ended=None,
                    ),
                    [{"of": i.uid, "at": i.mark, "bytes_hash": i.exact, "folded_hash": i.folded} for i in intents],
                )
            return changes

        self._count(folder, self._fence.write(work))

    def ended(self, folder: LedgerFolder, uids: Sequence[int], at: datetime) -> None:
        """The connection that carried these ended at `at`; what it carried may take effect for a while yet."""
        self._set(folder, uids, ended=seconds(at))

    def withdraw(self, folder: LedgerFolder, uids: Sequence[int]) -> None:
        """These were not stored, for sure: they are pending again."""
        self._set(folder, uids, mark=None, folded=None, ended=None)

    def carried(self, folder: LedgerFolder, flags: Sequence[tuple[int, Flags]]) -> None:
        """Note flags as last carried, or as last seen where nothing was carried yet."""
        if not flags:
            return

        def work(connection: Connection) -> None:
            connection.execute(
                update(_MESSAGE)
                .where(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.uid == bindparam("of"))
                .values(flags=bindparam("shown")),
                [{"of": uid, "shown": str(shown)} for uid, shown in flags],
            )

        self._fence.write(work)

    def judged(self, folder: LedgerFolder, judgements: Sequence[tuple[int, Outcome, str | None]]) -> None:
        """A rule speaks anew of messages that are pending, skipped or rejected; their item and bytes stay unknown."""
        if not judgements:
            return
        self.commit(folder, [Result(uid, outcome, reason=reason) for uid, outcome, reason in judgements])

    def gone(self, folder: LedgerFolder, uids: Sequence[int]) -> None:
        """These left their place at the source. What was still to be copied has vanished; the rest stays what it is."""
        for window in windows(uids):
            entries = self.entries(folder, window)
            lost = [
                Result(uid, Outcome.VANISHED, reason="gone at the source before it was copied")
                for uid, entry in entries.items()
                if entry.outcome in {Outcome.PENDING, Outcome.SKIPPED} and entry.mark is None
            ]
            self.commit(folder, lost)
            self._set(folder, window, gone=1)
            self.counts(folder).source_gone += sum(entry.outcome in _THERE for entry in entries.values())

    def released(self, left: Left) -> None:
        """A message that left its place turned up elsewhere, and its item with it: the old row claims it no more."""

        def work(connection: Connection) -> None:
            connection.execute(
                update(_MESSAGE)
                .where(_MESSAGE.c.folder_id == left.folder, _MESSAGE.c.uid == left.uid)
                .values(item=None, gone=2)
            )

        self._fence.write(work)

    def retired(self, folder: LedgerFolder) -> None:
        """The folder is no longer at the source, or is another one under the same path: all its messages left."""
        self.gone(folder, sorted(self.uids(folder)))

        def work(connection: Connection) -> None:
            connection.execute(update(schema.folder).where(schema.folder.c.id == folder.id).values(current=False))

        self._fence.write(work)

    def skip_oldest(self, keep: int, reason: str) -> int:
        """Of all pending messages of the pair keep the `keep` newest, skip the rest; returns how many."""
        ranked = (
            select(
                _MESSAGE.c.folder_id,
                _MESSAGE.c.uid,
                func.row_number()
                .over(order_by=(_MESSAGE.c.received.desc().nulls_last(), _MESSAGE.c.uid.desc()))
                .label("rank"),
            )
            .join(schema.folder, schema.folder.c.id == _MESSAGE.c.folder_id)
            .where(schema.folder.c.pair_id == self._pair_id, _MESSAGE.c.outcome == Outcome.PENDING.value)
            .subquery()
        )
        with self._database.reading() as connection:
            beyond: dict[int, list[int]] = {}
            for row in connection.execute(select(ranked).where(ranked.c.rank > keep)):
                beyond.setdefault(row.folder_id, []).append(row.uid)
        for folder in self.folders.current():
            for window in windows(beyond.get(folder.id, [])):
                self.judged(folder, [(uid, Outcome.SKIPPED, reason) for uid in window])
        return sum(map(len, beyond.values()))

    def finish_pass(self) -> None:
        """A whole pass ended well: what left its place and did not turn up again is gone for good."""

        def work(connection: Connection) -> None:
            ours = select(schema.folder.c.id).where(schema.folder.c.pair_id == self._pair_id)
            connection.execute(
                update(_MESSAGE).where(_MESSAGE.c.folder_id.in_(ours), _MESSAGE.c.gone == 1).values(gone=2)
            )
            connection.execute(update(schema.pair).where(schema.pair.c.id == self._pair_id).values(adopted=True))

        self._fence.write(work)

    # --- inside ------------------------------------------------------------------------------------------------

    def _entries(self, *where: Any) -> list[Entry]:
        with self._database.reading() as connection:
            return [entry_of(row) for row in connection.execute(select(_MESSAGE).where(*where))]

    @staticmethod
    def _before(
        connection: Connection, folder: LedgerFolder, results: Sequence[Result]
    ) -> dict[int, tuple[Outcome, int, bool]]:
        found = {}
        for window in windows([result.uid for result in results]):
            query = select(_MESSAGE.c.uid, _MESSAGE.c.outcome, _MESSAGE.c.size, _MESSAGE.c.gone).where(
                _MESSAGE.c.folder_id == folder.id, _MESSAGE.c.uid.in_(window)
            )
            for row in connection.execute(query):
                found[row.uid] = (Outcome(row.outcome), row.size, row.gone > 0)
        return found

    def _count(self, folder: LedgerFolder, changes: Sequence[_Change]) -> None:
        counts = self.counts(folder)
        for change in changes:
            counts.add(change.old, -1, -change.old_size)
            counts.add(change.new, 1, change.new_size)
            # What was in doubt when it left its place turned out to be there.
            counts.source_gone += change.gone and change.new in _THERE and change.old not in _THERE

    def _set(self, folder: LedgerFolder, uids: Sequence[int], **values: Any) -> None:
        def work(connection: Connection) -> None:
            for window in windows(uids):
                connection.execute(
                    update(_MESSAGE)
                    .where(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.uid.in_(window))
                    .values(**values)
                )

        if uids:
            self._fence.write(work)

    def _load_counts(self) -> dict[int, Counts]:
        query = (
            select(
                _MESSAGE.c.folder_id,
                _MESSAGE.c.outcome,
                func.count().label("messages"),
                func.sum(_MESSAGE.c.size).label("bytes"),
                func.sum(case((_MESSAGE.c.gone > 0, 1), else_=0)).label("gone"),
            )
            .join(schema.folder, schema.folder.c.id == _MESSAGE.c.folder_id)
            .where(schema.folder.c.pair_id == self._pair_id)
            .group_by(_MESSAGE.c.folder_id, _MESSAGE.c.outcome)
        )
        loaded: dict[int, Counts] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                counts = loaded.setdefault(row.folder_id, Counts())
                outcome = Outcome(row.outcome)
                counts.add(outcome, row.messages, row.bytes)
                if outcome in _THERE:
                    counts.source_gone += row.gone
        return loaded


def _row(folder: LedgerFolder, uid: int) -> Any:
    return update(_MESSAGE).where(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.uid == uid)
