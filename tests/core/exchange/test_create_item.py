"""What becomes of a write, whatever the server does: one POST, one truth for each message, never a second copy."""

import itertools
from collections.abc import Callable

import pytest

from core.mail.body import Body
from core.ports.destination import Doubt, Written
from core.ports.failure import Action, EndpointError, Failure
from tests.core.exchange.conftest import Box, batch, eventually, inbox, outgoing, small
from tests.sandbox.outcomes import Busy, Fault, Fewer, Http, ItemError, Outcome, Reset, Slow, Truncated

RETRY, WAIT, SPLIT, REJECT = Action.RETRY, Action.WAIT, Action.SPLIT, Action.REJECT
STOP_MAILBOX, STOP_BATCH = Action.STOP_MAILBOX, Action.STOP_BATCH


def failing(box: Box, count: int = 3, **changes: float) -> Failure:
    """Write a batch that fails as a whole; how."""
    destination = box.open(**changes)
    with pytest.raises(EndpointError) as caught:
        destination.write(inbox(destination), batch(count))
    return caught.value.failure


# What the server does to a batch of three, and: what to do, whether in doubt, how many are stored all the same.
WHOLE: list[tuple[str, tuple[Outcome, ...], Action, bool, int]] = [
    ("busy", (Busy(),), WAIT, False, 0),
    ("too many connections", (Fault("ErrorExceededConnectionCount"),), WAIT, False, 0),
    ("mailbox moves", (Fault("ErrorMailboxMoveInProgress"),), WAIT, True, 0),
    ("503", (Http(503),), WAIT, False, 0),
    ("429", (Http(429),), WAIT, False, 0),
    ("401 after a success", (Http(401),), RETRY, False, 0),
    ("403", (Http(403),), STOP_MAILBOX, False, 0),
    ("413", (Http(413),), SPLIT, False, 0),
    ("404 for a small one", (Http(404),), RETRY, False, 0),
    ("405 for a small one", (Http(405),), RETRY, False, 0),
    ("400", (Http(400),), SPLIT, False, 0),
    ("302", (Http(302),), STOP_BATCH, False, 0),
    ("500 without SOAP", (Http(500),), RETRY, True, 0),
    ("502", (Http(502),), RETRY, True, 0),
    ("504", (Http(504),), RETRY, True, 0),
    ("200 without SOAP", (Http(200, body="<html>"),), RETRY, True, 0),
    ("reset before", (Reset("before"),), RETRY, True, 0),
    ("reset after", (Reset("after"),), RETRY, True, 3),
    ("reset half-way", (Reset("after", items=1),), RETRY, True, 1),
    ("truncated", (Truncated(),), RETRY, True, 3),
    ("truncated before the last tag", (Truncated(keep=900),), RETRY, True, 3),
    ("fewer answers", (Fewer(),), RETRY, True, 3),
    ("far fewer answers", (Fewer(2),), RETRY, True, 3),
    ("schema", (Fault("ErrorSchemaValidation"),), SPLIT, False, 0),
    ("invalid request", (Fault("ErrorInvalidRequest"),), SPLIT, True, 0),
    ("invalid request with 200", (Fault("ErrorInvalidRequest", status=200),), SPLIT, True, 0),
    ("internal", (Fault("ErrorInternalServerError"),), SPLIT, True, 0),
    ("unknown code", (Fault("ErrorMadeUp"),), SPLIT, True, 0),
    ("version", (Fault("ErrorInvalidServerVersion"),), STOP_BATCH, False, 0),
    ("impersonation", (Fault("ErrorImpersonateUserDenied"),), STOP_MAILBOX, False, 0),
    ("no mailbox", (Fault("ErrorNonExistentMailbox"),), STOP_MAILBOX, False, 0),
    ("transient", (Fault("ErrorInternalServerTransientError"),), RETRY, True, 0),
    ("timeout", (Fault("ErrorTimeoutExpired"),), RETRY, True, 0),
    ("store", (Fault("ErrorMailboxStoreUnavailable"),), RETRY, True, 0),
]


@pytest.mark.parametrize(
    ("outcomes", "action", "doubt", "stored"), [row[1:] for row in WHOLE], ids=[r[0] for r in WHOLE]
)
def test_a_request_that_fails_as_a_whole_is_sent_once(
    box: Box, outcomes: tuple[Outcome, ...], action: Action, doubt: bool, stored: int
) -> None:
    box.server.next("CreateItem", *outcomes)
    failure = failing(box)
    assert (failure.action, failure.in_doubt) == (action, doubt)
    assert failure.cause
    assert not failure.sign_in
    assert box.operations().count("CreateItem") == 1
    assert box.mailbox.count() == stored
    assert box.server.script_left == 0


