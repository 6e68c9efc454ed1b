"""MIME written anew: what changes, what stays, and that nothing can break it."""

import base64
from email import policy
from email.message import Message
from email.parser import BytesParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.message.parsed import Parsed, content
from tests.sandbox.message.regenerate import regenerate


def fields(mime: bytes) -> list[str]:
    return list(BytesParser(policy=policy.compat32).parsebytes(mime).keys())


def leaves(mime: bytes) -> list[bytes]:
    return [content(part) for part in Parsed(mime).leaves]


PLAIN = (
    b"Received: from a\r\nX-Spam: no\r\nList-Id: <l>\r\nSubject: Hello\r\nDate: Mon, 4 Mar 2019 05:06:07 +0100\r\n"
    b'To: "Doe, Jane" <j@example.org>, x@example.org\r\nFrom: "Ann" <a@example.org>\r\nMessage-ID: <1@example.org>\r\n'
    b"\r\nHi\nthere\r\n"
)


def test_headers_are_put_in_order_and_only_properties_remain() -> None:
    mime = regenerate(PLAIN)
    assert fields(mime) == [
        "From",
        "To",
        "Subject",
        "Thread-Topic",
        "Date",
        "Message-ID",
        "X-MS-Has-Attach",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    ]
    message = BytesParser(policy=policy.default).parsebytes(mime)
    assert message["Date"] == "Mon, 04 Mar 2019 04:06:07 +0000"
    assert message["From"] == "Ann <a@example.org>"
    assert [entry.addr_spec for entry in message["To"].addresses] == ["j@example.org", "x@example.org"]
    assert leaves(mime) == [b"Hi\r\nthere\r\n"]


def test_it_is_always_the_same_and_not_the_original() -> None:
    assert regenerate(PLAIN) == regenerate(PLAIN)
    assert regenerate(PLAIN) != PLAIN


def test_headers_beyond_ascii_come_back_as_they_were() -> None:
    subject = "Grüße 日本 " * 30
    mime = b"Subject: " + subject.encode() + b"\r\n\r\n"
    again = BytesParser(policy=policy.default).parsebytes(regenerate(mime))
    assert again["Subject"] == subject.strip()


def test_parts_keep_their_order_and_attachments_their_bytes() -> None:
    data = bytes(range(256))
    mime = (
        b"Content-Type: multipart/mixed; boundary=o\r\n\r\npreamble\r\n--o\r\n"
        b"Content-Type: multipart/alternative; boundary=i\r\n\r\n"
        b"--i\r\nContent-Type: text/plain\r\n\r\nplain\r\n--i\r\n"
        b"Content-Type: text/html\r\n\r\n<p>html\r\n--i--\r\n--o\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''%C3%A4.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(data)
        + b"\r\n--o--\r\nepilogue\r\n"
    )
    again = regenerate(mime)
    assert leaves(again) == [b"plain", b"<p>html", data]
    assert [entry.name for entry in Parsed(again).attachments] == ["ä.bin"]
    assert b"preamble" not in again
    assert b"epilogue" not in again
    assert b"boundary=o" not in again


def test_a_nested_message_is_written_anew_too() -> None:
    mime = b"Subject: outer\r\nContent-Type: message/rfc822\r\n\r\nX-Own: 1\r\nSubject: inner\r\n\r\nHi\r\n"
    inner = BytesParser(policy=policy.compat32).parsebytes(regenerate(mime)).get_payload(0)
    assert isinstance(inner, Message)
    assert inner["X-Own"] is None
    assert inner["Subject"] == "inner"


@pytest.mark.parametrize("kind", ["signed", "encrypted"])
def test_what_is_signed_or_encrypted_is_not_touched(kind: str) -> None:
    body = b"--b\r\nContent-Type: text/plain\r\n\r\nline \r\n--b\r\nContent-Type: application/x\r\n\r\nsig\r\n--b--\r\n"
    mime = b"X-Own: 1\r\nSubject: x\r\nContent-Type: multipart/" + kind.encode() + b"; boundary=b\r\n\r\n" + body
    again = regenerate(mime)
    assert again.endswith(b"\r\n\r\n" + body)
    assert b"X-Own" not in again


def test_settings_win_over_the_mime() -> None:
    mime = b"From: a@example.org\r\nX-Priority: 1\r\nSensitivity: private\r\nDisposition-Notification-To: a@x\r\n\r\n"
    assert {"Importance", "Sensitivity", "Disposition-Notification-To"} <= set(fields(regenerate(mime)))
    settings = {"Importance": "Normal", "Sensitivity": "Normal", "IsReadReceiptRequested": "false"}
    assert not {"Importance", "X-Priority", "Sensitivity", "Disposition-Notification-To"} & set(
        fields(regenerate(mime, settings))
    )
    asked = regenerate(b"From: a@example.org\r\n\r\n", {"IsReadReceiptRequested": "true", "Importance": "Low"})
    assert {"Importance", "Disposition-Notification-To"} <= set(fields(asked))


def test_a_lost_date_is_the_time_it_was_sent() -> None:
    again = regenerate(b"Subject: x\r\n\r\n", sent="2019-03-04T05:06:07Z")
    assert b"Date: Mon, 04 Mar 2019 05:06:07 +0000\r\n" in again


def test_deep_nesting_is_read_as_text() -> None:
    mime = b"Content-Type: text/plain\r\n\r\nHi\r\n"
    for level in range(500):
        mime = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%b--b%d--\r\n" % (
            level,
            level,
            mime,
            level,
        )
    assert len(Parsed(regenerate(mime)).leaves) == 1


def test_every_message_can_be_written_anew(corpus: list[bytes]) -> None:
    for mime in corpus:
        again = regenerate(mime)
        assert regenerate(mime) == again
        assert BytesParser(policy=policy.compat32).parsebytes(again).get_content_type()


@given(st.binary(max_size=500))
def test_any_bytes_can_be_written_anew(mime: bytes) -> None:
    assert regenerate(mime)


_PIECES = [
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: message/delivery-status\r\n",
    b"Content-Type: text/html; charset=x\r\n",
    b"Content-Type: text/plain; charset=utf-16\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n",
    b"Content-Disposition: attachment; filename*=a'b'%ff\r\n",
    b"Subject: =?utf-8?b?w?= =?x?q?=ff?=\r\n",
    b'From: <<a@@,;:"\r\n',
    b"Date: 99 Foo 20199 25:61\r\n",
    *(b"--b\r\n", b"--b--\r\n", b"\r\n", b"\n", b"\r", b"\0", b"\xff", b" fold\r\n", b"AAAA\r\n"),
]


@given(st.lists(st.sampled_from(_PIECES), max_size=25).map(b"".join))
def test_any_broken_message_can_be_written_anew(mime: bytes) -> None:
    parsed = Parsed(mime)
    assert isinstance(parsed.body, tuple)
    assert all(entry.name or entry.address for entry in parsed.addresses("From"))
    assert regenerate(mime) == regenerate(mime)
