"""Messages that left their place at the source since the last whole pass, found again by their bytes.

After a folder's UIDVALIDITY changed that is all of its messages, so only their fingerprints are held in memory.
"""

from typing import Any

from sqlalchemy import Row, exists, select

from core.mail.flags import Flags
from core.mail.key import PairId, SourceKey
from core.store import schema
from core.store.database import Database
from core.store.ledger_counts import THERE
from core.store.ledger_rows import Gone, Left, alteration_of
from core.store.times import moment

_MESSAGE = schema.message
_FOLDER = schema.folder
_ROW = select(
    _MESSAGE, _FOLDER.c.destination_ref, _FOLDER.c.destination_path, _FOLDER.c.key_path, _FOLDER.c.uidvalidity
).join(_FOLDER, _FOLDER.c.id == _MESSAGE.c.folder_id)
_TAKER = _MESSAGE.alias()
_IS_TAKEN = exists().where(_TAKER.c.took_folder == _MESSAGE.c.folder_id, _TAKER.c.took_uid == _MESSAGE.c.uid)


class LedgerLeft:
    """Reads those of one pair that are at the destination."""

    def __init__(self, database: Database, pair: PairId, number: int) -> None:
        self._database = database
        self._source = pair.source_identity, pair.source_login
        self._of_pair = (
            _FOLDER.c.pair_id == number,
            _FOLDER.c.id == _MESSAGE.c.folder_id,
            _MESSAGE.c.gone == Gone.JUST,
            _MESSAGE.c.outcome.in_([outcome.value for outcome in THERE]),
        )

    def prints(self) -> frozenset[bytes]:
        """The exact fingerprints of all of them."""
        query = select(_MESSAGE.c.exact).where(*self._of_pair, _MESSAGE.c.exact.is_not(None))
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def like(self, exact: bytes) -> list[Left]:
        """Those of these bytes, as many as there are, but for those whose copies may be on their way."""
        query = _ROW.where(*self._of_pair, _MESSAGE.c.exact == exact, ~_IS_TAKEN)
        with self._database.reading() as connection:
            return [self._left(row) for row in connection.execute(query)]

    def one(self, folder: int, uid: int) -> Left:
        """One row, whatever became of it."""
        query = _ROW.where(_MESSAGE.c.folder_id == folder, _MESSAGE.c.uid == uid)
        with self._database.reading() as connection:
            return self._left(connection.execute(query).one())

    def _left(self, row: Row[Any]) -> Left:
        return Left(
            folder=row.folder_id,
            uid=row.uid,
            item=row.item,
            token=row.carries or SourceKey(*self._source, row.key_path, row.uidvalidity, row.uid).token,
            received=moment(row.received),
            flags=Flags.parse(row.flags),
            destination_ref=row.destination_ref,
            destination_path=row.destination_path,
            alteration=alteration_of(row.form, row.changes, row.refused),
        )
