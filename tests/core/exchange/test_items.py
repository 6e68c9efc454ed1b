"""What an item in Exchange shows of a message, and how later changes reach it and nothing else does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.exchange.destination import ExchangeDestination
from core.mail.flags import Flags
from core.mail.folder import FolderPath
from core.ports.destination import DestinationFolder, Shown
from core.ports.failure import EndpointError
from tests.core.exchange.conftest import WHEN, Box, inbox, outgoing
from tests.sandbox.mailbox import ItemView
from tests.sandbox.outcomes import ItemError, Reset

TOKEN = "{81c7b681-0256-4601-9598-9b7d7498820e}/mailcutover-source-key String"
READ, UNSENT = 1, 8


def stored(box: Box, *flags: str, received: datetime | None = WHEN, data: bytes | None = None) -> ItemView:
    """One message with these flags, as it is kept."""
    destination = box.connected()
    (written,) = destination.write(inbox(destination), [outgoing(1, *flags, received=received, data=data)])
    assert written.failure is None
    (item,) = box.mailbox.items("inbox")
    assert written.item == item.id
    return item


def test_a_read_message_is_read_and_no_draft(box: Box) -> None:
    item = stored(box, "\\Seen")
    assert (item.flags & (READ | UNSENT), item.is_read, item.is_draft) == (READ, True, False)


def test_an_unread_message_is_unread_and_no_draft(box: Box) -> None:
    item = stored(box)
    assert (item.flags & (READ | UNSENT), item.is_read, item.is_draft) == (0, False, False)


def test_a_draft_stays_one(box: Box) -> None:
    item = stored(box, "\\Draft", "\\Seen")
    assert (item.flags & (READ | UNSENT), item.is_draft) == (READ | UNSENT, True)


@pytest.mark.parametrize(
    "received", [WHEN, WHEN.astimezone(timezone(timedelta(hours=5, minutes=30))), datetime(1970, 1, 1, tzinfo=UTC)]
)
def test_internaldate_is_when_it_was_received(box: Box, received: datetime) -> None:
    assert stored(box, received=received).received == received


def test_without_a_date_exchange_takes_its_own(box: Box) -> None:
    assert "0x0e06 SystemTime" not in stored(box, received=None).explicit


@pytest.mark.parametrize(
    ("received", "kept"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), datetime(1602, 1, 1, tzinfo=UTC)),
        (datetime(9999, 1, 1, tzinfo=UTC), datetime(4500, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_of_a_date_that_exchange_cannot_hold_the_nearest_is_sent(box: Box, received: datetime, kept: datetime) -> None:
    assert stored(box, received=received).received == kept


def test_a_flag_is_a_follow_up(box: Box) -> None:
    properties = stored(box, "\\Flagged").properties
    assert (properties["0x1090 Integer"], properties["0x1095 Integer"]) == ("2", "6")


@pytest.mark.parametrize(("flags", "verb", "icon"), [(["\\Answered"], "102", "261"), (["$Forwarded"], "104", "262")])
def test_what_was_answered_or_forwarded_shows_it(box: Box, flags: list[str], verb: str, icon: str) -> None:
    properties = stored(box, *flags).properties
    assert (properties["0x1081 Integer"], properties["0x1080 Integer"]) == (verb, icon)
    assert properties["0x1082 SystemTime"] == "2019-03-04T05:06:07Z"


def test_nothing_is_said_that_the_source_did_not_say(box: Box) -> None:
    item = stored(box)
    expected = ["MimeContent", TOKEN, "0x0e07 Integer", "0x0e06 SystemTime", "IsReadReceiptRequested", "IsRead"]
    assert list(item.explicit) == expected
    assert item.mime == outgoing(1).body.read()


def test_importance_and_the_like_stay_as_the_mime_says(box: Box) -> None:
    data = b"From: a@example.com\r\nImportance: high\r\nSensitivity: private\r\nSubject: x\r\n\r\nx"
    item = stored(box, data=data)
    assert set(item.settings) == {"IsReadReceiptRequested"}


@pytest.mark.parametrize(("option", "receipts"), [("off", 0), ("keep", 1)])
def test_old_mail_asks_for_receipts_only_where_it_is_to(box: Box, option: str, receipts: int) -> None:
    data = b"From: a@example.com\r\nDisposition-Notification-To: a@example.com\r\nMessage-ID: <r@x>\r\n\r\nx"
    destination = box.connected(read_receipts=option)
    (written,) = destination.write(inbox(destination), [outgoing(1, data=data)])
    assert written.item is not None
    box.mailbox.mark_read(written.item)
    assert ("IsReadReceiptRequested" in box.mailbox.items()[0].explicit) == (option == "off")
    # Marking it read ourselves sends none in any case.
    (written,) = destination.write(inbox(destination), [outgoing(2, data=data)])
    assert written.item is not None
    before = len(box.mailbox.receipts)
    destination.change_flags(inbox(destination), written.item, Flags.of(["\\Seen"]), Flags())
    assert len(box.mailbox.receipts) == before


def test_keywords_are_categories_and_what_cannot_be_one_is_told(box: Box) -> None:
    destination = box.connected()
    message = outgoing(1, "work", "Caf\u00e9<&>", "a,b", "c;d", "x" * 256, "\\Answered", "$Forwarded")
    (written,) = destination.write(inbox(destination), [message])
    assert set(box.mailbox.items()[0].categories) == {"work", "Caf\u00e9<&>"}
    assert set(written.dropped) == {"a,b", "c;d", "x" * 256, "$Forwarded"}


ALL = ["\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Forwarded", "work", "$label1", "NonJunk"]


@pytest.mark.parametrize("flags", [[], ["\\Seen"], ALL[:4], ["$Forwarded", "\\Flagged"], ALL[4:], ["Work", "\\seen"]])
def test_flags_are_shown_as_they_were_written(box: Box, flags: list[str]) -> None:
    destination = box.connected()
    folder = inbox(destination)
    (written,) = destination.write(folder, [outgoing(1, *flags)])
    assert written.item is not None
    assert destination.shown(folder, [written.item]) == {written.item: Shown(Flags.of(flags))}


def test_flags_of_what_a_user_changed(box: Box) -> None:
    item = stored(box, "\\Seen", "\\Flagged")
    destination = box.connected()
    mailbox = box.mailbox
    mailbox.mark_read(item.id, read=False)
    mailbox.set_property(item.id, "0x1090 Integer", "1")
    mailbox.set_property(item.id, "0x1081 Integer", "103")
    mailbox.set_categories(item.id, "Blue category", "todo")
    shown = destination.shown(inbox(destination), [item.id])[item.id]
    assert shown.flags == Flags.of(["\\Answered", "todo"])
    assert shown.touched == Flags.of(["\\Flagged"])


def test_what_was_moved_or_deleted_is_not_shown(box: Box) -> None:
    destination = box.connected()
    folder = inbox(destination)
    written = destination.write(folder, [outgoing(number) for number in range(250)])
    items = [each.item for each in written if each.item is not None]
    box.mailbox.move(items[3], "drafts")
    box.mailbox.delete(items[120])
    shown = destination.shown(folder, items)
    assert list(shown) == [*items[:3], *items[4:120], *items[121:]]
    assert box.operations().count("GetItem") == 3


@pytest.fixture
def open_item(box: Box) -> Callable[..., tuple[ExchangeDestination, DestinationFolder, str]]:
    """Writes one message with flags."""

    def write(*flags: str) -> tuple[ExchangeDestination, DestinationFolder, str]:
        destination = box.connected()
        folder = inbox(destination)
        (written,) = destination.write(folder, [outgoing(1, *flags)])
        assert written.item is not None
        return destination, folder, written.item

    return write


@pytest.mark.parametrize(
    ("before", "add", "remove", "after", "kept_back"),
    [
        ([], ["\\Seen"], [], ["\\Seen"], ()),
        (["\\Seen", "\\Flagged"], [], ["\\Seen"], ["\\Flagged"], ()),
        (["work"], ["\\Flagged"], [], ["\\Flagged", "work"], ()),
        (["\\Flagged", "work"], [], ["\\Flagged"], ["work"], ()),
        (["work"], ["home"], ["WORK"], ["home"], ()),
        (["work"], ["Work"], [], ["work"], ()),
        (["work"], [], ["work"], [], ()),
        ([], ["\\Answered"], [], ["\\Answered"], ()),
        (["\\Answered"], [], ["\\Answered"], [], ()),
        (["$Forwarded"], ["\\Answered"], [], ["\\Answered"], ()),
        (["\\Answered"], ["$Forwarded"], [], ["\\Answered"], ("$Forwarded",)),
        (["\\Answered"], [], ["$Forwarded"], ["\\Answered"], ()),
        (["$Forwarded"], ["\\Seen"], ["$Forwarded"], ["\\Seen"], ()),
        ([], ["\\Draft"], [], [], ("\\Draft",)),
        (["\\Draft"], [], ["\\Draft"], ["\\Draft"], ("\\Draft",)),
        ([], ["a,b", "ok"], [], ["ok"], ("a,b",)),
        ([], [], [], [], ()),
    ],
)
def test_changes(
    open_item: Callable[..., tuple[ExchangeDestination, DestinationFolder, str]],
    before: list[str],
    add: list[str],
    remove: list[str],
    after: list[str],
    kept_back: tuple[str, ...],
) -> None:
    destination, folder, item = open_item(*before)
    assert destination.change_flags(folder, item, Flags.of(add), Flags.of(remove)) == kept_back
    assert destination.shown(folder, [item])[item].flags == Flags.of(after)


def test_a_change_touches_only_what_it_says(
    box: Box, open_item: Callable[..., tuple[ExchangeDestination, DestinationFolder, str]]
) -> None:
    destination, folder, item = open_item("\\Seen", "\\Flagged", "\\Answered", "work")
    box.mailbox.set_property(item, "0x1090 Integer", "1")
    box.mailbox.set_categories(item, "work", "Blue category")
    before = box.mailbox.items()[0]
    destination.change_flags(folder, item, Flags.of(["todo"]), Flags.of(["\\Seen"]))
    after = box.mailbox.items()[0]
    assert after.categories == ("work", "Blue category", "todo")
    assert not after.is_read
    assert after.properties == before.properties
    assert (after.received, after.mime) == (before.received, before.mime)


def test_a_simple_change_costs_one_request(
    box: Box, open_item: Callable[..., tuple[ExchangeDestination, DestinationFolder, str]]
) -> None:
    destination, folder, item = open_item()
    before = len(box.operations())
    destination.change_flags(folder, item, Flags.of(["\\Seen", "\\Flagged"]), Flags())
    assert box.operations()[before:] == ["UpdateItem"]


def test_a_change_of_somebody_else_meanwhile_is_not_lost(
    box: Box, open_item: Callable[..., tuple[ExchangeDestination, DestinationFolder, str]]
) -> None:
    destination, folder, item = open_item("work")

    def change(request: object) -> bool:
        if getattr(request, "operation", "") != "UpdateItem" or len(box.mailbox.items()[0].categories) > 1:
            return False
        box.mailbox.set_categories(item, "work", "theirs")
        return False

    box.server.when(change)
    destination.change_flags(folder, item, Flags.of(["ours"]), Flags())
    assert box.mailbox.items()[0].categories == ("work", "theirs", "ours")
    assert box.operations()[-4:] == ["GetItem", "UpdateItem", "GetItem", "UpdateItem"]


def test_a_conflict_without_end_is_an_error(
    box: Box, open_item: Callable[..., tuple[ExchangeDestination, DestinationFolder, str]]
) -> None:
    destination, folder, item = open_item()
    box.server.next("UpdateItem", ItemError("ErrorIrresolvableConflict"), times=None)
    with pytest.raises(EndpointError):
        destination.change_flags(folder, item, Flags.of(["work"]), Flags())


@pytest.mark.parametrize("add", ["\\Seen", "work"])
def test_a_message_that_is_gone_is_left_alone(
    box: Box, open_item: Callable[..., tuple[ExchangeDestination, DestinationFolder, str]], add: str
) -> None:
    destination, folder, item = open_item()
    box.mailbox.delete(item)
    assert destination.change_flags(folder, item, Flags.of([add]), Flags()) == ()


def test_a_move_takes_everything_along(
    box: Box, open_item: Callable[..., tuple[ExchangeDestination, DestinationFolder, str]]
) -> None:
    destination, folder, item = open_item("\\Seen", "\\Flagged", "work")
    other = destination.create_folder(FolderPath.of("Projects", "Old"), None)
    moved = destination.move(item, folder, other)
    assert moved is not None
    assert moved != item
    assert destination.shown(folder, [item]) == {}
    assert destination.shown(other, [moved])[moved].flags == Flags.of(["\\Seen", "\\Flagged", "work"])
    assert box.tokens("Projects/Old") == [outgoing(1).token]


def test_what_is_no_longer_where_we_put_it_is_not_moved(
    box: Box, open_item: Callable[..., tuple[ExchangeDestination, DestinationFolder, str]]
) -> None:
    destination, folder, item = open_item()
    other = destination.create_folder(FolderPath.of("Other"), None)
    gone = box.mailbox.move(item, "drafts")
    assert destination.move(item, folder, other) is None
    assert destination.move(gone, folder, other) is None
    assert box.mailbox.count("drafts") == 1


def test_a_move_whose_answer_is_lost_is_not_made_twice(
    box: Box, open_item: Callable[..., tuple[ExchangeDestination, DestinationFolder, str]]
) -> None:
    destination, folder, item = open_item()
    other = destination.create_folder(FolderPath.of("Other"), None)
    box.server.next("MoveItem", Reset("after"))
    with pytest.raises(EndpointError) as caught:
        destination.move(item, folder, other)
    assert caught.value.failure.in_doubt
    assert destination.move(item, folder, other) is None
    assert box.tokens() == [outgoing(1).token]
