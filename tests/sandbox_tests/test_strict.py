"""A strict Exchange refuses messages by their content; which ones, whoever sends them how often."""

import pytest

from tests.sandbox.mailbox import Mailbox
from tests.sandbox.message.form import fault
from tests.sandbox.raw import RawClient, message
from tests.sandbox.server import PracticeExchange

GOOD = b"From: Ann <ann@example.org>\r\nSubject: good\r\n\r\nline\r\n"
PART = b"--b\r\n\r\nx\r\n"
PARTS = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


@pytest.mark.parametrize(
    "mime",
    [
        GOOD,
        b"\r\nno header, but an empty line\r\n",
        b"Subject: no sender\r\n\r\n",
        b"Subject: header only\r\n",
        b"Subject: folded\r\n\tonce\r\n\r\n" + b"x" * 9_900 + b"\r\n\xff",
        PARTS + PART * 249 + b"--b--\r\n",
    ],
)
def test_what_is_taken(mime: bytes) -> None:
    assert fault(mime) is None


@pytest.mark.parametrize(
    ("mime", "code"),
    [
        (GOOD + b"\0", "ErrorMimeContentConversionFailed"),
        (GOOD + b"x" * 9_901, "ErrorMimeContentConversionFailed"),
        (GOOD.replace(b"good", b"g" * 9_900), "ErrorMimeContentConversionFailed"),
        (GOOD + b"a\nb", "ErrorMimeContentInvalid"),
        (GOOD + b"a\rb", "ErrorMimeContentInvalid"),
        (b"no header\r\n", "ErrorMimeContentInvalid"),
        (b" Subject: s\r\n\r\n", "ErrorMimeContentInvalid"),
        (b"Subject: s\r\nno header\r\n\r\n", "ErrorMimeContentInvalid"),
        (b"From: Ann\r\n\r\n", "ErrorMimeContentInvalid"),
        (b"From: Ann, B <a@b>\r\n\r\n", "ErrorMimeContentInvalid"),
        (b"From:\r\n\r\n", "ErrorMimeContentInvalid"),
        (PARTS + PART * 250 + b"--b--\r\n", "ErrorMimeContentConversionFailed"),
        (b"Content-Type: message/rfc822\r\n\r\n" * 30 + b"x", "ErrorMimeContentConversionFailed"),
        (b"Content-Type: message/rfc822\r\n\r\n" * 2_000 + b"x", "ErrorMimeContentConversionFailed"),
    ],
)
def test_what_is_refused(mime: bytes, code: str) -> None:
    wrong = fault(mime)
    assert wrong is not None
    assert wrong[0] == code


def test_it_is_strict_when_it_is_told_to(client: RawClient, ann: Mailbox, practice_exchange: PracticeExchange) -> None:
    bad = GOOD.replace(b"\r\n", b"\n")
    assert client.create([message(bad)]).codes == ["NoError"]
    practice_exchange.strict = True
    codes = ["NoError", "ErrorMimeContentInvalid", "NoError"]
    assert client.create([message(GOOD), message(bad), message(GOOD)]).codes == codes
    assert [item.mime for item in ann.items("inbox")] == [bad, GOOD, GOOD]
