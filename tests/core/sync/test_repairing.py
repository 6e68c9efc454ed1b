"""A message that is refused for its form goes mended, then wrapped: once each, whatever comes between."""

import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from core.batch.definition import Options
from core.errors import StateError
from core.event import Event, EventKind
from core.mail.flags import SEEN, Flags
from core.mail.repair import repaired
from core.mail.wrap import wrapped
from core.ports.destination import DestinationFolder, Outgoing, Written
from core.ports.failure import Action, EndpointError
from core.sync import repairing
from tests.core.sync.new_server import MemoryDestination
from tests.core.sync.old_server import START
from tests.core.sync.test_faults import storing
from tests.core.sync.world import World, failure

GOOD = b"Subject: good\r\n\r\nx\r\n"
#: Whose sender is another one when it is mended, so that it has another canonical fingerprint.
BAD = b"From: Ann\nSubject: bad\n\nx\0\n"
HARD = b"Subject: hard\r\n\r\nnothing to mend\r\n"
CHANGES = "line ends made CRLF, a From without a valid address replaced, NUL bytes removed"
AS_IT_IS = "refused as it is: the form is wrong"


def mended(data: bytes) -> bytes:
    repair = repaired(data)
    assert repair is not None
    return repair.data


MENDED = mended(BAD)


def strict(data: bytes) -> bool:
    """Takes nothing that can be mended, and not every message that cannot."""
    return repaired(data) is not None or b"nothing to mend" in data


def stubborn(data: bytes) -> bool:
    """Takes nothing that is not a file in another message."""
    return b"original.eml" not in data


def told(world: World, *kinds: EventKind) -> list[Event]:
    return [event for event in world.events if event.kind in kinds]


ALTERED = (EventKind.MESSAGE_REPAIRED, EventKind.MESSAGE_WRAPPED)


def rows(world: World) -> list[tuple[str, str | None]]:
    """Outcome and reason of each message."""
    with world.database.reading() as connection:
        return [
            (outcome, reason)
            for outcome, reason in connection.exec_driver_sql("SELECT outcome, reason FROM message ORDER BY uid")
        ]


def original(world: World) -> Path:
    """The one original that is kept."""
    (kept,) = (world.database.folder / "originals").iterdir()
    return kept


def test_what_can_be_mended_arrives_mended(world: World) -> None:
    for data in (GOOD, BAD, GOOD):
        world.old.deliver("INBOX", data)
    world.new.refuses = strict
    result = world.run()
    assert (result.new, result.rejected) == (3, 0)
    assert world.new.seen == [GOOD, BAD, GOOD, MENDED]
    assert [data for _, data in world.new.all()] == sorted([GOOD, GOOD, MENDED])
    counts = world.ledger().total()
    assert (counts.copied, counts.repaired, counts.wrapped) == (3, 1, 0)
    assert rows(world)[1] == ("copied", f"repaired: {CHANGES}; {AS_IT_IS}")
    (event,) = told(world, *ALTERED)
    assert (event.kind, event.folder, event.uid) == (EventKind.MESSAGE_REPAIRED, "INBOX", 2)
    assert event.text == f"repaired: {CHANGES}; the original is kept as {original(world)}; {AS_IT_IS}"
    assert original(world).read_bytes() == BAD
    assert stat.S_IMODE(original(world).stat().st_mode) == 0o600
    assert stat.S_IMODE(original(world).parent.stat().st_mode) == 0o700


def test_what_cannot_be_mended_arrives_whole_in_another_message(world: World) -> None:
    world.old.deliver("INBOX", HARD)
    world.new.refuses = strict
    # Base64 hides it.
    assert world.run().new == 1
    assert world.new.seen == [HARD, wrapped(HARD, START)]
    assert world.ledger().total().wrapped == 1
    assert rows(world) == [("copied", f"wrapped: attached whole as original.eml to a message of its own; {AS_IT_IS}")]
    (event,) = told(world, *ALTERED)
    assert (event.kind, event.uid) == (EventKind.MESSAGE_WRAPPED, 1)
    assert not (world.database.folder / "originals").exists()


def test_what_is_refused_mended_too_is_wrapped(world: World) -> None:
    world.old.deliver("INBOX", BAD)
    world.new.refuses = stubborn
    assert world.run().new == 1
    assert world.new.seen == [BAD, MENDED, wrapped(BAD, START)]
    ((outcome, reason),) = rows(world)
    assert outcome == "copied"
    assert (reason or "").endswith(f"; {AS_IT_IS}; refused repaired ({CHANGES}): the form is wrong")
    counts = world.ledger().total()
    assert (counts.repaired, counts.wrapped) == (0, 1)


