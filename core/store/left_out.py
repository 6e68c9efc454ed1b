"""Messages of a pair that are not simply copied: rejected, skipped, vanished; each with its reason."""

import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from core.mail.key import PairId
from core.mail.outcome import Outcome
from core.printable import printable
from core.store.times import moment

#: The worst first.
LEFT_OUT = (Outcome.REJECTED, Outcome.SKIPPED, Outcome.VANISHED)

_LEFT_OUT = """
    SELECT folder.source_path, uid, outcome, size, received, reason
    FROM message JOIN folder ON folder.id = folder_id JOIN pair ON pair.id = pair_id
    WHERE source_identity = :source_identity AND source_login = :source_login
        AND destination_identity = :destination_identity AND destination_address = :destination_address
        AND instr(:outcomes, outcome)
    ORDER BY instr(:outcomes, outcome), folder.source_path, uid LIMIT :limit
"""
_PAIR = """
    SELECT batch.source_identity, mailbox.source, batch.destination_identity, mailbox.destination
    FROM batch JOIN mailbox ON mailbox.batch = batch.name WHERE batch.name = ? AND mailbox.source = ?
"""


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
    look: sqlite3.Connection, pair: PairId, outcomes: Sequence[Outcome] = LEFT_OUT, limit: int | None = None
) -> list[LeftOut]:
    """Those of a pair that ended so, at most `limit`: in the order of `outcomes`, then by folder and UID."""
    wanted = " ".join(outcomes)  # none of these words is in another
    rows = look.execute(_LEFT_OUT, {**asdict(pair), "outcomes": wanted, "limit": -1 if limit is None else limit})
    return [
        LeftOut(
            pair.source_login,
            printable(folder, 1000),
            uid,
            Outcome(outcome),
            size,
            moment(received),
            printable(reason or ""),
        )
        for folder, uid, outcome, size, received, reason in rows
    ]


def pair_of(look: sqlite3.Connection, batch: str, source: str) -> PairId | None:
    """The pair that a mailbox on the board is about; None when there is no such mailbox."""
    row = look.execute(_PAIR, (batch, source)).fetchone()
    return None if row is None else PairId(row[0], row[1], row[2], row[3].lower())
