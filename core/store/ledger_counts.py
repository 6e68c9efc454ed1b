"""How many messages of a pair ended how: loaded once, then changed with each write that became durable."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import case, func, select

from core.mail.outcome import Counts, Outcome
from core.store import schema
from core.store.database import Database

_MESSAGE = schema.message
#: The outcomes of messages that are at the destination.
THERE = frozenset({Outcome.COPIED, Outcome.ALREADY_THERE})


@dataclass(frozen=True, slots=True)
class Standing:
    """What of one row is counted."""

    outcome: Outcome
    size: int
    gone: bool  # from the source

    @property
    def source_gone(self) -> bool:
        """Whether it is counted beside its outcome, too."""
        return self.gone and self.outcome in THERE


class LedgerCounts:
    """Messages and bytes per outcome, folder by folder and in all. One thread changes them."""

    def __init__(self, database: Database, pair: int) -> None:
        self._folders: dict[int, Counts] = {}
        self._total = Counts()
        self._load(database, pair)

    def of(self, folder: int) -> Counts:
        """One folder's; changes with every write, so copy what must stay."""
        return self._folders.setdefault(folder, Counts())

    def total(self) -> Counts:
        """Those of all folders that ever were; a copy."""
        return self._total + Counts()

    def changed(self, folder: int, changes: Iterable[tuple[Standing | None, Standing]]) -> None:
        """Rows of a folder stand otherwise now; None: that row is new."""
        counts = self.of(folder)
        for old, new in changes:
            if old is not None:
                self._add(counts, old, -1)
            self._add(counts, new, 1)

    def _add(self, counts: Counts, row: Standing, sign: int) -> None:
        for each in (counts, self._total):
            each.add(row.outcome, sign, sign * row.size)
            each.source_gone += sign * row.source_gone

    def _load(self, database: Database, pair: int) -> None:
        query = (
            select(
                _MESSAGE.c.folder_id,
                _MESSAGE.c.outcome,
                func.count().label("messages"),
                func.sum(_MESSAGE.c.size).label("bytes"),
                func.sum(case((_MESSAGE.c.gone > 0, 1), else_=0)).label("gone"),
            )
            .join(schema.folder, schema.folder.c.id == _MESSAGE.c.folder_id)
            .where(schema.folder.c.pair_id == pair)
            .group_by(_MESSAGE.c.folder_id, _MESSAGE.c.outcome)
        )
        with database.reading() as connection:
            for row in connection.execute(query):
                outcome = Outcome(row.outcome)
                for counts in (self.of(row.folder_id), self._total):
                    counts.add(outcome, row.messages, row.bytes)
                    counts.source_gone += row.gone if outcome in THERE else 0
