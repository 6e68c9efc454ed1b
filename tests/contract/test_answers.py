"""Whatever Exchange answers in a real run: the others arrive, everything is there exactly once in the end, and the
mailbox says what was the matter.

Row by row what gromox 3.10 was seen to answer, what exchangelib 5.6 made of it, and what Exchange is documented to
say. A row is a run against a practice Exchange that is told to answer so; what is stored is read past the program.
A certificate that does not verify is in test_links.py, budgets are in test_budgets.py.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from core.event import EventKind
from core.status import MailboxStatus
from tests.contract.scene import Scene, opened
from tests.sandbox.connection import Oversize
from tests.sandbox.outcomes import Busy, Fault, Fewer, Http, ItemError, Outcome, Reset, Slow, StoreLate, Truncated
from tests.sandbox.script import Request, Rule

ODD: Final = b"Subject: odd\r\n"
LARGE: Final = 1_500_000


def _message(subject: bytes, size: int = 100) -> bytes:
    lines = b"some text of no matter, again and again and again, for its size alone\r\n" * (size // 71)
    return b"Message-ID: <%b@example.org>\r\nSubject: %b\r\n\r\n" % (subject, subject) + lines


#: Two folders, each in one request; in the first of them an odd one.
MESSAGES: Final = [
    *[("INBOX", _message(subject)) for subject in (b"1", b"2", b"3", b"odd", b"4", b"5", b"6")],
    *[("Later", _message(b"later %d" % number)) for number in range(6)],
]
WITH_LARGE: Final = [(folder, _message(b"odd", LARGE) if ODD in data else data) for folder, data in MESSAGES]
COUNT: Final = len(MESSAGES)
#: So many seconds for a server that asks for time and does not say how much.
WAIT: Final = 0.1

# --- how it ends ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ends:
    """How the first run ends. `missing` are not there then; with the trouble over, a second run brings them."""

    exit_code: int = 0
    status: MailboxStatus = MailboxStatus.SYNCED
    condition: str | None = None
    rejected: int = 0
    missing: int = 0


ARRIVES: Final = Ends()
REJECTED: Final = Ends(1, rejected=1, missing=1)
STOPPED: Final = Ends(1, MailboxStatus.FAILED, missing=COUNT)
#: The others of that request and those after it are not sent.
FULL: Final = Ends(1, MailboxStatus.FAILED, "quota", missing=7)

# --- what goes wrong, and when -------------------------------------------------------------------------------------


def contains(text: bytes, mime: bytes) -> bool:
    return text in mime


def _has(text: bytes, request: Request) -> bool:
    return request.operation == "CreateItem" and any(text in mime for mime in request.mimes)


_has_odd: Final = partial(_has, ODD)


def first(*outcomes: Outcome, operation: str = "CreateItem") -> Rule:
    """The first request of its kind, and no other."""
    return Rule(outcomes, operation=operation)


def always(*outcomes: Outcome, operation: str | None = "CreateItem") -> Rule:
    return Rule(outcomes, operation=operation, times=None)


def odd(code: str, *, inner: str | None = None, text: str = "In its own words.", times: int | None = None) -> Rule:
    """Of each request the odd message only."""
    error = ItemError(code, where=lambda mime: ODD in mime, text=text, inner=inner, stops=None)
    return Rule((error,), when=_has_odd, times=times)


def busy(code: str, *, inner: str | None = None) -> Rule:
    """The odd message, twice, with a wish for time."""
    error = ItemError(code, where=lambda mime: ODD in mime, inner=inner, values={"BackOffMilliseconds": "200"})
    return Rule((error,), when=_has_odd, times=2)


def full_after_the_first() -> Rule:
    """The mailbox takes what is in the first request and nothing any more, as gromox 3.10 says it."""
    error = ItemError("ErrorItemSave", text="E-3254: failed to save item")
    return Rule((error,), operation="CreateItem", times=None, after=1)


@dataclass(frozen=True, slots=True)
class Row:
    """What the server does, and what comes of it.

    `shows` are the conditions that the mailbox was seen in; `says` stands in its error; `sent` is how many messages
    travelled until the first run had ended, where that is a matter of course; `waits` how many seconds it waited, each
    time that it was asked to.
    """

    what: str
    rule: Rule
    ends: Ends = ARRIVES
    shows: frozenset[str] = frozenset()
    says: str = ""
    sent: int | None = None
    waits: float | None = None


def _shows(*conditions: str) -> frozenset[str]:
    return frozenset(conditions)


DOUBT: Final = _shows("waiting_for_link")
#: Not there at the first look: so it is waited for what may still come.
ABSENT: Final = _shows("waiting_for_link", "settling")
THROTTLED: Final = _shows("throttled")

#: What is said of a message, and what its rejection says: the others go on.
REFUSED: Final[list[tuple[ItemError, str]]] = [
    (ItemError("ErrorMessageSizeExceeded"), "larger than this mailbox may receive: 132 bytes"),
    (ItemError("ErrorItemSave", text="It is odd."), "It is odd."),
    (ItemError("ErrorCorruptData", text="It is broken."), "It is broken."),
    (ItemError("ErrorMimeContentConversionFailed", text="It cannot be read."), "It cannot be read."),
    (ItemError("ErrorMimeContentInvalid", text="It is no MIME."), "It is no MIME."),
    (ItemError("ErrorItemCorrupt", text="It cannot be kept."), "It cannot be kept."),
    (ItemError("ErrorInvalidChangeKey"), "Exchange lost the message while it saved it"),
    (ItemError("ErrorItemNotFound"), "Exchange lost the message while it saved it"),
    (ItemError("ErrorInternalServerError"), "Exchange failed on this message and gives no reason"),
    (ItemError("ErrorCalendarOutOfRange"), "Exchange refuses this message"),  # stands in no table of ours
]
#: What is said of every request with a certain message in it: it is found, and the others go on. gromox 3.10 says such
#: things with status 200.
SPOILS: Final[list[tuple[Fault | Http, str]]] = [
    (Fault("ErrorInvalidRequest"), "Exchange does not understand the request"),
    (Fault("ErrorInvalidRequest", "Not so.", status=400), "Exchange does not understand the request (Not so.)"),
    (Fault("ErrorSchemaValidation", values={"Violation": "The value is invalid."}), "The value is invalid."),
    (Fault("ErrorSchemaValidation", status=200), "Exchange does not understand the request"),
    (Fault("ErrorMimeContentInvalid", "It is no MIME.", status=200), "It is no MIME."),
    (Fault("ErrorInternalServerError", status=200), "Exchange failed on this message"),
    (Fault("Client", "E-3044: failed to convert element", status=200), "E-3044: failed to convert element"),
    (Fault("ErrorMessageSizeExceeded"), "larger than this mailbox may receive: 132 bytes"),
    (Http(400), "Exchange does not take this message"),
    (Http(413), "larger than one EWS request may be: 132 bytes"),
    (Http(404, body="HTTP Error 404.13"), "larger than one EWS request may be: 132 bytes"),
]

ONE_MESSAGE: Final = [
    Row("one message: ErrorQuotaExceeded", odd("ErrorQuotaExceeded"), FULL, says="raise its quota"),
    Row("one message: inner ErrorQuotaExceeded", odd("", inner="ErrorQuotaExceeded"), FULL, says="raise its quota"),
    Row("one message: ErrorItemSave for quota", odd("ErrorItemSave", text="Over quota."), FULL, says="raise its quota"),
    Row(
        "ErrorItemSave and no reason",
        full_after_the_first(),
        replace(FULL, missing=6),
        says="as if the mailbox were full",
    ),
    Row("one message: ErrorAccessDenied", odd("ErrorAccessDenied"), replace(STOPPED, missing=7), says="full access"),
    Row("one message: ErrorFolderNotFound once", odd("ErrorFolderNotFound", times=1), shows=DOUBT),
    Row("one message: ErrorServerBusy", busy("ErrorServerBusy"), shows=THROTTLED, waits=0.2),
    Row("one message: inner ErrorServerBusy", busy("", inner="ErrorServerBusy"), shows=THROTTLED, waits=0.2),
    Row(
        "one message: ErrorInternalServerTransientError",
        odd("ErrorInternalServerTransientError", times=1),
        shows=_shows("throttled", "settling"),
    ),
    Row("one message: ErrorTimeoutExpired", odd("ErrorTimeoutExpired", times=1), shows=_shows("throttled", "settling")),
]
LOST: Final = [
    Row("reset before the commit", first(Reset("before")), shows=ABSENT, sent=COUNT + 7),
    Row("reset after the commit", first(Reset("after")), shows=DOUBT, sent=COUNT),
    Row("reset in the middle", first(Reset("after", items=3)), shows=ABSENT, sent=COUNT + 4),
    Row("reset long before the commit", first(StoreLate(0.3)), shows=ABSENT, sent=COUNT),
    Row("no answer in time", first(Slow(1.2, "after")), shows=DOUBT),
    Row("a slow answer", first(Slow(0.2, "after")), sent=COUNT),
    Row("a truncated answer", first(Truncated()), shows=DOUBT, sent=COUNT),
    Row("fewer answers than messages", first(Fewer()), shows=DOUBT, sent=COUNT),
    Row("one answer for seven messages", first(Fewer(6)), shows=DOUBT, sent=COUNT),
    Row("a folder made, and the answer lost", first(Reset("after"), operation="CreateFolder"), shows=DOUBT, sent=COUNT),
]
FAULTS: Final = [
    Row("fault: ErrorServerBusy with BackOffMilliseconds", first(Busy(back_off_ms=300)), shows=THROTTLED, waits=0.3),
    Row("fault: ErrorExceededConnectionCount", first(Fault("ErrorExceededConnectionCount")), shows=THROTTLED),
    Row(
        "fault: ErrorMailboxMoveInProgress",
        first(Fault("ErrorMailboxMoveInProgress")),
        shows=_shows("throttled", "settling"),
    ),
    Row("fault: ErrorTimeoutExpired", first(Fault("ErrorTimeoutExpired")), shows=ABSENT),
    Row("fault: ErrorMailboxStoreUnavailable", first(Fault("ErrorMailboxStoreUnavailable")), shows=ABSENT),
    Row("fault: ErrorInternalServerError", first(Fault("ErrorInternalServerError")), sent=COUNT + 7),
    Row("fault: over quota", always(Fault("ErrorQuotaExceeded")), replace(FULL, missing=COUNT), says="its quota"),
    *[
        Row(f"fault: {code}", always(Fault(code)), STOPPED, says=says, sent=7)
        for code, says in (
            ("ErrorInvalidServerVersion", "older than Exchange 2013 SP1"),
            ("ErrorInvalidSchemaVersionForMailboxVersion", "older than Exchange 2013 SP1"),
            ("ErrorImpersonateUserDenied", "ApplicationImpersonation"),
            ("ErrorNonExistentMailbox", "there is no such mailbox at the destination"),
            ("ErrorAccessDenied", "Add-MailboxPermission"),
        )
    ],
    Row(
        "ErrorFolderExists for a folder that is not there",
        always(ItemError("ErrorFolderExists"), operation="CreateFolder"),
        STOPPED,
        says="a folder is there already, and does not list it",
    ),
]
_ERROR_PAGE: Final = "/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx"
STATUSES: Final = [
    Row("401 once", first(Http(401)), shows=DOUBT, sent=COUNT + 7),
    Row("401 from then on", Rule((Http(401),), times=None, after=4), STOPPED, DOUBT, "refuses the sign-in"),
    Row("403", always(Http(403)), STOPPED, says="Set-CASMailbox -EwsEnabled $true", sent=7),
    Row("413 for several", first(Http(413)), sent=COUNT + 7),
    Row("404.13 for several", first(Http(404, body="HTTP Error 404.13")), sent=COUNT + 7),
    Row("404 once", first(Http(404)), shows=DOUBT, sent=COUNT + 7),
    Row("429 with Retry-After", first(Http(429, retry_after=1)), shows=THROTTLED, waits=1),
    Row("503 with Retry-After", first(Http(503, retry_after=1)), shows=THROTTLED, waits=1),
    Row("503 with a date gone by", first(Http(503, retry_after=datetime(2020, 1, 1, tzinfo=UTC))), shows=THROTTLED),
    Row("503 without a word", first(Http(503)), shows=THROTTLED, waits=WAIT),
    Row("502", first(Http(502)), shows=ABSENT, sent=COUNT + 7),
    Row("504", first(Http(504)), shows=ABSENT, sent=COUNT + 7),
    Row("500 without SOAP", first(Http(500)), shows=ABSENT, sent=COUNT + 7),
    Row("200 without SOAP", first(Http(200, body="<html>")), shows=ABSENT, sent=COUNT + 7),
    Row("302 to the error page", first(Http(302, location=_ERROR_PAGE)), shows=ABSENT, sent=COUNT + 7),
    Row("302 to a sign-in page", always(Http(302, location="/owa/auth/logon.aspx")), STOPPED, says="/owa/auth/logon"),
]

# --- the runs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def make(
    request: pytest.FixtureRequest, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Scene]]:
    monkeypatch.setattr("core.sync.answering.WAIT", WAIT)
    contexts = []

    def made(messages: list[tuple[str, bytes]] = MESSAGES) -> Scene:
        contexts.append(opened(Scene("exchange", request, user, tmp_path, tls=False, messages=messages), monkeypatch))
        scene: Scene = contexts[-1].__enter__()
        return scene

    yield made
    for context in contexts:
        context.__exit__(None, None, None)


def told(scene: Scene) -> str:
    """What the user is told of what went wrong: the mailbox's error, and the reasons of rejections."""
    reasons = [event.text for event in scene.events if event.kind is EventKind.MESSAGE_REJECTED]
    return "; ".join([scene.view().error or "", *reasons])


