"""What users want of a batch and its mailboxes; whoever runs the batch looks here."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from core.clock import Clock, SystemClock
from core.status import Wish
from core.store import schema
from core.store.database import Database
from core.store.times import seconds

_WANTED = schema.wanted


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is wanted of a batch, and of single mailboxes by source login; who is not named is to run."""

    batch: Wish
    mailboxes: Mapping[str, Wish]


class Wanted:
    """The wishes, kept until somebody wants something else."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    def want(self, batch: str, wish: Wish, mailbox: str | None = None) -> None:
        """Record a wish for a batch, or for one mailbox by its source login. The latest counts."""
        new = {"wish": wish.value, "time": seconds(self._clock.now())}
        statement = (
            insert(_WANTED)
            .values(batch=batch, mailbox=mailbox or "", **new)
            .on_conflict_do_update(index_elements=["batch", "mailbox"], set_=new)
        )
        self._database.writer.do(lambda connection: connection.execute(statement))

    def read(self, batch: str) -> Wishes:
        """What is wanted now."""
        query = select(_WANTED.c.mailbox, _WANTED.c.wish).where(_WANTED.c.batch == batch)
        with self._database.reading() as connection:
            wishes = {row.mailbox: Wish(row.wish) for row in connection.execute(query)}
        return Wishes(wishes.pop("", Wish.RUN), wishes)

    def clear(self, batch: str, mailbox: str | None = None) -> None:
        """Forget the wish for a batch (not those for its mailboxes), or for one mailbox."""
        row = (_WANTED.c.batch == batch) & (_WANTED.c.mailbox == (mailbox or ""))
        self._database.writer.do(lambda connection: connection.execute(delete(_WANTED).where(row)))
