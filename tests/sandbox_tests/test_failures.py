"""Everything that can be told to go wrong does, and the disk holds what it should."""

import http.client
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from tests.sandbox.connection import Oversize
from tests.sandbox.mailbox import Mailbox
from tests.sandbox.outcomes import Busy, Fault, Fewer, Held, Http, ItemError, Outcome, Reset, Slow, StoreLate, Truncated
from tests.sandbox.raw import RawClient, message
from tests.sandbox.script import Rule
from tests.sandbox.server import PracticeExchange

MIMES = [b"Subject: %d\r\n\r\nHi\r\n" % n for n in range(4)]
BATCH = [message(mime) for mime in MIMES]


def subjects(mailbox: Mailbox) -> list[str]:
    return [item.subject for item in mailbox.items("inbox")]


def test_busy_says_how_long_and_only_as_often_as_planned(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox
) -> None:
    practice_exchange.next("CreateItem", Busy(back_off_ms=300), times=2, after=1)
    assert client.create(BATCH).codes == ["NoError"] * 4
    for _turn in range(2):
        answer = client.create(BATCH)
        assert (answer.status, answer.is_fault, answer.codes) == (500, True, ["ErrorServerBusy"])
        assert answer.message_values() == {"BackOffMilliseconds": "300"}
    assert practice_exchange.script_left == 0
    assert client.create(BATCH).codes == ["NoError"] * 4
    assert ann.count() == 8


def test_other_operations_are_not_meant(practice_exchange: PracticeExchange, client: RawClient) -> None:
    practice_exchange.next("CreateItem", Busy())
    assert client.find().codes == ["NoError"]
    assert practice_exchange.script_left == 1
    assert client.create(BATCH).message_values() == {}


def test_an_item_is_refused_and_the_others_are_stored(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox
) -> None:
    practice_exchange.next("CreateItem", ItemError("ErrorMessageSizeExceeded", at=2))
    assert client.create(BATCH).codes == ["NoError", "ErrorMessageSizeExceeded", "NoError", "NoError"]
    assert subjects(ann) == ["0", "2", "3"]


def test_a_busy_item_stops_the_batch(practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox) -> None:
    practice_exchange.next("CreateItem", ItemError("ErrorServerBusy", at=2))
    assert client.create(BATCH).codes == ["NoError", "ErrorServerBusy", *["ErrorBatchProcessingStopped"] * 2]
    practice_exchange.next("CreateItem", ItemError("ErrorServerBusy", at=2, stops=False))
    assert client.create(BATCH).codes == ["NoError", "ErrorServerBusy", "NoError", "NoError"]
    assert subjects(ann) == ["0", "0", "2", "3"]


def test_a_request_that_breaks_the_schema_is_told_where(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox
) -> None:
    values = {"LineNumber": "2", "LinePosition": "7", "Violation": "The element is invalid."}
    practice_exchange.next("CreateItem", Fault("ErrorSchemaValidation", values=values))
    answer = client.create(BATCH)
    assert (answer.codes, answer.message_values()) == (["ErrorSchemaValidation"], {})
    assert {name: answer.values(name) for name in values} == {name: [value] for name, value in values.items()}
    assert ann.count() == 0


def test_an_inner_code(practice_exchange: PracticeExchange, client: RawClient) -> None:
    practice_exchange.next("CreateItem", ItemError("ErrorItemSave", at=1, inner="ErrorQuotaExceeded"))
    answer = client.create(BATCH)
    assert answer.codes == ["ErrorInternalServerError", "NoError", "NoError", "NoError"]
    assert answer.message_values() == {"InnerErrorResponseCode": "ErrorQuotaExceeded"}


def test_items_by_what_they_hold(practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox) -> None:
    practice_exchange.when(
        lambda request: request.operation == "CreateItem",
        ItemError("ErrorCorruptData", where=lambda mime: b"Subject: 2" in mime),
    )
    for _turn in range(2):
        assert client.create(BATCH).codes == ["NoError", "NoError", "ErrorCorruptData", "NoError"]
    practice_exchange.clear_script()
    assert client.create(BATCH).codes == ["NoError"] * 4
    assert ann.count() == 10


def test_one_item_spoils_the_whole_request(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox
) -> None:
    practice_exchange.when(
        lambda request: any(b"Subject: 2" in mime for mime in request.mimes), Fault("ErrorMimeContentConversionFailed")
    )
    assert client.create(BATCH).is_fault
    assert ann.count() == 0
    assert client.create(BATCH[:2]).codes == ["NoError", "NoError"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Http(302, location="/owa/auth/errorfe.aspx?httpCode=500"), 302),
        (Http(401), 401),
        (Http(403), 403),
        (Http(404, body="404.13"), 404),
        (Http(413), 413),
        (Http(429, retry_after=7), 429),
        (Http(503, retry_after=datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)), 503),
        (Fault("ErrorInvalidRequest", status=400), 400),
        (Fault("ErrorInternalServerError", status=200), 200),
    ],
)
def test_statuses(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox, outcome: Outcome, status: int
) -> None:
    practice_exchange.next("CreateItem", outcome)
    answer = client.create(BATCH)
    assert answer.status == status
    if isinstance(outcome, Http) and outcome.retry_after:
        assert answer.headers["retry-after"] == ("7" if status == 429 else "Mon, 03 Feb 2031 04:05:06 GMT")
    if isinstance(outcome, Http) and outcome.location:
        assert answer.headers["location"] == outcome.location
    assert ann.count() == 0
    assert practice_exchange.requests[-1].status == status