def throttles(scene: Scene) -> list[str]:
    """What was said each time that the destination asked for time."""
    return [event.text for event in scene.events if event.kind is EventKind.MAILBOX_THROTTLED]


def sent(scene: Scene) -> int:
    """How many messages have travelled."""
    return sum(seen.items for seen in scene.exchange.requests if seen.operation == "CreateItem")


def ended(scene: Scene, ends: Ends) -> None:
    """The run that has just ended, did so; what is there is there once, and what is not is known not to be."""
    view, there = scene.view(), scene.there()
    assert (view.status, view.condition) == (ends.status, ends.condition)
    assert set(there.values()) <= {1}
    assert there.total() == COUNT - ends.missing
    assert (view.counts.copied, view.counts.rejected) == (COUNT - ends.missing, ends.rejected)


def over(scene: Scene) -> None:
    """The trouble is over: another run brings what is missing."""
    scene.exchange.clear_script()
    scene.exchange.limit.size = None
    assert scene.run(retry_rejected=True).exit_code == 0
    scene.each_is_there_once()


@pytest.mark.parametrize("row", [*ONE_MESSAGE, *LOST, *FAULTS, *STATUSES], ids=lambda row: row.what)
def test_answers(make: Callable[..., Scene], row: Row) -> None:
    scene = make()
    scene.exchange.script(replace(row.rule))
    run = scene.run(settle="0.5s")
    assert (run.exit_code, run.faults) == (row.ends.exit_code, [])
    ended(scene, row.ends)
    assert row.says in told(scene)
    # What settles may have settled before anybody looks.
    assert row.shows - {"settling"} <= set(scene.conditions) - {row.ends.condition} <= row.shows
    assert all(shown["until"] and shown["why"] for shown in scene.shown if shown["condition"] == "throttled")
    if row.waits is not None:
        assert {said[:13] for said in throttles(scene)} == {f"waiting {row.waits:.1f} s"}
    if row.sent is not None:
        assert sent(scene) == row.sent
    assert scene.exchange.script_left == 0
    if row.ends is ARRIVES:
        scene.each_is_there_once()
    else:
        over(scene)


