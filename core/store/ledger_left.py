"""Messages that left their place at the source since the last whole pass, found again by their bytes.

After a folder's UIDVALIDITY changed that is all of its messages, so only their fingerprints are held in memory.
"""

from sqlalchemy import select

from core.mail.flags import Flags
from core.store import schema
from core.store.database import Database
from core.store.ledger_counts import THERE
from core.store.ledger_rows import Gone, Left

_MESSAGE = schema.message


class LedgerLeft:
    """Reads those of one pair that are at the destination."""

    def __init__(self, database: Database, pair: int) -> None:
        self._database = database
        self._of_pair = (
            schema.folder.c.pair_id == pair,
            schema.folder.c.id == _MESSAGE.c.folder_id,
            _MESSAGE.c.gone == Gone.JUST,
            _MESSAGE.c.outcome.in_([outcome.value for outcome in THERE]),
        )

    def prints(self) -> frozenset[bytes]:
        """The exact fingerprints of all of them."""
        query = select(_MESSAGE.c.exact).where(*self._of_pair, _MESSAGE.c.exact.is_not(None))
        with self._database.reading() as connection:
            return frozenset(connection.execute(query).scalars())

    def like(self, exact: bytes) -> list[Left]:
        """Those of these bytes, as many as there are."""
        query = select(_MESSAGE, schema.folder.c.destination_ref, schema.folder.c.destination_path).where(
            *self._of_pair, _MESSAGE.c.exact == exact
        )
        with self._database.reading() as connection:
            return [
                Left(
                    row.folder_id,
                    row.uid,
                    row.item,
                    row.exact,
                    Flags.parse(row.flags),
                    row.destination_ref,
                    row.destination_path,
                )
                for row in connection.execute(query)
            ]
