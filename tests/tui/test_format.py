from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui import format as fmt

BYTES = st.integers(min_value=0, max_value=2**70)
SECONDS = st.floats(min_value=-10, max_value=1e12, allow_nan=False)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (984, "984 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (10_189, "10 KB"),  # 9.95 KB: not "9.9" and not "10.0"
        (1024 * 1024 - 1, "1.0 MB"),
        (35 * 1024**2, "35 MB"),
        (int(2.1 * 1024**4), "2.1 TB"),
        (2**70, ">999 PB"),
    ],
)
def test_sizes(count: int, words: str) -> None:
    assert fmt.size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "-"),
        (-3, "0s"),
        (59.9, "59s"),
        (60, "1m00s"),
        (372, "6m12s"),
        (9660, "2h41m"),
        (86_400 * 3 + 4 * 3600, "3d04h"),
        (86_400 * 100, "100d"),
        (1e12, ">9999d"),
    ],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert fmt.duration(seconds) == words


@given(BYTES)
def test_a_size_and_a_rate_keep_their_width(count: int) -> None:
    assert len(fmt.size(count)) <= fmt.SIZE_WIDTH
    assert len(fmt.rate(count)) <= fmt.RATE_WIDTH


def _value(words: str) -> float:
    number, unit = words.split(" ")
    return 1000 * 1024.0**5 if number == ">999" else float(number) * 1024.0 ** fmt._UNITS.index(unit)


@given(BYTES, BYTES)
def test_sizes_keep_their_order_and_stay_near_the_truth(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert _value(fmt.size(low)) <= _value(fmt.size(high))
    if high < 999 * 1024**5:
        assert abs(_value(fmt.size(high)) - high) <= max(high * 0.051, 0.5)


@given(SECONDS)
def test_a_duration_keeps_its_width(seconds: float) -> None:
    assert 2 <= len(fmt.duration(seconds)) <= fmt.DURATION_WIDTH


@given(st.integers(min_value=0, max_value=10**15), st.integers(min_value=4, max_value=12))
def test_a_short_count_fits(number: int, width: int) -> None:
    text = fmt.short_count(number, width)
    assert len(text) <= width
    if len(f"{number:,}") <= width:
        assert text == f"{number:,}"


@given(BYTES, BYTES)
def test_a_percentage_is_whole_only_when_all_is_done(done: int, total: int) -> None:
    text = fmt.percent(done, total)
    assert len(text) <= fmt.PERCENT_WIDTH
    assert (text == "100%") == (0 < total <= done)
    assert (text == "-") == (total == 0)


@given(BYTES, BYTES, st.integers(min_value=1, max_value=80))
def test_a_bar_is_as_long_as_asked_and_full_only_at_the_end(done: int, total: int, width: int) -> None:
    filled, rest = fmt.bar(done, total, width)
    assert len(filled) + len(rest) == width
    assert (not rest) == (0 < total <= done)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"])), st.integers(0, 60), st.booleans())
def test_fitted_text_is_exactly_as_wide_as_asked(text: str, width: int, right: bool) -> None:
    assert cell_len(fmt.fit(text, width, right=right)) == width


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=200), st.integers(2, 60))
def test_wrapped_text_stays_within_its_width_and_loses_only_blanks(text: str, width: int) -> None:
    lines = fmt.wrap(text, width, limit=10_000)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_wrapping_stops_at_its_limit_and_says_so() -> None:
    lines = fmt.wrap("one two three four five six", 5, limit=2)
    assert lines == ["one", "two …"]


@pytest.mark.parametrize("text", ["x" * 90_000, "日" * 90_000, "日本 " * 30_000, "e" + "\u0301" * 90_000, " " * 90_000])
def test_of_an_endless_line_no_more_is_measured_than_is_shown(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    measured = 0

    def measure(piece: str) -> int:
        nonlocal measured
        measured += len(piece)
        return cell_len(piece)

    monkeypatch.setattr(fmt, "cell_len", measure)
    lines = fmt.wrap(text, 50, limit=100)
    assert len(lines) <= 100
    assert all(cell_len(line) <= 50 for line in lines)
    assert measured < 4 * len(text)


def test_a_wide_character_is_never_cut_in_half() -> None:
    assert fmt.fit("日本語", 4) == "日 …"
    assert fmt.fit("日本語", 6) == "日本語"
    assert fmt.wrap("日本語", 4) == ["日本", "語"]


def test_what_is_measured_is_what_is_drawn() -> None:
    assert fmt.fit("a\x1b\u202eb", 5) == "a␛�b "
    assert fmt.fit("\x1b" * 9, 4) == "␛␛␛…"
    assert fmt.wrap("\u202e" * 9, 4) == ["����", "����", "�"]


def test_times_are_told_in_the_zone_asked_for() -> None:
    moment = datetime(2026, 11, 22, 23, 15, 2, tzinfo=UTC)
    assert fmt.clock(moment, UTC) == "23:15:02"
    assert fmt.stamp(moment, UTC) == "2026-11-22 23:15"
