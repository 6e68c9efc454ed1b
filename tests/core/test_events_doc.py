"""The words that scripts may meet are documented, each with what it means."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import pytest

from core.event import EventKind
from core.mail.outcome import Outcome
from core.status import BatchStatus, Condition, MailboxStatus, PassKind
from tests import events_doc


def test_the_document_is_current() -> None:
    current = events_doc.FILE.read_text(encoding="utf-8")
    assert current == events_doc.document(), "make it anew: python -m tests.events_doc"


@pytest.mark.parametrize(
    ("words", "meanings"),
    [
        (EventKind, events_doc.EVENTS),
        (BatchStatus, events_doc.BATCHES),
        (MailboxStatus, events_doc.MAILBOXES),
        (Condition, events_doc.CONDITIONS),
        (Outcome, events_doc.OUTCOMES),
        (PassKind, events_doc.PASSES),
    ],
)
def test_every_word_has_a_meaning_and_none_is_left_over(
    words: Iterable[StrEnum], meanings: Mapping[StrEnum, str]
) -> None:
    assert set(words) == set(meanings)
    assert all(meanings.values())
