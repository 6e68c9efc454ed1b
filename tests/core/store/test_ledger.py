from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from core.errors import FencedError
from core.mail.flags import SEEN, Flags
from core.mail.folder import FolderPath
from core.mail.form import Alteration, Form
from core.mail.key import PairId, SourceKey
from core.mail.outcome import Counts, Outcome
from core.store import schema
from core.store.database import Database
from core.store.ledger import Ledger
from core.store.ledger_folder import Baseline, LedgerFolder
from core.store.ledger_rows import Intent, Listed, Result
from core.store.pair import pair_id

PAIR = PairId("old.example", "ann", "new.example", "Ann@new.example")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
INBOX = FolderPath.of("INBOX")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path) as database:
        yield database


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database, PAIR, epoch=0)


def listed(uid: int, *, days: int = 0, outcome: Outcome = Outcome.PENDING) -> Listed:
    return Listed(uid, 100, NOW - timedelta(days=days), Flags.of([SEEN]), outcome)


@pytest.fixture
def inbox(ledger: Ledger) -> LedgerFolder:
    folder = ledger.folders.add(INBOX, 7)
    ledger.listed(folder, [listed(1, days=3), listed(2, days=1), listed(3, days=2)], 3)
    return folder


def intent(uid: int) -> Intent:
    return Intent(uid, "9:100", bytes([uid]) * 32, bytes([uid + 100]) * 32)


def test_an_address_is_one_pair_in_any_case(database: Database) -> None:
    other = PairId("old.example", "ann", "new.example", "ANN@NEW.example")
    assert pair_id(database, PAIR) == pair_id(database, other)
    assert pair_id(database, PairId("old.example", "Ann", "new.example", "ann@new.example")) != pair_id(database, PAIR)


def test_pending_is_newest_first_and_a_known_row_stays(ledger: Ledger, inbox: LedgerFolder) -> None:
    assert ledger.pending(inbox) == [2, 3, 1]
    ledger.commit(inbox, [Result(2, Outcome.COPIED, "item-2")])
    ledger.listed(inbox, [listed(2), listed(4, days=9)], 4)
    assert ledger.pending(inbox) == [3, 1, 4]
    assert ledger.counts(inbox).total == 4
    assert ledger.folders.current()[0].listed_to == 4


def test_an_open_intent_is_in_doubt_and_not_pending(ledger: Ledger, inbox: LedgerFolder) -> None:
    ledger.commit(inbox, intents=[intent(2), intent(3)])
    assert ledger.pending(inbox) == [1]
    assert [(entry.uid, entry.mark, entry.ended) for entry in ledger.intents(inbox)] == [
        (2, "9:100", None),
        (3, "9:100", None),
    ]
    ledger.ended(inbox, [2, 3], NOW)
    assert [entry.ended for entry in ledger.intents(inbox)] == [NOW, NOW]
    ledger.commit(inbox, [Result(2, Outcome.COPIED, "i")], [intent(1)])
    ledger.withdraw(inbox, [3])
    assert [entry.uid for entry in ledger.intents(inbox)] == [1]
    assert ledger.pending(inbox) == [3]
    assert ledger.entries(inbox, [2])[2].exact == b"\2" * 32


def test_counts_are_what_a_new_process_counts(database: Database, ledger: Ledger, inbox: LedgerFolder) -> None:
    ledger.listed(inbox, [listed(uid) for uid in range(4, 9)], 8)
    ledger.commit(inbox, [Result(1, Outcome.COPIED, "a", size=90), Result(2, Outcome.REJECTED, reason="no")])
    ledger.commit(inbox, [Result(4, Outcome.ALREADY_THERE, "b"), Result(5, Outcome.SKIPPED, reason="rule")])
    ledger.gone(inbox, [1, 3, 2])
    expected = Counts(
        copied=1, already_there=1, skipped=1, rejected=1, vanished=1, pending=3, source_gone=1,
        bytes_total=490, bytes_copied=190,
    )  # fmt: skip
    assert ledger.total() == expected
    assert Ledger(database, PAIR, epoch=0).total() == expected
    assert expected.total == 8


