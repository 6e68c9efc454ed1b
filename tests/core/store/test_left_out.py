"""Which messages of a mailbox are not copied, and why: the worst first."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from core.mail.flags import Flags
from core.mail.folder import FolderPath
from core.mail.outcome import Outcome
from core.store.batches import Batches
from core.store.database import Database
from core.store.ledger import Ledger
from core.store.ledger_rows import Listed, Result
from core.store.left_out import left_out, pair_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_what_is_not_copied_is_listed_with_its_reason(database: Database, make_batch: Callable[..., Any]) -> None:
    Batches(database).add(make_batch("sales", {"ann": "Ann@new.example"}))
    with database.look() as look:
        assert pair_of(look, "sales", "bob") is None
        pair = pair_of(look, "sales", "ann")
    assert pair is not None
    ledger = Ledger(database, pair, epoch=0)
    for name in ("Sent", "INBOX"):
        folder = ledger.folders.add(FolderPath.of(name), 1)
        ledger.listed(
            folder,
            [Listed(uid, uid * 100, NOW, Flags()) for uid in (1, 2, 3, 4)]
            + [Listed(5, 1, None, Flags(), Outcome.SKIPPED, "too\x1b[2J old")],
            5,
        )
        ledger.commit(
            folder,
            [
                Result(1, Outcome.COPIED, "item"),
                Result(2, Outcome.REJECTED, reason="too large"),
                Result(3, Outcome.VANISHED, reason="gone"),
            ],
        )
    with database.look() as look:
        found = left_out(look, pair)
        assert [(one.outcome.value, one.folder, one.uid) for one in found] == [
            ("rejected", "INBOX", 2),
            ("rejected", "Sent", 2),
            ("skipped", "INBOX", 5),
            ("skipped", "Sent", 5),
            ("vanished", "INBOX", 3),
            ("vanished", "Sent", 3),
        ]
        assert (found[0].mailbox, found[0].size, found[0].received, found[0].reason) == ("ann", 200, NOW, "too large")
        assert "\x1b" not in found[2].reason
        assert left_out(look, pair, (Outcome.REJECTED,)) == found[:2]
        assert left_out(look, pair, limit=3) == found[:3]