@pytest.mark.parametrize(
    ("outcome", "stored"),
    [(Reset("before"), []), (Reset("after"), ["0", "1", "2", "3"]), (Reset("after", items=2), ["0", "1"])],
)
def test_a_reset_with_more_or_less_stored(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox, outcome: Reset, stored: list[str]
) -> None:
    practice_exchange.next("CreateItem", outcome)
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        client.create(BATCH)
    assert subjects(ann) == stored
    assert practice_exchange.requests[-1].status == 0


def test_stored_late_means_after_the_connection_broke(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox
) -> None:
    practice_exchange.next("CreateItem", StoreLate(1.0))
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        client.create(BATCH)
    client.close()
    assert ann.count() == 0
    assert client.find().ids() == []
    practice_exchange.settle()
    assert ann.count() == 4


def test_a_truncated_answer(practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox) -> None:
    practice_exchange.next("CreateItem", Truncated(keep=100))
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.create(BATCH)
    assert len(caught.value.partial) == 100
    assert ann.count() == 4


def test_fewer_answers_than_items(practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox) -> None:
    practice_exchange.next("CreateItem", Fewer(by=3))
    assert client.create(BATCH).codes == ["NoError"]
    assert ann.count() == 4


@pytest.mark.parametrize(("where", "stored"), [("before", 0), ("after", 4)])
def test_a_slow_answer_outlasts_a_client(
    practice_exchange: PracticeExchange, ann: Mailbox, where: str, stored: int
) -> None:
    practice_exchange.next("CreateItem", Slow(1.0, where="before" if where == "before" else "after"))
    with RawClient(practice_exchange.url, "svc", "secret", mailbox=ann.address, timeout=0.6) as hasty:
        with pytest.raises(TimeoutError):
            hasty.create(BATCH)
        assert ann.count() == stored
    practice_exchange.stop()
    assert practice_exchange.mailbox(ann.address).count() == 4


def test_a_held_request_waits_until_it_is_released(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox
) -> None:
    held = Held()
    practice_exchange.next("CreateItem", held)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.create, BATCH)
        assert held.arrived.wait(20)
        assert ann.count() == 0
        held.release.set()
        answer.result(20)
    assert ann.count() == 4


def test_whole_rules(practice_exchange: PracticeExchange, client: RawClient) -> None:
    practice_exchange.script(
        Rule(
            (Fault("ErrorTimeoutExpired"),),
            operation="FindItem",
            when=lambda request: request.mailbox == "ann@example.com",
        ),
        Rule((Busy(),), times=None),
    )
    assert client.find().codes == ["ErrorTimeoutExpired"]
    assert client.find().codes == ["ErrorServerBusy"]
    assert client.find().codes == ["ErrorServerBusy"]


@pytest.mark.parametrize(("answer", "status"), [("413", 413), ("404.13", 404), ("405", 405)])
def test_a_request_above_the_limit(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox, answer: Oversize, status: int
) -> None:
    practice_exchange.limit.size = 10_000
    practice_exchange.limit.answer = answer
    refused = client.create([message(b"x" * 10_000)])
    assert refused.status == status
    assert (b"404.13" in refused.body) is (status == 404)
    assert client.create(BATCH[:1]).codes == ["NoError"]
    assert ann.count() == 1


def test_a_request_above_the_limit_is_cut_in_the_middle(
    practice_exchange: PracticeExchange, client: RawClient, ann: Mailbox
) -> None:
    practice_exchange.limit.size = 10_000
    practice_exchange.limit.answer = "close"
    with pytest.raises(ConnectionError):  # broken pipe or reset, by how much was on its way
        client.create([message(b"x" * 20_000_000)])
    assert ann.count() == 0
    assert practice_exchange.requests == []


def test_counts_what_was_asked(practice_exchange: PracticeExchange, client: RawClient) -> None:
    client.create(BATCH)
    client.find()
    assert [(seen.operation, seen.items, seen.account, seen.mailbox) for seen in practice_exchange.requests] == [
        ("CreateItem", 4, "svc", "ann@example.com"),
        ("FindItem", 1, "svc", "ann@example.com"),
    ]
    assert practice_exchange.requests[0].size > 600
    assert practice_exchange.connections == 1


def test_pieces_of_a_body(practice_exchange: PracticeExchange, ann: Mailbox) -> None:
    parts = urlsplit(practice_exchange.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    with RawClient(practice_exchange.url, "svc", "secret", mailbox=ann.address) as form:
        body = form.envelope("<m:GetServerTimeZones/>")
    headers = {"Authorization": "Basic c3ZjOnNlY3JldA==", "Expect": "100-continue"}
    connection.request("POST", parts.path, iter([body[:10], body[10:]]), headers, encode_chunked=True)
    assert b'Id="UTC"' in connection.getresponse().read()
    connection.close()


def test_a_server_that_is_stopped_keeps_its_disk(
    make_practice_exchange: Callable[..., PracticeExchange], practice_exchange: PracticeExchange, client: RawClient
) -> None:
    client.create(BATCH)
    practice_exchange.stop()
    again = make_practice_exchange(data=practice_exchange.data)
    assert subjects(again.mailbox("ann@example.com")) == ["0", "1", "2", "3"]
