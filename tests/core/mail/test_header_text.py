import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mail.header_text import WIDTH, decoded, encoded, encoded_8bit, fold

PRINTABLE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)
WORDS = st.lists(PRINTABLE, min_size=1, max_size=30)


@given(st.text(st.characters(codec="utf-8")).filter(str.isprintable))
def test_encoded_words_say_what_was_encoded(text: str) -> None:
    words = encoded(text.encode())
    assert decoded(words) == text.strip()
    assert all(len(word) <= 75 for word in words.split(b" "))
    assert words.isascii()


@given(st.binary(min_size=1))
def test_bytes_of_no_known_charset_keep_their_values(data: bytes) -> None:
    text = encoded(b"\xff" + data)
    assert re.fullmatch(rb"(=\?iso-8859-1\?b\?[A-Za-z0-9+/=]+\?= ?)+", text)


@pytest.mark.parametrize(
    ("value", "better"),
    [
        (b"all  ASCII", b"all  ASCII"),
        (b"a \xc3\xbc b", b"a =?utf-8?b?w7w=?= b"),
        (b"\xc3\xbc \xc3\xb6", b"=?utf-8?b?w7wgw7Y=?="),
        (b"=?utf-8?q?a?= \xc3\xbc  =?utf-8?q?b?=", b"=?utf-8?q?a?= =?utf-8?b?IMO8ICA=?=  =?utf-8?q?b?="),
        (b"\xfc", b"=?iso-8859-1?b?/A==?="),
    ],
)
def test_only_words_that_need_it_are_encoded(value: bytes, better: bytes) -> None:
    assert encoded_8bit(value) == better
    assert decoded(value) == decoded(better)


@given(WORDS)
def test_text_of_any_words_stays_the_same(words: list[str]) -> None:
    value = " ".join(words).encode()
    better = encoded_8bit(value)
    assert better.isascii()
    assert decoded(better) == decoded(value)


@given(st.lists(st.sampled_from([b" ", b"\t", b"word", b"x" * 30, b"y" * 100])).map(b"".join))
def test_folding_puts_line_ends_before_blanks_and_nothing_else(value: bytes) -> None:
    field = b"Subject:" + value
    lines = fold(field).split(b"\r\n")
    assert b"".join(lines) == field
    assert all(line[:1] in {b" ", b"\t"} and line.strip() for line in lines[1:])
    for line in lines:
        assert len(line) <= WIDTH or not re.search(rb"[ \t](?=[^ \t])", line.strip()[:WIDTH])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n an alle", "Grüße an alle"),
        (b"=?nobody?q?=C3=BC?=", "ü"),
        (b"=?utf-8?b?a?=", "=?utf-8?b?a?="),
        (b"a\x1b[2J\0b", "a [2J b"),
    ],
)
def test_whatever_is_there_says_something(value: bytes, text: str) -> None:
    assert decoded(value) == text