def test_what_is_in_doubt_is_found_by_its_token(box: Box) -> None:
    box.server.next("CreateItem", Reset("after", items=2))
    destination = box.connected()
    folder = inbox(destination)
    messages = batch()
    with pytest.raises(EndpointError):
        destination.write(folder, messages)
    doubts = [Doubt(message.token, "", None, b"", 1) for message in messages]
    found = destination.look_up(folder, doubts, frozenset())
    assert found == dict(zip([m.token for m in messages[:2]], [item.id for item in box.mailbox.items()], strict=True))
    assert destination.look_up(folder, doubts, frozenset(found.values())) == {}


# What is said of the second of three messages, and: what becomes of each (None: stored), whether it is in doubt.
ITEMS: list[tuple[ItemError, tuple[Action | None, ...], bool]] = [
    (ItemError("ErrorMessageSizeExceeded", at=2), (None, REJECT, None), False),
    (ItemError("ErrorQuotaExceeded", at=2), (None, STOP_MAILBOX, None), False),
    (ItemError("ErrorQuotaExceeded", at=2, inner="ErrorQuotaExceeded"), (None, STOP_MAILBOX, None), False),
    (ItemError("ErrorItemSave", at=2), (None, REJECT, None), False),
    (ItemError("ErrorItemSave", at=2, text="The mailbox is over its quota."), (None, STOP_MAILBOX, None), False),
    (ItemError("ErrorMimeContentInvalid", at=2), (None, REJECT, None), False),
    (ItemError("ErrorMimeContentConversionFailed", at=2), (None, REJECT, None), False),
    (ItemError("ErrorCorruptData", at=2), (None, REJECT, None), False),
    (ItemError("ErrorItemCorrupt", at=2), (None, REJECT, None), False),
    (ItemError("ErrorVirusDetected", at=2), (None, REJECT, None), False),
    (ItemError("ErrorInternalServerError", at=2), (None, REJECT, None), False),
    (ItemError("ErrorCalendarOutOfRange", at=2), (None, REJECT, None), False),
    (ItemError("ErrorAccessDenied", at=2), (None, STOP_MAILBOX, None), False),
    (ItemError("ErrorServerBusy", at=2), (None, WAIT, WAIT), False),
    (ItemError("ErrorServerBusy", at=2, inner="ErrorServerBusy"), (None, WAIT, WAIT), False),
    (ItemError("ErrorServerBusy", at=2, stops=False), (None, WAIT, None), False),
    (ItemError("ErrorInternalServerTransientError", at=2), (None, RETRY, WAIT), True),
    (ItemError("ErrorTimeoutExpired", at=2), (None, RETRY, WAIT), True),
    (ItemError("ErrorFolderNotFound", at=2), (None, RETRY, None), False),
]


@pytest.mark.parametrize(("error", "expected", "doubt"), ITEMS, ids=lambda value: getattr(value, "code", None))
def test_one_message_says_nothing_about_the_others(
    box: Box, error: ItemError, expected: tuple[Action | None, ...], doubt: bool
) -> None:
    destination = box.connected()
    messages = batch()
    box.server.next("CreateItem", error)
    written = destination.write(inbox(destination), messages)
    assert [each.token for each in written] == [message.token for message in messages]
    assert tuple(each.failure.action if each.failure else None for each in written) == expected
    assert written[1].failure is not None
    assert written[1].failure.in_doubt == doubt
    assert written[1].failure.quota == ("quota" in (error.code + error.text).lower())
    assert written[1].failure.cause
    stored = [each for each in written if each.failure is None]
    assert [each.item for each in stored] == [item.id for item in box.mailbox.items()]
    assert box.tokens() == [each.token for each in stored]
    assert box.operations().count("CreateItem") == 1


def test_back_off_is_told_in_seconds(box: Box) -> None:
    box.server.next("CreateItem", Busy(back_off_ms=300))
    assert failing(box).seconds == 0.3


def test_retry_after_is_told_in_seconds(box: Box) -> None:
    box.server.next("CreateItem", Http(503, retry_after=7))
    assert failing(box).seconds == 7.0


def test_back_off_of_one_message_holds_for_those_after_it(box: Box) -> None:
    """Exchange does not look at the rest of a batch then, and says no more of it."""
    busy = ItemError("ErrorServerBusy", at=2, values={"BackOffMilliseconds": "4200"})
    box.server.next("CreateItem", busy)
    destination = box.connected()
    written = destination.write(inbox(destination), batch())
    assert [each.failure and (each.failure.action, each.failure.seconds) for each in written] == [
        None,
        (WAIT, 4.2),
        (WAIT, 4.2),
    ]


def test_no_answer_in_time_is_in_doubt(box: Box) -> None:
    box.connected()
    box.server.next("CreateItem", Slow(1.0, "after"))
    failure = failing(box, timeout=0.3)
    assert (failure.action, failure.code, failure.in_doubt) == (RETRY, "TIMEOUT", True)
    assert eventually(lambda: box.operations().count("CreateItem") == 1)
    assert box.mailbox.count() == 3


