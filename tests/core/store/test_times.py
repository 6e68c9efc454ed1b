from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from core.store.times import moment, rfc3339, seconds


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis asks for naive ones
def test_a_time_comes_back_to_the_microsecond(time: datetime) -> None:
    assert moment(seconds(time)) == time
    assert moment(seconds(time)).tzinfo is UTC


def test_none_stays_none() -> None:
    assert (seconds(None), moment(None), rfc3339(None)) == (None, None, None)


def test_what_scripts_read() -> None:
    time = datetime(2026, 11, 22, 11, 4, 5, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert rfc3339(time) == "2026-11-22T10:04:05Z"
