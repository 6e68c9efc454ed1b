import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.imap.utf7 import decode, encode

KNOWN = [
    (b"INBOX", "INBOX"),
    (b"Entw&APw-rfe", "Entwürfe"),
    (b"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/台北/日本語"),
    (b"&2D3eAA- emoji", "😀 emoji"),
    (b"Smith &- Sons", "Smith & Sons"),
    (b"&-&-", "&&"),
    (b"a+b", "a+b"),
    (b"", ""),
]


@pytest.mark.parametrize(("wire", "text"), KNOWN)
def test_known_names(wire: bytes, text: str) -> None:
    assert decode(wire) == text
    assert encode(text) == wire


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        (b"Smith & Sons", "Smith & Sons"),
        (b"A&***-b", "A&***-b"),
        (b"A&Jjo", "A&Jjo"),
        (b"A&AP-b", "A&AP-b"),  # half a character
        (b"&2D0-", "&2D0-"),  # half a surrogate pair
        (b"&", "&"),
        (b"& &APw-", "& ü"),
        ("Entwürfe".encode(), "Entwürfe"),
        ("Entwürfe".encode("latin-1"), "Entwürfe"),
        (b"\xff&APw-", "ÿ&APw-"),
    ],
)
def test_what_is_not_modified_utf7_stands_for_itself(wire: bytes, text: str) -> None:
    assert decode(wire) == text


@given(st.binary())
@example(b"&AAAAAAA-")
def test_decoding_never_raises_and_yields_text(name: bytes) -> None:
    decode(name).encode()


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    wire = encode(text)
    assert all(0x20 <= byte < 0x7F for byte in wire)
    assert decode(wire) == text


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="&")))
def test_plain_names_are_never_changed(text: str) -> None:
    wire = text.encode()
    assert encode(decode(wire)) == wire == encode(text)


@given(st.lists(st.sampled_from([b"&", b"-", b"&-", b"A", b"APw", b",", b"+", b"&APw-", b"&2D0-", b"\xfc"])))
def test_a_broken_name_keeps_its_letters(pieces: list[bytes]) -> None:
    name = b"".join(pieces)
    decode(encode(decode(name)))
    if name.isascii() and b"&" not in name:
        assert decode(name).encode() == name


def test_lone_surrogates_are_no_reason_to_raise() -> None:
    assert decode(encode("\ud800")).isascii()
