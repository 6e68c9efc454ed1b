"""A wrapped message is plain outside, and inside the original to the last byte."""

import email
from datetime import UTC, datetime
from email.message import Message
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mail.body import Body
from core.mail.fingerprint import canonical
from core.mail.repair import repaired
from core.mail.wrap import wrapped, wrapped_print

WHEN = datetime(2020, 3, 5, 6, 7, 8, tzinfo=UTC)
HEADERS = st.lists(
    st.sampled_from(
        [
            *(b"From: Ann <a@b>\r\n", b"From: nobody\r\n", b"From: \xff <a@b>\r\n", b'From: "\x1b[2J" <a@b>\r\n'),
            *(b"To: a@b, Bob <c@d>\r\n", b"To: all\r\n", b"To: J\xc3\xb6rg <j@b>\r\n", b"Cc: x@y\n", b"junk\r\n"),
            *(
                b"Subject: s\r\n",
                b"Subject: \xc3\xbc\r\n",
                b"Subject: =?utf-8?q?x?=\r\n\ty\r\n",
                b"Subject: \0\x07\r\n",
            ),
            *(b"Date: Tue, 5 Mar 2019 06:07:08 +0100\r\n", b"Date: never\r\n", b"Message-ID: <1@x>\r\n"),
            *(b"Message-ID: 1\r\n", b"Subject: " + b"long" * 2_000 + b"\r\n", b"\r\n"),
        ]
    ),
    max_size=10,
).map(b"".join)


def parts(data: bytes) -> list[Message]:
    message = email.message_from_bytes(data)
    assert not message.defects
    return cast("list[Message]", message.get_payload())


@given(HEADERS, st.binary(max_size=300))
def test_any_message_is_in_it_whole_and_found_again(header: bytes, body: bytes) -> None:
    data = header + body
    cover = wrapped(data, WHEN)
    text, original = parts(cover)
    assert original.get_payload(decode=True) == data
    assert original.get_filename() == "original.eml"
    assert b"open original.eml" in cast("bytes", text.get_payload(decode=True))
    assert cover.isascii()
    assert repaired(cover) is None
    assert wrapped(data, WHEN) == cover
    assert wrapped_print(Body.of(data), WHEN) == canonical(cover)


def test_what_the_header_says_is_taken_over() -> None:
    cover = email.message_from_bytes(
        wrapped(
            b"From: Ann, B <a@b>\r\nTo: all <c@d>\r\nSubject: Gr\xc3\xbc\xc3\x9fe\0\r\nMessage-ID: <1@x>\r\n"
            b"Date: Tue, 5 Mar 2019 06:07:08 +0100\r\nX-Other: y\r\n\r\n\0",
            WHEN,
        )
    )
    assert cover.items() == [
        ("From", '"Ann, B" <a@b>'),
        ("To", "all <c@d>"),
        ("Subject", "=?utf-8?b?R3LDvMOfZQ==?="),
        ("Date", "Tue, 05 Mar 2019 06:07:08 +0100"),
        ("Message-ID", "<1@x>"),
        ("MIME-Version", "1.0"),
        ("Content-Type", 'multipart/mixed; boundary="=_mailcutover"'),
    ]


@pytest.mark.parametrize(("received", "date"), [(WHEN, "Thu, 05 Mar 2020 06:07:08 +0000"), (None, None)])
def test_without_a_date_the_server_s_stands_in(received: datetime | None, date: str | None) -> None:
    cover = email.message_from_bytes(wrapped(b"Date: when I like\r\n\r\n", received))
    assert cover["Date"] == date


def test_other_messages_have_other_prints() -> None:
    assert wrapped_print(Body.of(b"a"), WHEN) != wrapped_print(Body.of(b"b"), WHEN)
    assert wrapped_print(Body.of(b"Subject: a\r\n\r\n"), WHEN) != wrapped_print(Body.of(b"Subject: b\r\n\r\n"), WHEN)


def test_a_large_message_is_wrapped_in_pieces() -> None:
    data = b"Subject: large\r\n\r\n" + bytes(range(256)) * 1_000
    _, original = parts(wrapped(data, WHEN))
    assert original.get_payload(decode=True) == data
