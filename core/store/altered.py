"""Messages that are at the destination in another form than at the source: which, how, and where the original is."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from core.mail.form import Alteration, Form
from core.printable import printable
from core.store import schema
from core.store.ledger_counts import THERE
from core.store.ledger_rows import alteration_of
from core.store.left_out import pair_of
from core.store.originals import Originals

_FOLDER, _MESSAGE, _PAIR = schema.folder, schema.message, schema.pair


@dataclass(frozen=True, slots=True)
class Altered:
    """One message: where it is at the source, and how it differs. `original` is None where the copy holds it itself."""

    mailbox: str
    folder: str  # printable
    uid: int
    alteration: Alteration
    original: Path | None


def altered(connection: Connection, state: Path, batch: str, source: str, limit: int | None = None) -> list[Altered]:
    """Those of one mailbox on the board, by folder and UID, at most `limit`; `state` is the state folder."""
    pair = pair_of(connection, batch, source)
    if pair is None:
        return []
    query = (
        select(_MESSAGE, _FOLDER.c.source_path)
        .join(_FOLDER, _FOLDER.c.id == _MESSAGE.c.folder_id)
        .join(_PAIR, _PAIR.c.id == _FOLDER.c.pair_id)
        .where(
            _PAIR.c.source_identity == pair.source_identity,
            _PAIR.c.source_login == pair.source_login,
            _PAIR.c.destination_identity == pair.destination_identity,
            _PAIR.c.destination_address == pair.destination_address,
            _MESSAGE.c.form.is_not(None),
            _MESSAGE.c.carries.is_(None),  # else it is listed where its copy came from
            _MESSAGE.c.outcome.in_([outcome.value for outcome in THERE]),
        )
        .order_by(_FOLDER.c.source_path, _MESSAGE.c.uid)
        .limit(limit)
    )
    originals = Originals(state)
    found = []
    for row in connection.execute(query):
        alteration = alteration_of(row.form, row.changes, row.refused)
        assert alteration is not None
        kept = originals.path(row.exact) if alteration.form is Form.REPAIRED else None
        found.append(Altered(source, printable(row.source_path, 1000), row.uid, alteration, kept))
    return found
