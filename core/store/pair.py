"""The pair that ledger rows belong to, and the fence in front of them."""

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.sqlite import insert

from core.errors import FencedError
from core.mail.key import PairId
from core.store import schema
from core.store.database import Database
from core.store.holder import holder_of, taken_over
from core.store.look import plain

T = TypeVar("T")

_EPOCH = select(schema.pair.c.epoch).where(schema.pair.c.id == bindparam("of"))

#: Seconds for which what was seen counts; nobody is taken over sooner.
_FRESH = 1.0


def pair_id(database: Database, pair: PairId) -> int:
    """The pair's number in the store; a pair never seen before gets one."""
    names = {
        "source_identity": pair.source_identity,
        "source_login": pair.source_login,
        "destination_identity": pair.destination_identity,
        # An address is one mailbox in any case; a second batch file may write it otherwise.
        "destination_address": pair.destination_address.lower(),
    }

    known = select(schema.pair.c.id).filter_by(**names)

    def find_or_add(connection: Connection) -> int:
        connection.execute(insert(schema.pair).values(**names).on_conflict_do_nothing())
        return int(connection.execute(known).scalar_one())

    with database.reading() as connection:
        found = connection.execute(known).scalar()
    return database.writer.do(find_or_add) if found is None else int(found)


class Fence:
    """Lets a write through only while the lease it was made under is the newest.

    Whoever takes a pair over counts its epoch up; a holder that stood still meanwhile then gets FencedError from
    every write, and nothing of it is kept.
    """

    __slots__ = ("_database", "_seen", "epoch", "pair")

    def __init__(self, database: Database, pair: int, epoch: int) -> None:
        self._database = database
        self.pair = pair
        self.epoch = epoch
        self._seen = -_FRESH  # when we were last seen to hold the pair, on the monotonic clock

    def check(self) -> None:
        """Raise FencedError where the pair has been taken over. Cheap: it looks at most once a second.

        For what cannot be undone, just before it is done. May be called by any thread.
        """
        now = time.monotonic()
        if now - self._seen < _FRESH:
            return
        with self._database.reading() as connection:
            self._look(connection)
        self._seen = now

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a durable transaction of the writer. Raises FencedError."""

        def fenced(connection: Connection) -> T:
            self._look(connection)
            return work(connection)

        now = time.monotonic()
        result = self._database.writer.do(fenced)
        self._seen = now
        return result

    def _look(self, connection: Connection) -> None:
        epoch = connection.execute(_EPOCH, {"of": self.pair}).scalar()
        if epoch != self.epoch:
            raise FencedError(taken_over("this mailbox", holder_of(plain(connection), f"pair:{self.pair}")))
