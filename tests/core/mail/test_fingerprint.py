import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.mail.body import Body
from core.mail.fingerprint import canonical, folded
from tests.generated.bodies import bodies
from tests.generated.headers import sound_blocks
from tests.generated.letters import messages, sound
from tests.sandbox.message.regenerate import regenerate

MESSAGE = (
    b"From: Ann <ann@old.example>\r\nTo: b@x\r\nSubject: Viele =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Date: Tue, 5 Mar 2019 06:07:08 +0000\r\nMessage-ID: <1@x>\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nl=C3=A4uft\r\n"
)


def dovecot(data: bytes) -> bytes:
    """What a Dovecot stores for an APPEND; the same for the other two (measured)."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", data).replace(b"\0", b"\x80")


def cyrus(data: bytes) -> bytes:
    head, end, rest = data.partition(b"\r\n\r\n")
    refused = re.search(rb"(?<!\r)\n|\0", data)
    return data if refused else re.sub(rb"[\x80-\xff]", b"X", head) + end + rest


def courier(data: bytes) -> bytes:
    data = re.sub(rb"(?<!\r)\n", b"\r\n", re.sub(rb"\r(?!\n)", b"", data))
    return data if data.endswith(b"\r\n") else data + b"\r\n"


#: Messages with a header as it should be; what is below may be anything.
with_sound_header = st.builds(lambda head, body: head + body, sound_blocks(), bodies).filter(
    lambda data: not re.search(rb"\r(?!\n)|(?<!\r)\n", data)
)


@given(st.binary(max_size=400))
def test_any_bytes_have_both(data: bytes) -> None:
    assert len(canonical(data)) == 32
    assert len(folded(Body.of(data))) == 32


def test_a_broken_encoded_word_stands_for_itself() -> None:
    one, other = (canonical(b"Subject: =?utf-8?b?%b?=\r\n\r\nx\r\n" % word) for word in (b"a", b"b"))
    assert one != other


@given(st.binary(max_size=400))
def test_no_line_end_and_no_nul_counts_for_the_folded_print(data: bytes) -> None:
    stored = data.replace(b"\r", b"").replace(b"\n", b"\r\n").replace(b"\0", b"\x80") + b"\r\n"
    assert folded(Body.of(stored)) == folded(Body.of(data))


@pytest.mark.parametrize("nested", ['multipart/mixed; boundary="{0}"\r\n\r\n--{0}', "message/rfc822\r\n"])
def test_a_message_that_is_nested_beyond_sense_has_one(nested: str) -> None:
    levels = "".join(f"Content-Type: {nested.format(number)}\r\n" for number in range(3_000))
    one, other = (canonical(f"{levels}Content-Type: text/plain\r\n\r\n{word}\r\n".encode()) for word in ("a", "b"))
    assert one != other


@pytest.mark.parametrize("stored", [dovecot, cyrus, courier])
@settings(max_examples=60, derandomize=True, deadline=None)
@given(data=messages())
def test_what_servers_change_when_storing_changes_neither(stored: Callable[[bytes], bytes], data: bytes) -> None:
    assert folded(Body.of(stored(data))) == folded(Body.of(data))
    assert canonical(stored(data)) == canonical(data)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.one_of(sound, with_sound_header))
def test_what_exchange_writes_again_has_the_same_canonical_print(data: bytes) -> None:
    assert canonical(regenerate(data)) == canonical(data)


def test_the_same_of_real_messages(corpus: list[bytes]) -> None:
    """One has a From that no two programs read alike, one lines that end twice, one something before its header."""
    real = [data for data in corpus if data]
    assert sum(canonical(regenerate(data)) != canonical(data) for data in real) == 3
    assert len({canonical(data) for data in real}) > 0.9 * len(set(real))
    for stored in (dovecot, cyrus, courier):
        assert [data for data in real if canonical(stored(data)) != canonical(data)] == []


def test_other_text_has_another_print() -> None:
    other = MESSAGE.replace(b"l=C3", b"L=C3")
    assert folded(Body.of(other)) != folded(Body.of(MESSAGE))
    assert canonical(other) != canonical(MESSAGE)


@pytest.mark.parametrize(
    ("field", "other"),
    [
        (b"<1@x>", b"<2@x>"),
        (b"Viele", b"Andere"),
        (b"06:07:08 +0000", b"06:07:09 +0000"),
        (b"06:07:08 +0000", b"06:07:08 +0100"),
        (b"ann@old.example", b"ann@new.example"),
    ],
)
def test_each_field_counts(field: bytes, other: bytes) -> None:
    assert canonical(MESSAGE.replace(field, other)) != canonical(MESSAGE)


def test_canonical_sees_through_encodings_folding_and_added_headers() -> None:
    again = (
        b"X-TUID: abc\r\nMessage-ID: <1@x>\r\nDate: Tue, 5 Mar 2019 07:07:08\r\n +0100 (CET)\r\n"
        b'Subject: Viele\r\n =?iso-8859-1?q?Gr=FC=DFe?=\r\nFrom: "Ann" <ann@old.example>\r\n'
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nbMOkdWZ0DQo=\r\n"
    )
    assert canonical(again) == canonical(MESSAGE)