def subject_of(number: int) -> bytes:
    return b"refused %02d" % number


def refused(scene: Scene, says: list[str]) -> None:
    """Each of these was rejected for its own reason, and everything else arrived."""
    assert scene.there() == Counter(data for _, data in MESSAGES)
    assert scene.conditions == []
    reasons = {event.uid: event.text for event in scene.events if event.kind is EventKind.MESSAGE_REJECTED}
    assert len(reasons) == len(says)
    for uid, reason in enumerate(says, 1):
        assert reason in reasons[uid]
    over(scene)


def test_messages_that_are_refused(make: Callable[..., Scene]) -> None:
    scene = make([*MESSAGES, *(("Odd", _message(subject_of(number))) for number in range(len(REFUSED)))])
    errors = [replace(error, where=partial(contains, subject_of(number))) for number, (error, _) in enumerate(REFUSED)]
    scene.exchange.next("CreateItem", *errors, times=None)
    assert scene.run().exit_code == 1
    refused(scene, [says for _, says in REFUSED])


def test_messages_that_spoil_their_requests(make: Callable[..., Scene]) -> None:
    scene = make([*MESSAGES, *(("Odd", _message(subject_of(number))) for number in range(len(SPOILS)))])
    for number, (outcome, _) in enumerate(SPOILS):
        scene.exchange.when(partial(_has, subject_of(number)), outcome)
    assert scene.run().exit_code == 1
    refused(scene, [says for _, says in SPOILS])


