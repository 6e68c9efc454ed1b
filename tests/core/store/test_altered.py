"""Which messages of a mailbox are at the destination in another form."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from core.mail.flags import Flags
from core.mail.folder import FolderPath
from core.mail.form import Alteration, Form
from core.mail.outcome import Outcome
from core.store.altered import Altered, altered
from core.store.batches import Batches
from core.store.database import Database
from core.store.ledger import Ledger
from core.store.ledger_rows import Intent, Listed, Result
from core.store.left_out import pair_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EXACT = b"\xab" * 32
MENDED = Alteration(Form.REPAIRED, "NUL bytes removed", "refused as it is: no")
WRAPPED = Alteration(Form.WRAPPED, "attached whole", "refused as it is: no")


def test_those_that_are_there_are_listed_once(database: Database, make_batch: Callable[..., Any]) -> None:
    Batches(database).add(make_batch("sales", {"ann": "Ann@new.example", "bob": "bob@new.example"}))
    with database.look() as look:
        pair = pair_of(look, "sales", "ann")
    assert pair is not None
    ledger = Ledger(database, pair, epoch=0)
    sent, inbox = (ledger.folders.add(FolderPath.of(name), 1) for name in ("Sent\x1b", "INBOX"))
    for folder in (sent, inbox):
        ledger.listed(folder, [Listed(uid, 100, NOW, Flags()) for uid in range(1, 5)], 4)
    ledger.commit(sent, [Result(1, Outcome.COPIED, "a", exact=EXACT, alteration=MENDED)])
    ledger.commit(inbox, [Result(2, Outcome.ALREADY_THERE, "b", exact=EXACT, alteration=WRAPPED)])
    ledger.commit(inbox, [Result(3, Outcome.COPIED, "c", exact=EXACT)], [Intent(1, "", EXACT, EXACT, None, MENDED)])
    ledger.gone(sent, [1])
    (left,) = ledger.left.like(EXACT)
    assert left.alteration == MENDED
    ledger.commit(inbox, [Result(4, Outcome.ALREADY_THERE, "a", exact=EXACT, took=left, alteration=left.alteration)])
    original = database.folder / "originals" / f"{EXACT.hex()}.eml"
    expected = [
        Altered("ann", "INBOX", 2, WRAPPED, None),
        Altered("ann", "Sent\u241b", 1, MENDED, original),
    ]
    with database.look() as look:
        assert altered(look, database.folder, "sales", "ann") == expected
        assert altered(look, database.folder, "sales", "ann", 1) == expected[:1]
        assert altered(look, database.folder, "sales", "bob") == []
        assert altered(look, database.folder, "other", "ann") == []
    assert (ledger.total().repaired, ledger.total().wrapped) == (1, 1)
    assert Ledger(database, pair, epoch=0).total() == ledger.total()