def test_what_is_refused_in_every_form_is_rejected_with_all_reasons(world: World) -> None:
    world.old.deliver("INBOX", BAD)
    world.new.refuses = lambda _: True
    assert world.run().rejected == 1
    assert len(world.new.seen) == 3
    refusals = f"{AS_IT_IS}; refused repaired ({CHANGES}): the form is wrong; refused wrapped: the form is wrong"
    assert rows(world) == [("rejected", refusals)]
    assert told(world, *ALTERED) == []
    world.run()
    assert len(world.new.seen) == 3
    world.new.refuses = lambda _: False
    assert world.run(retry_rejected=True).new == 1
    assert world.new.seen[3:] == [BAD]
    counts = world.ledger().total()
    assert (counts.repaired, counts.wrapped) == (0, 0)


def test_only_what_is_refused_for_its_form(world: World) -> None:
    world.old.deliver("INBOX", BAD)

    def too_large(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        return [Written(message.token, failure=failure(Action.REJECT)) for message in batch]

    world.new.faults = [too_large]
    assert world.run().rejected == 1
    assert world.new.seen == [BAD]


def test_not_where_nobody_wants_it(make_world: Callable[..., World]) -> None:
    world = make_world(options=Options(repair=False))
    world.old.deliver("INBOX", BAD)
    world.new.refuses = strict
    assert world.run().rejected == 1
    assert world.new.seen == [BAD]
    assert rows(world) == [("rejected", "the form is wrong")]


@pytest.mark.parametrize("in_doubt", [False, True])
@pytest.mark.parametrize("action", [Action.REJECT, Action.SPLIT])
def test_a_request_that_fails_as_a_whole(world: World, action: Action, *, in_doubt: bool) -> None:
    for data in (GOOD, BAD, HARD):
        world.old.deliver("INBOX", data)

    def whole(new: MemoryDestination, place: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        new.faults.append(whole)
        assert new.writes < 20
        if any(strict(message.body.read()) for message in batch):
            refused = failure(action, in_doubt=in_doubt)
            raise EndpointError(type(refused)(action, "FORM", "the form is wrong", form=True, in_doubt=in_doubt))
        return new.take(place, batch)

    world.new.faults = [whole]
    assert world.run().new == 3
    assert sorted(data for _, data in world.new.all()) == sorted([GOOD, MENDED, wrapped(HARD, START)])
    counts = world.ledger().total()
    assert (counts.repaired, counts.wrapped) == (1, 1)


@pytest.mark.parametrize("stored", [0, 1])
@pytest.mark.parametrize("data", [BAD, HARD])
def test_an_answer_that_is_lost_to_another_form(world: World, data: bytes, stored: int) -> None:
    world.old.deliver("INBOX", data)
    world.new.refuses = strict
    world.new.faults = [MemoryDestination.take, storing(stored, Action.RETRY, in_doubt=True, late=2)]
    world.until_done()
    (there,) = (data for _, data in world.new.all())
    assert there == (MENDED if data == BAD else wrapped(HARD, START))
    assert world.new.seen == [data] + [there] * (2 - stored)
    counts = world.ledger().total()
    assert (counts.copied, counts.repaired + counts.wrapped) == (1, 1)
    assert (rows(world)[0][1] or "").endswith(AS_IT_IS)
    assert len(told(world, *ALTERED)) == 1


def test_a_pass_cut_off_anywhere_goes_on_with_the_form_it_had_come_to(make_world: Callable[..., World]) -> None:
    for looks in range(1, 30, 2):
        world = make_world(keyed=looks % 2 == 0)
        for data in (BAD, GOOD, HARD):
            world.old.deliver("INBOX", data)
        world.new.refuses = lambda data: strict(data) or stubborn(data)
        world.new.faults = [MemoryDestination.take, MemoryDestination.take]
        world.run(stop_after=looks)
        world.run()
        assert [data for _, data in world.new.all()] == sorted(wrapped(data, START) for data in (BAD, GOOD, HARD))
        for data in (BAD, HARD, MENDED):
            assert 1 <= world.new.seen.count(data) <= 2


def test_a_form_that_was_sent_and_not_stored_is_sent_again_and_none_before_it(world: World) -> None:
    world.old.deliver("INBOX", BAD)
    world.new.refuses = stubborn
    lost = storing(0, Action.RETRY, in_doubt=True)
    world.new.faults = [MemoryDestination.take, lost, MemoryDestination.take, lost]
    world.until_done()
    assert world.new.seen == [BAD, MENDED, MENDED, *[wrapped(BAD, START)] * 2]


def test_other_bytes_under_the_same_uid_begin_anew(world: World) -> None:
    uid = world.old.deliver("INBOX", BAD)
    world.new.refuses = strict
    world.new.faults = [MemoryDestination.take, storing(0, Action.RETRY, in_doubt=True)]
    with pytest.raises(EndpointError):
        world.run()
    world.old.folder("INBOX").mails[uid].data = GOOD
    world.until_done()
    assert world.new.all() == [("Posteingang", GOOD)]
    assert rows(world) == [("copied", None)]
    assert world.ledger().total().repaired == 0


def forget(world: World) -> None:
    world.forget_ledger()
    world.events.clear()
    world.new.seen.clear()


@pytest.mark.parametrize("data", [BAD, HARD])
def test_with_a_lost_ledger_it_is_found_and_not_sent_again(world: World, data: bytes) -> None:
    for each in (data, GOOD, data):
        world.old.deliver("INBOX", each)
    world.new.refuses = strict
    world.run()
    there = world.new.all()
    forget(world)
    world.run()
    assert world.new.seen == []
    assert world.new.all() == there
    counts = world.ledger().total()
    assert counts.already_there == 3
    if not world.new.keyed:  # a key says nothing of the form
        assert counts.repaired + counts.wrapped == 2
        assert len(told(world, *ALTERED)) == 2


def test_a_twin_that_was_never_broken_keeps_its_own_copy(make_world: Callable[..., World]) -> None:
    world = make_world(keyed=False)
    world.old.deliver("INBOX", BAD)
    world.old.deliver("INBOX", MENDED)
    world.new.refuses = strict
    world.run()
    assert world.new.all() == [("Posteingang", MENDED)] * 2
    forget(world)
    world.run()
    assert world.new.seen == []
    assert world.ledger().total().already_there == 2


def test_its_copy_follows_when_it_is_moved_or_numbered_anew(world: World) -> None:
    world.old.add("Done")
    uid = world.old.deliver("INBOX", BAD)
    world.new.refuses = strict
    world.run()
    moved = world.old.move("INBOX", uid, "Done")
    world.run()
    assert world.new.all() == [("Done", MENDED)]
    world.old.renumber("Done")
    world.run()
    assert world.new.all() == [("Done", MENDED)]
    assert world.new.seen == [BAD, MENDED], moved
    assert world.ledger().total().repaired == 1


@pytest.mark.parametrize("done", ["copied", "moved"])
@pytest.mark.parametrize("data", [BAD, HARD])
def test_its_copy_is_known_where_it_went_when_the_answer_was_lost(world: World, data: bytes, done: str) -> None:
    """By what was sent of it, not by what the source holds."""
    world.old.add("Done")
    uid = world.old.deliver("INBOX", data)
    world.new.refuses = strict
    world.run()
    ((_, copy),) = world.new.all()
    moved = world.old.move("INBOX", uid, "Done")
    world.calls.before[f"{done} Posteingang"] = [world.lost]
    world.until_done()
    assert world.new.all() == [("Done", copy)]
    world.old.flag("Done", moved, [SEEN])
    world.run()
    assert world.new.at("Done")[copy].flags == Flags.of([SEEN])
    assert world.new.seen == [data, copy]


def test_a_form_that_is_too_large_is_not_sent(world: World) -> None:
    data = HARD + b"0123456789\r\n" * 340
    world.old.deliver("INBOX", data)
    world.new.refuses = strict
    assert world.run().rejected == 1
    assert world.new.seen == [data]
    beyond = "6.1 KB is more than the destination takes (4.9 KB)"
    assert rows(world) == [("rejected", f"{AS_IT_IS}; wrapped: {beyond}")]


def test_a_large_message_is_wrapped_without_a_mend_and_not_held_in_memory(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repairing, "LARGEST", len(BAD) - 1)
    monkeypatch.setattr(repairing, "_IN_MEMORY", 100)
    world.old.deliver("INBOX", BAD)
    world.new.refuses = strict
    assert world.run().new == 1
    assert world.new.seen == [BAD, wrapped(BAD, START)]
    assert "too large to mend" in (rows(world)[0][1] or "")


def test_an_original_that_cannot_be_kept_holds_the_message_back(world: World) -> None:
    world.old.deliver("INBOX", BAD)
    world.new.refuses = strict
    blocked = world.database.folder / "originals"
    blocked.write_text("a file is in the way")
    with pytest.raises(StateError, match="the original of a repaired message cannot be kept"):
        world.run()
    assert world.new.seen == [BAD]
    blocked.unlink()
    world.run()
    assert world.new.all() == [("Posteingang", MENDED)]


def test_what_arrives_in_another_form_counts_against_no_limit(make_world: Callable[..., World]) -> None:
    world = make_world(options=Options(rejected_limit=0))
    for number in range(9):
        world.old.deliver("INBOX", BAD.replace(b"x", b"%d" % number))
    world.new.refuses = strict
    assert world.run().new == 9