@pytest.mark.parametrize("answer", ["413", "404.13", "405", "close"])
def test_a_message_above_the_limit_of_a_request(make: Callable[..., Scene], answer: Oversize) -> None:
    """gromox 3.10: 405, or the connection is closed in the middle. That is no busy server, and not tried for ever."""
    scene = make(WITH_LARGE)
    scene.exchange.limit.size, scene.exchange.limit.answer = 1_200_000, answer
    assert scene.run(settle="0.3s").exit_code == 1
    ended(scene, REJECTED)
    assert "1.4 MB" in told(scene)
    over(scene)


def test_a_message_above_the_limit_of_the_mailbox(make: Callable[..., Scene]) -> None:
    scene = make(WITH_LARGE)
    mailbox = scene.exchange.mailbox(f"{scene.user}@new.example")
    mailbox.limit(message=1_000_000)
    assert scene.run().exit_code == 1
    ended(scene, REJECTED)
    assert "the message is larger than this mailbox may receive: 1.4 MB" in told(scene)
    mailbox.limit()
    over(scene)


@pytest.mark.parametrize("known", [True, False])
def test_a_password_that_changes_in_the_middle(
    make: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    """Two refused sign-ins and no more: directories lock accounts after a handful."""
    scene = make()
    scene.exchange.lock_after = 3

    def change() -> None:
        scene.exchange.add_account("svc", "another one")
        if known:
            monkeypatch.setenv("EXCHANGE_PASSWORD", "another one")

    scene.on[EventKind.MESSAGE_COPIED] = change
    assert scene.run().exit_code == (0 if known else 1)
    if not known:
        assert "Exchange refuses the sign-in" in told(scene)
        assert 0 < scene.there().total() < COUNT
        monkeypatch.setenv("EXCHANGE_PASSWORD", "another one")
        assert scene.run().exit_code == 0, "the account is not locked"
    scene.each_is_there_once()
