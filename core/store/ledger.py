"""The ledger: what has been done for one pair, one row per source key.

The order of writes is the whole safety of a migration:

1. `listed`: the message is known, its outcome is pending or skipped.
2. `commit` with an `Intent`: durable before its first byte leaves. From here on it is in doubt until 3.
3. `commit` with a `Result`: what became of it. Results and the next intents go in one transaction.

A crash between 2 and 3 leaves an open intent; the next pass looks it up at the destination before anything is sent
again. A crash anywhere else costs work that is done again, never a message.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Integer, LargeBinary, Text, bindparam, func, select, text, update

from core.mail.flags import Flags
from core.mail.folder import FolderPath
from core.mail.form import Alteration
from core.mail.key import PairId
from core.mail.outcome import Counts, Outcome
from core.store import schema
from core.store.database import Database
from core.store.ledger_counts import STANDING, THERE, LedgerCounts, Standing, standing_of
from core.store.ledger_folder import LedgerFolder, LedgerFolders
from core.store.ledger_left import LedgerLeft
from core.store.ledger_listed import write_listed
from core.store.ledger_rows import ENTRY, Entry, Gone, Intent, Listed, Result, altered, entry_of, windows
from core.store.many import Many
from core.store.pair import Fence, pair_id
from core.store.times import seconds

_MESSAGE = schema.message
_NO_INTENT: dict[str, Any] = dict.fromkeys(("mark", "folded", "ended", "took_folder", "took_uid"))
_ALTERED: dict[str, Any] = {name: bindparam(f"as_{name}") for name in altered(None)}
_RESULT = Many(
    update(_MESSAGE)
    .where(_MESSAGE.c.folder_id == bindparam("of_folder"), _MESSAGE.c.uid == bindparam("of"))
    .values(
        outcome=bindparam("ended_as"),
        item=bindparam("as_item"),
        carries=bindparam("token"),
        reason=bindparam("because"),
        size=func.coalesce(bindparam("bytes_size", type_=Integer), _MESSAGE.c.size),
        exact=func.coalesce(bindparam("bytes_hash", type_=LargeBinary), _MESSAGE.c.exact),
        flags=func.coalesce(bindparam("shown", type_=Text), _MESSAGE.c.flags),
        **_NO_INTENT,
        **_ALTERED,
    )
)
_PASSED_ON = Many(
    update(_MESSAGE)
    .where(_MESSAGE.c.folder_id == bindparam("of_folder"), _MESSAGE.c.uid == bindparam("of"))
    .values(item=None, gone=Gone.PASSED_ON)
)
_INTENT = Many(
    update(_MESSAGE)
    .where(_MESSAGE.c.folder_id == bindparam("of_folder"), _MESSAGE.c.uid == bindparam("of"))
    .values(
        mark=bindparam("at"),
        exact=bindparam("bytes_hash"),
        folded=bindparam("folded_hash"),
        ended=None,
        took_folder=bindparam("from_folder"),
        took_uid=bindparam("from_uid"),
        **_ALTERED,
    )
)
_STANDING = select(_MESSAGE.c.uid, *STANDING).where(
    _MESSAGE.c.folder_id == bindparam("of_folder"), _MESSAGE.c.uid.in_(bindparam("these", expanding=True))
)


class Ledger:
    """The ledger of one pair, for one holder of its lease. Every write may raise FencedError.

    `counts` is kept beside the rows: loaded once, changed with each write that became durable. One thread writes. What
    it says there is none of is not looked for.
    """

    def __init__(self, database: Database, pair: PairId, epoch: int) -> None:
        self.pair = pair
        self._database = database
        self._pair_id = pair_id(database, pair)
        self._fence = Fence(database, self._pair_id, epoch)
        self.folders = LedgerFolders(database, self._fence)
        self.left = LedgerLeft(database, pair, self._pair_id)
        self._counts = LedgerCounts(database, self._pair_id)

    def check(self) -> None:
        """Raise FencedError where another process has taken the pair over; cheap, for what cannot be undone."""
        self._fence.check()

    # --- what is known -----------------------------------------------------------------------------------------

    def counts(self, folder: LedgerFolder) -> Counts:
        """The folder's messages per outcome; changes with every write, so copy what must stay."""
        return self._counts.of(folder.id)

    def under(self, path: FolderPath) -> Counts:
        """Messages per outcome under a source path, those of folders that were there before, too; a copy."""
        return sum((self._counts.of(folder) for folder in self.folders.under(path)), Counts())

    def total(self) -> Counts:
        """Messages per outcome over all folders that ever were, those with an older UIDVALIDITY too."""
        return self._counts.total()

    def first_pass(self) -> bool:
        """Whether no pass over this pair ended well yet."""
        query = select(schema.pair.c.adopted).where(schema.pair.c.id == self._pair_id)
        with self._database.reading() as connection:
            return not connection.execute(query).scalar_one()

    def begun(self) -> bool:
        """Whether any message was sent, or found to be at the destination already."""
        there = [outcome.value for outcome in THERE]
        query = (
            select(_MESSAGE.c.uid)
            .join(schema.folder, schema.folder.c.id == _MESSAGE.c.folder_id)
            .where(schema.folder.c.pair_id == self._pair_id)
            .where(_MESSAGE.c.exact.is_not(None) | _MESSAGE.c.outcome.in_(there))
        )
        with self._database.reading() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def uids(self, folder: LedgerFolder) -> set[int]:
        """Every UID with a row whose message was at the source when it was last looked for."""
        query = select(_MESSAGE.c.uid).where(
            _MESSAGE.c.folder_id == folder.id,
            _MESSAGE.c.gone == Gone.NO,
            _MESSAGE.c.outcome != Outcome.VANISHED.value,
        )
        with self._database.reading() as connection:
            return set(connection.execute(query).scalars())

    def pending(self, folder: LedgerFolder) -> list[int]:
        """UIDs still to be sent and not in doubt, newest first; last those that were sent before and not stored."""
        if not self.counts(folder).pending:
            return []
        query = (
            select(_MESSAGE.c.uid)
            .where(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.outcome == Outcome.PENDING.value)
            .where(_MESSAGE.c.mark.is_(None))
            .order_by(_MESSAGE.c.exact.is_not(None), _MESSAGE.c.received.desc().nulls_last(), _MESSAGE.c.uid.desc())
        )
        with self._database.reading() as connection:
            return list(connection.execute(query).scalars())

    def intents(self, folder: LedgerFolder) -> list[Entry]:
        """Messages in doubt: an intent without a result."""
        if not self.counts(folder).pending:
            return []
        return self._entries(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.mark.is_not(None))

    def rejected(self, folder: LedgerFolder) -> list[Entry]:
        """Messages that the destination refused."""
        if not self.counts(folder).rejected:
            return []
        return self._entries(_MESSAGE.c.folder_id == folder.id, _MESSAGE.c.outcome == Outcome.REJECTED.value)

    def skipped(self, folder: LedgerFolder) -> list[int]:
        """UIDs that a rule of ours left out, at the source still."""
        if not self.counts(folder).skipped:
            return []
        query = select(_MESSAGE.c.uid).where(
            _MESSAGE.c.folder_id == folder.id, _MESSAGE.c.outcome == Outcome.SKIPPED.value, _MESSAGE.c.gone == Gone.NO
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

    # --- what happens ------------------------------------------------------------------------------------------

    def listed(self, folder: LedgerFolder, messages: Sequence[Listed], listed_to: int) -> None:
        """Note messages seen at the source; every UID up to `listed_to` now has its row.

        Known rows stay, but for those of messages that were gone and are back.
        """

        def work(connection: Connection) -> list[tuple[Standing | None, Standing]]:
            connection.execute(
                update(schema.folder)
                .where(schema.folder.c.id == folder.id, schema.folder.c.listed_to < listed_to)
                .values(listed_to=listed_to)
            )
            return [change for window in windows(messages) for change in write_listed(connection, folder.id, window)]

        self._counts.changed(folder.id, self._fence.write(work))

    def commit(self, folder: LedgerFolder, results: Sequence[Result] = (), intents: Sequence[Intent] = ()) -> None:
        """Make results and the next intents durable, in one transaction; what they took from others, too."""
        if not results and not intents:
            return

        def work(connection: Connection) -> dict[int, Standing]:
            before = self._standing(connection, folder, [result.uid for result in results])
            _RESULT(connection, [_result_row(folder, result) for result in results])
            took = [result.took for result in results if result.took is not None]
            _PASSED_ON(connection, [{"of_folder": left.folder, "of": left.uid} for left in took])
            _INTENT(connection, [_intent_row(folder, intent) for intent in intents])
            return before

        before = self._fence.write(work)
        self._counts.changed(
            folder.id, ((before[result.uid], _after(before[result.uid], result)) for result in results)
        )

    def ended(self, folder: LedgerFolder, uids: Sequence[int], at: datetime) -> None:
        """The connection that carried these ended at `at`; what it carried may take effect for a while yet."""
        self._set(folder, uids, ended=seconds(at))

    def withdraw(self, folder: LedgerFolder, uids: Sequence[int], *, blameless: bool = False) -> None:
        """These were not stored, for sure: they are pending again; `blameless`, as if they had never been sent."""
        self._set(folder, uids, **_NO_INTENT, **({"exact": None} if blameless else {}))

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

            def work(connection: Connection, window: Sequence[int] = window) -> list[tuple[Standing, Standing]]:
                rows = _MESSAGE.c.folder_id == folder.id, _MESSAGE.c.uid.in_(window)
                undone = [Outcome.PENDING.value, Outcome.SKIPPED.value]
                before = self._standing(connection, folder, window)
                connection.execute(
                    update(_MESSAGE)
                    .where(*rows, _MESSAGE.c.outcome.in_(undone), _MESSAGE.c.mark.is_(None))
                    .values(outcome=Outcome.VANISHED.value, reason="gone at the source before it was copied")
                )
                connection.execute(update(_MESSAGE).where(*rows).values(gone=Gone.JUST))
                after = self._standing(connection, folder, window)
                return [(before[uid], after[uid]) for uid in before]

            self._counts.changed(folder.id, self._fence.write(work))

    def retired(self, folder: LedgerFolder) -> None:
        """The folder is no longer at the source, or is another one under the same path: all its messages left."""
        self.gone(folder, sorted(self.uids(folder)))
        self.folders.retire(folder)

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

    def finish_pass(self, *, restless: bool = False) -> None:
        """A whole pass ended well: what left its place and did not turn up again is gone for good.

        Not after a `restless` one, which may not have seen where it went; then the next one may.
        """
        ours = select(schema.folder.c.id).where(schema.folder.c.pair_id == self._pair_id)

        def work(connection: Connection) -> None:
            if not restless:
                connection.execute(
                    update(_MESSAGE)
                    .where(_MESSAGE.c.folder_id.in_(ours), _MESSAGE.c.gone == Gone.JUST)
                    .values(gone=Gone.LONG)
                )
            connection.execute(update(schema.pair).where(schema.pair.c.id == self._pair_id).values(adopted=True))

        # In words, so that SQLite takes the index of just these rows.
        left = select(_MESSAGE.c.uid).where(_MESSAGE.c.folder_id.in_(ours), text(f"message.gone = {Gone.JUST:d}"))
        with self._database.reading() as connection:
            moved = not restless and connection.execute(left.limit(1)).first() is not None
        if moved or self.first_pass():
            self._fence.write(work)

    # --- inside ------------------------------------------------------------------------------------------------

    def _entries(self, *where: Any) -> list[Entry]:
        with self._database.reading() as connection:
            return [entry_of(row) for row in connection.execute(ENTRY.where(*where))]

    @staticmethod
    def _standing(connection: Connection, folder: LedgerFolder, uids: Sequence[int]) -> dict[int, Standing]:
        found = {}
        for window in windows(uids):
            for uid, *standing in connection.execute(_STANDING, {"of_folder": folder.id, "these": list(window)}):
                found[uid] = standing_of(*standing)
        return found

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


def _after(before: Standing, result: Result) -> Standing:
    size = before.size if result.size is None else result.size
    form = None if result.alteration is None or result.took is not None else result.alteration.form
    return Standing(result.outcome, size, before.gone, form)


def _result_row(folder: LedgerFolder, result: Result) -> dict[str, Any]:
    return {
        "of_folder": folder.id,
        "of": result.uid,
        "ended_as": result.outcome.value,
        "as_item": result.item,
        "token": None if result.took is None else result.took.token,
        "because": result.reason,
        "bytes_size": result.size,
        "bytes_hash": result.exact,
        "shown": None if result.flags is None else str(result.flags),
        **_altered_row(result.alteration),
    }


def _intent_row(folder: LedgerFolder, intent: Intent) -> dict[str, Any]:
    return {
        "of_folder": folder.id,
        "of": intent.uid,
        "at": intent.mark,
        "bytes_hash": intent.exact,
        "folded_hash": intent.folded,
        "from_folder": None if intent.takes is None else intent.takes.folder,
        "from_uid": None if intent.takes is None else intent.takes.uid,
        **_altered_row(intent.alteration),
    }


def _altered_row(alteration: Alteration | None) -> dict[str, Any]:
    return {f"as_{name}": value for name, value in altered(alteration).items()}
