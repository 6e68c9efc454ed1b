"""Batches come into the store, are changed, and leave it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from core.clock import Clock, SystemClock
from core.errors import HeldError
from core.status import BatchStatus, MailboxStatus
from core.store import schema
from core.store.database import Database
from core.store.dials import file as file_dials
from core.store.holder import holders
from core.store.look import plain
from core.store.revision import next_revision
from core.store.times import seconds

if TYPE_CHECKING:  # pydantic behind it is slow to import, and `status` needs none of it
    from core.batch.definition import Batch

_BATCH = schema.batch
_MAILBOX = schema.mailbox
_PAIR = schema.pair


class Batches:
    """The batches of the store."""

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self._database = database
        self._clock = clock or SystemClock()

    def add(self, batch: "Batch") -> None:
        """Make a batch known, or take over what has changed in its file.

        A mailbox that is known keeps how it stands, unless it now goes somewhere else; one that is no longer in the
        file leaves the board. The ledger keeps all.
        """
        from core.batch.dials import settings

        dials: Mapping[str, str] = {dial.value: text for dial, text in settings(batch).items()}
        self._database.writer.do(lambda connection: self._add(connection, batch, dials))

    def remove(self, name: str, *, forget_ledger: bool = False) -> None:
        """Forget a batch: its board, wishes and events; with `forget_ledger` also what was done for its pairs.

        Never touches mail. Raises HeldError while the batch runs, or while another batch moves one of those pairs.
        """
        self._database.writer.flush()  # nothing of it may come after
        self._database.writer.do(lambda connection: self._remove(connection, name, forget_ledger=forget_ledger))

    def _add(self, connection: Connection, batch: "Batch", dials: Mapping[str, str]) -> None:
        rev = next_revision(connection)
        known = connection.execute(select(_BATCH).where(_BATCH.c.name == batch.name)).one_or_none()
        facts = {
            "path": str(batch.file),
            "source_identity": batch.source.identity,
            "destination_identity": batch.destination.identity,
        }
        standing: dict[str, Any] = {}
        if known is None:
            now = seconds(self._clock.now())
            connection.execute(
                insert(_BATCH).values(name=batch.name, **facts, added=now, status=BatchStatus.CREATED, rev=rev)
            )
        else:
            connection.execute(update(_BATCH).where(_BATCH.c.name == batch.name).values(**facts, rev=rev))
            same = (known.source_identity, known.destination_identity) == (
                batch.source.identity,
                batch.destination.identity,
            )
            columns = (_MAILBOX.c.source, _MAILBOX.c.destination, _MAILBOX.c.position)
            rows = connection.execute(select(*columns).where(_MAILBOX.c.batch == batch.name)).all()
            goes_to = {mailbox.source: mailbox.destination.lower() for mailbox in batch.mailboxes}
            standing = {row.source: row for row in rows if same and goes_to.get(row.source) == row.destination.lower()}
            self._take_off(connection, batch.name, [row.source for row in rows if row.source not in standing])
        file_dials(connection, batch.name, dials)
        new, moved = [], []
        for position, mailbox in enumerate(batch.mailboxes):
            row = standing.get(mailbox.source)
            values = {"destination": mailbox.destination, "position": position}
            if row is None:
                new.append(values | {"source": mailbox.source})
            elif (row.destination, row.position) != (mailbox.destination, position):
                moved.append(values | {"which": mailbox.source, "rev": rev})
        if moved:
            where = (_MAILBOX.c.batch == batch.name) & (_MAILBOX.c.source == bindparam("which"))
            connection.execute(update(_MAILBOX).where(where), moved)
        if new:
            connection.execute(insert(_MAILBOX).values(batch=batch.name, status=MailboxStatus.QUEUED, rev=rev), new)

    @staticmethod
    def _take_off(connection: Connection, batch: str, sources: list[str]) -> None:
        """Take mailboxes off the board."""
        if not sources:
            return
        for table in (_MAILBOX, schema.board_folder):
            row = (table.c.batch == batch) & (table.c.source == bindparam("which"))
            connection.execute(delete(table).where(row), [{"which": source} for source in sources])

    def _remove(self, connection: Connection, name: str, *, forget_ledger: bool) -> None:
        now = self._clock.now()
        pairs = _pairs(connection, name) if forget_ledger else set()
        holder = holders(plain(connection), "batch", now).get(name)
        if holder is not None and holder.alive:
            raise HeldError(f"batch {name} is run by {holder}; stop it first")
        for pair, mover in holders(plain(connection), "pair", now).items():
            if mover.alive and int(pair) in pairs:
                raise HeldError(f"a mailbox of batch {name} is moved by {mover}; stop that first")
        connection.execute(delete(schema.lease).where(schema.lease.c.name == f"batch:{name}"))
        for table in (schema.board_folder, _MAILBOX, schema.event, schema.wanted, schema.demand, schema.dial):
            connection.execute(delete(table).where(table.c.batch == name))
        connection.execute(delete(_BATCH).where(_BATCH.c.name == name))
        next_revision(connection)
        if pairs:  # their folders and messages follow
            connection.execute(
                delete(_PAIR).where(_PAIR.c.id == bindparam("which")), [{"which": pair} for pair in pairs]
            )


def _pairs(connection: Connection, name: str) -> set[int]:
    """The numbers of the pairs that a batch is about, those that were ever begun."""
    query = (
        select(_PAIR.c.id)
        .join(
            _BATCH,
            (_BATCH.c.source_identity == _PAIR.c.source_identity)
            & (_BATCH.c.destination_identity == _PAIR.c.destination_identity),
        )
        .join(
            _MAILBOX,
            (_MAILBOX.c.batch == _BATCH.c.name)
            & (_MAILBOX.c.source == _PAIR.c.source_login)
            & (func.lower(_MAILBOX.c.destination) == func.lower(_PAIR.c.destination_address)),
        )
        .where(_BATCH.c.name == name)
    )
    return set(connection.execute(query).scalars())
