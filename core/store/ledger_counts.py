"""How many messages of a pair ended how: loaded once, then changed with each write that became durable."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import case, func, select

from core.mail.form import Form
from core.mail.outcome import Counts, Outcome
from core.store import schema
from core.store.database import Database
from core.store.ledger_rows import OUTCOMES, Gone

_MESSAGE = schema.message
_FORMS: dict[str | None, Form | None] = {None: None, **{form.value: form for form in Form}}
#: The outcomes of messages that are at the destination.
THERE = frozenset({Outcome.COPIED, Outcome.ALREADY_THERE})


@dataclass(frozen=True, slots=True)
class Standing:
    """What of one row is counted."""

    outcome: Outcome
    size: int
    gone: bool  # from the source
    form: Form | None = None  # None, too, where it took its copy over from another row: that one counts it


#: The columns that a row stands by.
STANDING = (_MESSAGE.c.outcome, _MESSAGE.c.size, _MESSAGE.c.gone, _MESSAGE.c.form, _MESSAGE.c.carries)


def standing_of(outcome: str, size: int, gone: int, form: str | None, carries: str | None) -> Standing:
    """Of a row's columns `STANDING`."""
    return Standing(OUTCOMES[outcome], size, gone != Gone.NO, _FORMS[form] if carries is None else None)


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
        messages: Counter[tuple[Outcome, bool, Form | None]] = Counter()
        sizes: Counter[tuple[Outcome, bool, Form | None]] = Counter()
        for old, new in changes:
            for row, sign in ((old, -1), (new, 1)):
                if row is not None:
                    key = (row.outcome, row.gone, row.form)
                    messages[key] += sign
                    sizes[key] += sign * row.size
        for (outcome, gone, form), number in messages.items():
            for counts in (self.of(folder), self._total):
                counts.add(outcome, number, sizes[outcome, gone, form])
                if outcome in THERE:
                    counts.source_gone += number * gone
                    _alter(counts, form, number)

    def _load(self, database: Database, pair: int) -> None:
        form = case((_MESSAGE.c.carries.is_(None), _MESSAGE.c.form))
        query = (
            select(
                _MESSAGE.c.folder_id,
                _MESSAGE.c.outcome,
                func.count().label("messages"),
                func.sum(_MESSAGE.c.size).label("bytes"),
                func.sum(case((_MESSAGE.c.gone > 0, 1), else_=0)).label("gone"),
                form.label("form"),
            )
            .join(schema.folder, schema.folder.c.id == _MESSAGE.c.folder_id)
            .where(schema.folder.c.pair_id == pair)
            .group_by(_MESSAGE.c.folder_id, _MESSAGE.c.outcome, form)
        )
        with database.reading() as connection:
            for row in connection.execute(query):
                outcome = Outcome(row.outcome)
                for counts in (self.of(row.folder_id), self._total):
                    counts.add(outcome, row.messages, row.bytes)
                    if outcome in THERE:
                        counts.source_gone += row.gone
                        _alter(counts, _FORMS[row.form], row.messages)


def _alter(counts: Counts, form: Form | None, messages: int) -> None:
    if form is not None:
        setattr(counts, form.value, getattr(counts, form.value) + messages)