MENDED = Alteration(Form.REPAIRED, "NUL bytes removed", "refused as it is: no")
WRAPPED = Alteration(Form.WRAPPED, "attached whole", "refused as it is: no; refused repaired: no")


def test_the_form_of_an_intent_lasts_until_another_one_or_a_result(ledger: Ledger, inbox: LedgerFolder) -> None:
    ledger.commit(inbox, intents=[replace(intent(2), alteration=MENDED), intent(3)])
    assert [entry.alteration for entry in ledger.intents(inbox)] == [MENDED, None]
    ledger.withdraw(inbox, [2])
    assert ledger.entries(inbox, [2])[2].alteration == MENDED
    ledger.commit(inbox, intents=[replace(intent(2), alteration=WRAPPED)])
    assert ledger.entries(inbox, [2])[2].alteration == WRAPPED
    ledger.commit(inbox, [Result(2, Outcome.REJECTED, reason="no")])
    assert ledger.entries(inbox, [2])[2].alteration is None


def test_altered_messages_are_counted_where_they_are_there(
    database: Database, ledger: Ledger, inbox: LedgerFolder
) -> None:
    ledger.commit(inbox, intents=[replace(intent(1), alteration=MENDED)])
    assert ledger.total().repaired == 0
    ledger.commit(inbox, [Result(1, Outcome.COPIED, "a", alteration=MENDED)])
    ledger.commit(inbox, [Result(2, Outcome.ALREADY_THERE, "b", alteration=WRAPPED), Result(3, Outcome.COPIED, "c")])
    for counts in (ledger.total(), ledger.counts(inbox), Ledger(database, PAIR, epoch=0).total()):
        assert (counts.copied, counts.already_there, counts.repaired, counts.wrapped) == (2, 1, 1, 1)
        assert counts.total == 3
    ledger.gone(inbox, [1])
    ledger.finish_pass()
    ledger.listed(inbox, [Listed(1, 100, NOW, Flags())], 3)  # another message under its number
    assert ledger.entries(inbox, [1])[1].alteration is None
    assert (ledger.total().repaired, Ledger(database, PAIR, epoch=0).total().repaired) == (0, 0)


def test_whoever_was_taken_over_writes_nothing(database: Database, ledger: Ledger, inbox: LedgerFolder) -> None:
    database.writer.do(lambda connection: connection.execute(update(schema.pair).values(epoch=1)))
    with pytest.raises(FencedError):
        ledger.commit(inbox, [Result(1, Outcome.COPIED, "a")])
    with pytest.raises(FencedError):
        ledger.folders.add(FolderPath.of("x"), 1)
    assert Ledger(database, PAIR, epoch=1).total().copied == 0
    assert ledger.total().copied == 0


def test_what_left_its_place_is_known_by_its_bytes_until_the_pass_ends(ledger: Ledger, inbox: LedgerFolder) -> None:
    ledger.folders.place(inbox, FolderPath.of("Posteingang"), "ref")
    ledger.commit(inbox, [Result(1, Outcome.COPIED, "a", exact=b"x" * 32), Result(2, Outcome.COPIED, "b")])
    ledger.gone(inbox, [1, 2])
    (left,) = ledger.left.like(b"x" * 32)
    assert ledger.left.prints() == {b"x" * 32}
    assert (left.uid, left.item, left.destination_ref) == (1, "a", "ref")
    assert ledger.uids(inbox) == {3}
    assert ledger.claimed("ref") == {"a", "b"}
    ledger.commit(inbox, [Result(3, Outcome.ALREADY_THERE, "a", took=left)])
    assert ledger.left.prints() == frozenset()
    assert ledger.claimed("ref") == {"a", "b"}
    assert (ledger.total().copied, ledger.total().already_there, ledger.total().source_gone) == (2, 1, 2)


def test_a_copy_that_is_being_moved_belongs_to_one_row_alone(ledger: Ledger, inbox: LedgerFolder) -> None:
    ledger.folders.place(inbox, FolderPath.of("Posteingang"), "ref")
    ledger.commit(inbox, [Result(1, Outcome.COPIED, "a", exact=b"x" * 32)])
    ledger.gone(inbox, [1])
    (left,) = ledger.left.like(b"x" * 32)
    ledger.commit(inbox, intents=[Intent(2, "9:1", b"x" * 32, b"folded", left)])
    assert ledger.left.like(b"x" * 32) == []
    (entry,) = ledger.intents(inbox)
    assert entry.takes == (inbox.id, 1)
    assert ledger.left.one(*entry.takes) == left
    ledger.withdraw(inbox, [2])
    assert ledger.intents(inbox) == []
    assert ledger.left.like(b"x" * 32) == [left]


