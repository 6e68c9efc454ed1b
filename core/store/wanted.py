"""What users want of a batch and its mailboxes; whoever runs the batch looks here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from core.clock import Clock, SystemClock
from core.status import Demand, Wish
from core.store import schema
from core.store.database import Database
from core.store.times import seconds

_WANTED = schema.wanted
_DEMAND = schema.demand


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted of a batch, and of single mailboxes by source login; who is not named is to run.

    `first` are mailboxes that go before others. `demands` are what was asked for once; a mailbox of "" means all.
    """

    batch: Wish
    mailboxes: Mapping[str, Wish]
    first: frozenset[str] = frozenset()
    demands: frozenset[tuple[str, Demand]] = frozenset()


class Wanted:
    """The wishes, kept until somebody wants something else; and demands, kept until they are taken."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    def want(self, batch: str, wish: Wish, mailbox: str | None = None) -> None:
        """Record a wish for a batch, or for one mailbox by its source login. The latest counts."""
        self.want_each(batch, wish, [mailbox or ""])

    def want_each(self, batch: str, wish: Wish, mailboxes: Sequence[str]) -> None:
        """Record the same wish for several mailboxes at once: all of them, or none."""
        new = {"wish": wish.value, "time": seconds(self._clock.now())}
        statement = insert(_WANTED).on_conflict_do_update(index_elements=["batch", "mailbox"], set_=new)
        rows = [{"batch": batch, "mailbox": mailbox, **new} for mailbox in mailboxes]
        self._database.writer.do(lambda connection: connection.execute(statement, rows))

    def ask(self, batch: str, demand: Demand, mailbox: str | None = None) -> None:
        """Record a demand for one mailbox by its source login, or for all of a batch."""
        row = {"batch": batch, "mailbox": mailbox or "", "what": demand.value}
        statement = insert(_DEMAND).values(row).on_conflict_do_nothing()
        self._database.writer.do(lambda connection: connection.execute(statement))

    def took(self, batch: str, demand: Demand, mailbox: str = "") -> None:
        """A demand has been heard, or is taken back."""
        row = (_DEMAND.c.batch == batch) & (_DEMAND.c.mailbox == mailbox) & (_DEMAND.c.what == demand.value)
        self._database.writer.do(lambda connection: connection.execute(delete(_DEMAND).where(row)))

    def read(self, batch: str) -> Wishes:
        """What is wanted now."""
        query = select(_WANTED.c.mailbox, _WANTED.c.wish).where(_WANTED.c.batch == batch)
        asked = select(_DEMAND.c.mailbox, _DEMAND.c.what).where(_DEMAND.c.batch == batch)
        with self._database.reading() as connection:
            wishes = {row.mailbox: Wish(row.wish) for row in connection.execute(query)}
            demands = [(row.mailbox, Demand(row.what)) for row in connection.execute(asked)]
        return Wishes(
            wishes.pop("", Wish.RUN),
            wishes,
            frozenset(mailbox for mailbox, demand in demands if demand is Demand.FIRST),
            frozenset((mailbox, demand) for mailbox, demand in demands if demand is not Demand.FIRST),
        )

    def clear(self, batch: str, mailbox: str | None = None) -> None:
        """Forget the wish for a batch (not those for its mailboxes), or for one mailbox."""
        row = (_WANTED.c.batch == batch) & (_WANTED.c.mailbox == (mailbox or ""))
        self._database.writer.do(lambda connection: connection.execute(delete(_WANTED).where(row)))
