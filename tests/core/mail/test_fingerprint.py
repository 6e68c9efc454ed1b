import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mail.body import Body
from core.mail.fingerprint import canonical, folded

MESSAGE = (
    b"From: Ann <ann@old.example>\r\nTo: b@x\r\nSubject: Viele =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Date: Tue, 5 Mar 2019 06:07:08 +0000\r\nMessage-ID: <1@x>\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nl=C3=A4uft\r\n"
)


@given(st.binary(max_size=400))
def test_any_bytes_have_both(data: bytes) -> None:
    assert len(canonical(data)) == 32
    assert len(folded(Body.of(data))) == 32


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: =?utf-8?b?a?=\r\n\r\nx\r\n",
        b"Content-Type: message/rfc822\r\n\r\n" * 2_000 + b"deep\r\n",
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(2_000)),
    ],
    ids=["encoded word", "messages", "parts"],
)
def test_what_cannot_be_read_has_a_print_of_its_own(data: bytes) -> None:
    assert canonical(data) == canonical(data)
    assert canonical(data) != canonical(data + b"more")


@given(st.binary(max_size=400))
def test_what_servers_change_when_storing_changes_no_folded_print(data: bytes) -> None:
    stored = data.replace(b"\r", b"").replace(b"\n", b"\r\n").replace(b"\0", b"\x80") + b"\r\n"
    assert folded(Body.of(stored)) == folded(Body.of(data))


def test_other_text_has_another_print() -> None:
    other = MESSAGE.replace(b"l=C3", b"L=C3")
    assert folded(Body.of(other)) != folded(Body.of(MESSAGE))
    assert canonical(other) != canonical(MESSAGE)


def test_canonical_sees_through_encodings_folding_and_added_headers() -> None:
    again = (
        b"X-TUID: abc\r\nMessage-ID: <1@x>\r\nDate: Tue, 5 Mar 2019 06:07:08\r\n +0000\r\n"
        b"Subject: Viele\r\n =?iso-8859-1?q?Gr=FC=DFe?=\r\nFrom: Ann <ann@old.example>\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nbMOkdWZ0DQo=\r\n"
    )
    assert canonical(again) == canonical(MESSAGE)