def test_a_copy_that_moves_on_is_known_by_the_key_that_it_carries(ledger: Ledger, inbox: LedgerFolder) -> None:
    ledger.commit(inbox, [Result(1, Outcome.COPIED, "a", exact=b"x" * 32)])
    for uid in (1, 2):
        ledger.gone(inbox, [uid])
        (left,) = ledger.left.like(b"x" * 32)
        assert left.token == SourceKey(PAIR.source_identity, PAIR.source_login, "INBOX", inbox.uidvalidity, 1).token
        ledger.commit(inbox, [Result(uid + 1, Outcome.ALREADY_THERE, "b", exact=b"x" * 32, took=left)])


def test_a_pass_that_ended_forgets_what_left(ledger: Ledger, inbox: LedgerFolder) -> None:
    ledger.commit(inbox, [Result(1, Outcome.COPIED, "a", exact=b"x" * 32)])
    ledger.gone(inbox, [1])
    assert ledger.first_pass()
    ledger.finish_pass()
    assert not ledger.first_pass()
    assert ledger.left.prints() == frozenset()
    assert ledger.left.like(b"x" * 32) == []
    assert ledger.total().source_gone == 1


def test_only_the_newest_over_all_folders_are_kept(ledger: Ledger, inbox: LedgerFolder) -> None:
    other = ledger.folders.add(FolderPath.of("Other"), 8)
    ledger.listed(other, [listed(1, days=0), listed(2, days=50)], 2)
    assert ledger.skip_oldest(3, "too old") == 2
    assert ledger.pending(inbox) == [2, 3]
    assert ledger.pending(other) == [1]
    assert ledger.total().skipped == 2


def test_a_retired_folder_is_no_longer_current(ledger: Ledger, inbox: LedgerFolder) -> None:
    ledger.commit(inbox, [Result(1, Outcome.COPIED, "a", exact=b"x" * 32)])
    ledger.retired(inbox)
    assert ledger.folders.current() == []
    counts = ledger.total()
    assert (counts.copied, counts.vanished, counts.source_gone) == (1, 2, 1)
    assert [left.uid for left in ledger.left.like(b"x" * 32)] == [1]


def test_folders_are_placed_renamed_and_advanced(ledger: Ledger, inbox: LedgerFolder) -> None:
    folder = ledger.folders.place(inbox, FolderPath.of("In", "a/b"), "ref", adopting=True)
    folder = ledger.folders.renamed(folder, FolderPath.of("New"))
    folder = ledger.folders.advance(folder, Baseline(4, 99, 3))
    assert ledger.folders.current() == [folder]
    assert (folder.destination_path, folder.adopting) == (FolderPath.of("In", "a/b"), True)
    assert (folder.key_path, folder.source_path) == (INBOX, FolderPath.of("New"))
    assert not ledger.folders.adopted(folder).adopting


def test_many_messages_in_windows(ledger: Ledger, inbox: LedgerFolder) -> None:
    ledger.listed(inbox, [listed(uid) for uid in range(10, 1700)], 1699)
    ledger.gone(inbox, list(range(10, 1690)))
    assert ledger.uids(inbox) == {1, 2, 3, *range(1690, 1700)}
    assert ledger.total().vanished == 1680


def test_dates_before_1970_and_none_are_kept(ledger: Ledger, inbox: LedgerFolder) -> None:
    early = datetime(1901, 2, 3, 4, 5, 6, tzinfo=UTC)
    ledger.listed(inbox, [Listed(9, 1, early, Flags()), Listed(10, 1, None, Flags())], 10)
    entries = ledger.entries(inbox, [9, 10])
    assert (entries[9].received, entries[10].received) == (early, None)
    assert ledger.pending(inbox)[-2:] == [9, 10]
