import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from core.printable import printable, printable_bytes

HOSTILE = "A\x1b[31mRED\x1b]0;owned\x07\x9b2J\u202eevil\u200b\r\nforged line"


def test_terminal_commands_do_not_get_through() -> None:
    text = printable(HOSTILE)
    assert text == "A\u241b[31mRED\u241b]0;owned\u2407\ufffd2J\ufffdevil\ufffd\u240d\u240aforged line"


@given(st.text(st.characters(), max_size=300))
def test_nothing_that_controls_a_terminal_is_left(text: str) -> None:
    safe = printable(text)
    assert all(unicodedata.category(character) not in {"Cc", "Cs"} for character in safe)
    assert not set(safe) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    safe.encode("utf-8")
    assert printable(safe) == safe


@given(st.text(max_size=50), st.integers(1, 40))
def test_it_is_never_longer_than_asked_for(text: str, limit: int) -> None:
    assert len(printable(text, limit)) <= limit


def test_markup_is_text() -> None:
    assert printable("[Gmail]/All Mail [/red] NO [OVERQUOTA]") == "[Gmail]/All Mail [/red] NO [OVERQUOTA]"


@given(st.binary(max_size=100))
def test_any_bytes(data: bytes) -> None:
    assert "\x1b" not in printable_bytes(data)


#: What is drawn as nothing, turns others round, ends a line, or is no character (Unicode 16, and ECMA-48 for the C1s).
UNSEEN = (
    *range(0x20),
    *range(0x7F, 0xA0),
    *(0xAD, 0x61C, 0x180E, 0xFEFF),
    *range(0x200B, 0x2010),
    *range(0x2028, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFFF9, 0xFFFC),
    *range(0xD800, 0xE000),
    *range(0xE0000, 0xE0080),
)


def test_what_is_not_seen_has_a_stand_in_that_is() -> None:
    for code in UNSEEN:
        stand_in = printable(chr(code))
        assert len(stand_in) == 1, hex(code)
        assert stand_in == "\ufffd" or stand_in in " \u2400\u2407\u240a\u240d\u241b", hex(code)
    assert printable("a\tb\r\nc") == "a b\u240d\u240ac", "one line, whatever it was"


def test_what_is_too_long_is_cut_with_a_sign() -> None:
    assert printable("x" * 90_000) == "x" * 1999 + "\u2026"
    assert len(printable("\x1b" * 90_000)) == 2000
    assert printable("x" * 2000) == "x" * 2000
