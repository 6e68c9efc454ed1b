"""Messages of a pair that are not simply copied: rejected, skipped, vanished; each with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, select

from core.mail.key import PairId
from core.mail.outcome import Outcome
from core.printable import printable
from core.store import schema
from core.store.times import moment

#: The worst first.
LEFT_OUT = (Outcome.REJECTED, Outcome.SKIPPED, Outcome.VANISHED)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One message: where it is at the source, and why it is not at the destination. Texts are printable."""

    mailbox: str
    folder: str
    uid: int
    outcome: Outcome
    size: int
    received: datetime | None
    reason: str


def left_out(
    connection: Connection, pair: PairId, outcomes: Sequence[Outcome] = LEFT_OUT, limit: int | None = None
) -> list[LeftOut]:
    """Those of a pair that ended so, at most `limit`: in the order of `outcomes`, then by folder and UID."""
    folder, message = schema.folder, schema.message
    place = case({outcome.value: number for number, outcome in enumerate(outcomes)}, value=message.c.outcome)
    query = (
        select(folder.c.source_path, *(message.c[name] for name in ("uid", "outcome", "size", "received", "reason")))
        .join(folder, folder.c.id == message.c.folder_id)
        .join(schema.pair, schema.pair.c.id == folder.c.pair_id)
        .where(
            schema.pair.c.source_identity == pair.source_identity,
            schema.pair.c.source_login == pair.source_login,
            schema.pair.c.destination_identity == pair.destination_identity,
            schema.pair.c.destination_address == pair.destination_address,
            message.c.outcome.in_([outcome.value for outcome in outcomes]),
        )
        .order_by(place, folder.c.source_path, message.c.uid)
        .limit(limit)
    )
    return [
        LeftOut(
            pair.source_login,
            printable(row.source_path, 1000),
            row.uid,
            Outcome(row.outcome),
            row.size,
            moment(row.received),
            printable(row.reason or ""),
        )
        for row in connection.execute(query)
    ]


def pair_of(connection: Connection, batch: str, source: str) -> PairId | None:
    """The pair that a mailbox on the board is about; None when there is no such mailbox."""
    query = (
        select(
            schema.batch.c.source_identity,
            schema.mailbox.c.source,
            schema.batch.c.destination_identity,
            schema.mailbox.c.destination,
        )
        .join(schema.mailbox, schema.mailbox.c.batch == schema.batch.c.name)
        .where(schema.batch.c.name == batch, schema.mailbox.c.source == source)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else PairId(row[0], row[1], row[2], row[3].lower())
