"""What users want of a batch and its mailboxes; whoever runs the batch looks here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.clock import Clock, SystemClock
from core.status import Demand, Wish
from core.store.database import Database
from core.store.look import plain
from core.store.times import seconds


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
        now = seconds(self._clock.now())
        self._write(
            "INSERT INTO wanted (batch, mailbox, wish, time) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (batch, mailbox) DO UPDATE SET wish = excluded.wish, time = excluded.time",
            [(batch, mailbox, wish.value, now) for mailbox in mailboxes],
        )

    def ask(self, batch: str, demand: Demand, mailbox: str | None = None) -> None:
        """Record a demand for one mailbox by its source login, or for all of a batch."""
        row = (batch, mailbox or "", demand.value)
        self._write("INSERT INTO demand (batch, mailbox, what) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", [row])

    def took(self, batch: str, demand: Demand, mailbox: str = "") -> None:
        """A demand has been heard, or is taken back."""
        row = (batch, mailbox, demand.value)
        self._write("DELETE FROM demand WHERE batch = ? AND mailbox = ? AND what = ?", [row])

    def read(self, batch: str) -> Wishes:
        """What is wanted now."""
        with self._database.look() as look:
            wanted = look.execute("SELECT mailbox, wish FROM wanted WHERE batch = ?", (batch,))
            wishes = {mailbox: Wish(wish) for mailbox, wish in wanted}
            asked = look.execute("SELECT mailbox, what FROM demand WHERE batch = ?", (batch,))
            demands = [(mailbox, Demand(what)) for mailbox, what in asked]
        return Wishes(
            wishes.pop("", Wish.RUN),
            wishes,
            frozenset(mailbox for mailbox, demand in demands if demand is Demand.FIRST),
            frozenset((mailbox, demand) for mailbox, demand in demands if demand is not Demand.FIRST),
        )

    def clear(self, batch: str, mailbox: str | None = None) -> None:
        """Forget the wish for a batch (not those for its mailboxes), or for one mailbox."""
        self._write("DELETE FROM wanted WHERE batch = ? AND mailbox = ?", [(batch, mailbox or "")])

    def _write(self, statement: str, rows: Iterable[tuple[str | float, ...]]) -> None:
        self._database.writer.do(lambda connection: plain(connection).executemany(statement, rows))