def test_an_internal_error_after_the_item_was_saved_is_no_rejection(box: Box) -> None:
    destination = box.connected()
    folder = inbox(destination)
    (first,) = destination.write(folder, [outgoing(1)])
    box.server.next("CreateItem", ItemError("ErrorInternalServerError", at=1))
    (second,) = destination.write(folder, [outgoing(1)])
    assert second == Written(first.token, first.item)
    assert box.mailbox.count() == 1


def test_when_it_cannot_look_again_the_message_stays_in_doubt(box: Box) -> None:
    destination = box.connected()
    folder = inbox(destination)
    box.server.next("CreateItem", ItemError("ErrorInternalServerError", at=2))
    box.server.next("FindItem", Reset("before"))
    written = destination.write(folder, batch())
    assert [each.failure is None for each in written] == [True, False, True]
    assert written[1].failure is not None
    assert (written[1].failure.action, written[1].failure.in_doubt) == (RETRY, True)


@pytest.mark.parametrize(
    ("outcome", "action", "doubt"),
    [
        (Http(413), REJECT, False),
        (Http(400), REJECT, False),
        (Fault("ErrorSchemaValidation"), REJECT, False),
        (Fault("ErrorInternalServerError"), REJECT, True),
        (Fault("ErrorInternalServerError", text="MapiExceptionShutoffQuotaExceeded"), STOP_MAILBOX, False),
    ],
)
def test_a_request_of_one_message_is_never_split(box: Box, outcome: Outcome, action: Action, doubt: bool) -> None:
    box.server.next("CreateItem", outcome)
    failure = failing(box, count=1)
    assert (failure.action, failure.in_doubt) == (action, doubt)


def test_an_empty_message_spoils_no_batch(box: Box) -> None:
    destination = box.connected()
    messages = [outgoing(1), outgoing(2), outgoing(3)]
    empty = type(messages[1])(messages[1].token, Body.of(b""), messages[1].flags, None)
    written = destination.write(inbox(destination), [messages[0], empty, messages[2]])
    assert [each.failure.action if each.failure else None for each in written] == [None, REJECT, None]


def test_limits_of_the_mailbox_are_its_own_words(make_box: Callable[..., Box]) -> None:
    box = make_box(message_limit=5000, quota=6000)
    destination = box.connected()
    written = destination.write(
        inbox(destination),
        [
            outgoing(1, data=small(1, size=6000)),
            outgoing(2, data=small(2, size=3000)),
            outgoing(3, data=small(3, size=4000)),
        ],
    )
    failures = [each.failure for each in written]
    assert [failure.action if failure else None for failure in failures] == [REJECT, None, STOP_MAILBOX]
    assert [failure.quota if failure else None for failure in failures] == [False, None, True]


UNSAVED = ItemError("ErrorItemSave", where=lambda mime: b"odd" in mime)


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        # "." is saved, a letter is a message that is not: of the last request R rejected, F stopped as full
        ((".abcd",), ".RRRR"),
        ((".abcde",), ".FFFFF"),
        ((".abcd", "ef"), "FF"),
        (("a.bcdef",), "R.FFFFF"),
        ((".abcd", ".efgh"), ".RRRR"),
        (("abcdef", "ghijkl"), "RRRRRR"),
        (("abcdef", ".", "ghij", "k"), "F"),
        # one that comes again, in another form
        ((".abcd", "a", "a", "b", "b"), "R"),
        ((".a.b.c.d.e.", "a", "a", "b", "b", "c", "c"), "R"),
    ],
)
def test_many_in_a_row_that_are_not_saved_for_no_reason_are_a_full_mailbox(
    box: Box, requests: tuple[str, ...], expected: str
) -> None:
    """gromox 3.10 says ErrorItemSave and nothing else, of a full mailbox as of an odd message."""
    destination = box.connected()
    folder = inbox(destination)
    box.server.when(lambda request: request.operation == "CreateItem", UNSAVED)
    saved = itertools.count(1000)
    for signs in requests:
        numbers = [next(saved) if sign == "." else ord(sign) for sign in signs]
        messages = [outgoing(number, data=small(number) + (b"odd" if number < 1000 else b"")) for number in numbers]
        written = destination.write(folder, messages)
    shown = {None: ".", REJECT: "R", STOP_MAILBOX: "F"}
    assert "".join(shown[each.failure.action if each.failure else None] for each in written) == expected
    for each in written:
        if each.failure is not None:
            full = each.failure.action is STOP_MAILBOX
            assert (each.failure.quota, "raise its quota" in each.failure.cure) == (full, full)
            assert each.failure.said == "The item was refused."
