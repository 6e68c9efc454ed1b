"""Which messages of a pair the destination refused, and why."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from core.mail.key import PairId
from core.mail.outcome import Outcome
from core.printable import printable
from core.store import schema


@dataclass(frozen=True, slots=True)
class Rejection:
    """One refused message: where it is at the source, and the reason. `folder` is printable."""

    mailbox: str
    folder: str
    uid: int
    reason: str


def rejections(connection: Connection, pair: PairId) -> list[Rejection]:
    """All of a pair's, by folder and UID."""
    query = (
        select(schema.folder.c.source_path, schema.message.c.uid, schema.message.c.reason)
        .join(schema.folder, schema.folder.c.id == schema.message.c.folder_id)
        .join(schema.pair, schema.pair.c.id == schema.folder.c.pair_id)
        .where(
            schema.pair.c.source_identity == pair.source_identity,
            schema.pair.c.source_login == pair.source_login,
            schema.pair.c.destination_identity == pair.destination_identity,
            schema.pair.c.destination_address == pair.destination_address,
            schema.message.c.outcome == Outcome.REJECTED.value,
        )
        .order_by(schema.folder.c.source_path, schema.message.c.uid)
    )
    return [
        Rejection(pair.source_login, printable(path, 1000), uid, reason or "")
        for path, uid, reason in connection.execute(query)
    ]
