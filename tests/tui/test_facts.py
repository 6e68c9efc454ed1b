"""What is said of one mailbox."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.mail.outcome import Counts
from core.status import MailboxStatus
from core.store.views import MailboxView
from tui.facts import facts

NOW = datetime(2026, 11, 22, tzinfo=UTC)
VIEW = MailboxView(
    batch="b",
    source="ann",
    destination="ann@new.example",
    position=0,
    status=MailboxStatus.SYNCED,
    condition=None,
    until=None,
    why="",
    error=None,
    activity="",
    slow="",
    progressed=None,
    rate=None,
    eta=None,
    pass_kind=None,
    pass_started=None,
    pass_new=0,
    pass_flags_changed=0,
    synced=NOW,
    counts=Counts(),
    rev=1,
)


@pytest.mark.parametrize(
    ("counts", "headline"),
    [
        (Counts(copied=9), " ✓ Synced"),
        (Counts(copied=9, repaired=1_234), " ✓ Synced · 1,234 repaired"),
        (Counts(copied=9, repaired=1, wrapped=2), " ✓ Synced · 1 repaired · 2 wrapped"),
    ],
)
def test_messages_in_another_form_are_named_at_the_top(counts: Counts, headline: str) -> None:
    first = facts(replace(VIEW, counts=counts), None, NOW, 80, 20, UTC)[0]
    assert "".join(cell.text for cell in first) == headline
