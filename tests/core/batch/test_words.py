from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.batch.words import (
    GB,
    KB,
    LARGEST_SIZE,
    LONGEST_DURATION,
    MB,
    SLOWEST,
    format_duration,
    format_rate,
    format_size,
    moment,
    parse_duration,
    parse_rate,
    parse_size,
    shortest,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("35 MB", 35 * 1024 * 1024),
        ("35MB", 35 * MB),
        ("35 mb", 35 * MB),
        (" 500  KB ", 500 * KB),
        ("1.5 GB", 3 * GB // 2),
        ("0.5 KB", 512),
        ("7 B", 7),
        ("7", 7),
        ("2 TB", 2048 * GB),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "MB", "-1 MB", "1e3", "35 XB", "35 MiB", "1,5 MB", "1 MB 2 KB", "٣ MB", "3 MB\n4"]
)
def test_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no size; allowed: a size such as .500 KB."):
        parse_size(text)


@pytest.mark.parametrize("text", ["0", "0 MB", "1025 TB", "999999999999999999 TB"])
def test_sizes_out_of_range(text: str) -> None:
    with pytest.raises(ValueError, match="bytes are out of range; allowed: 1 byte to 1024 TB"):
        parse_size(text)


def test_a_size_is_whole_bytes() -> None:
    with pytest.raises(ValueError, match="not a whole number of bytes"):
        parse_size("0.0001 KB")


def test_sizes_are_written_in_the_largest_exact_unit() -> None:
    written = [format_size(size) for size in (35 * MB, 3 * GB // 2, 1024, 1025, 1, 0, LARGEST_SIZE)]
    assert written == ["35 MB", "1536 MB", "1 KB", "1025 B", "1 B", "0 B", "1024 TB"]


@given(st.integers(1, LARGEST_SIZE) | st.integers(1, 1024).map(lambda megabytes: megabytes * MB))
def test_sizes_come_back(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("24h", 86_400),
        ("15m", 900),
        ("30s", 30),
        ("2d", 172_800),
        ("1h30m", 5_400),
        ("1h 30m", 5_400),
        ("1.5h", 5_400),
        ("0.25s", 0.25),
        ("1d2h3m4.5s", 93_784.5),
        ("10S", 10),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "24", "h", "30m1h", "1h1h", "-1s", "1 week", "1e3s", "10 min"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration; allowed: a duration such as .30s."):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "0.0001s", "3661d", "999999999999d"])
def test_durations_out_of_range(text: str) -> None:
    with pytest.raises(ValueError, match="seconds are out of range"):
        parse_duration(text)


def test_durations_are_written_as_the_contract_does() -> None:
    seconds = (86_400, 172_800, 900, 30, 5_400, 90_061, 0.25, 0.0010000000000000002)
    written = [format_duration(value) for value in seconds]
    assert written == ["24h", "2d", "15m", "30s", "1h30m", "25h1m1s", "0.25s", "0.0010000000000000002s"]


@given(st.floats(0.001, LONGEST_DURATION) | st.integers(1, int(LONGEST_DURATION)).map(float))
def test_durations_come_back(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


def test_moments_are_utc() -> None:
    assert moment(date(2024, 1, 2)) == datetime(2024, 1, 2, tzinfo=UTC)
    assert moment(datetime(2024, 1, 2, 3, 4)) == datetime(2024, 1, 2, 3, 4, tzinfo=UTC)  # noqa: DTZ001
    east = timezone(timedelta(hours=2))
    assert moment(datetime(2024, 1, 2, 1, tzinfo=east)) == datetime(2024, 1, 1, 23, tzinfo=UTC)
    assert moment(datetime(2024, 1, 2, 1, tzinfo=east)).tzinfo is UTC


def test_a_moment_before_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond the calendar"):
        moment(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))))


@given(st.datetimes(timezones=st.just(UTC)) | st.dates().map(moment))
def test_the_shortest_form_means_the_same_moment(value: datetime) -> None:
    assert moment(shortest(value)) == value
    if value.hour == value.minute == value.second == value.microsecond == 0:
        assert not isinstance(shortest(value), datetime)


@given(st.integers(SLOWEST, LARGEST_SIZE))
def test_rates_come_back(rate: int) -> None:
    assert parse_rate(format_rate(rate)) == rate


@pytest.mark.parametrize(("text", "rate"), [("20 MB/s", 20 * MB), ("1.5mb / S", 3 * MB // 2), ("2048/s", 2 * KB)])
def test_rates(text: str, rate: int) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["20 MB", "20 MB/m", "/s", "MB/s", "-1 MB/s", "1 MB/s/s"])
def test_no_rates(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no rate; allowed: a rate such as .20 MB/s."):
        parse_rate(text)
