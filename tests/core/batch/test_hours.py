"""Active hours: what is written comes back, and mail moves in them and in no other."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.batch.hours import Hours, parse_hours

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Hours(time(20), time(6))
DAY = Hours(time(8, 30), time(17))

minutes = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
spans = st.tuples(minutes, minutes).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Hours(*pair))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(spans)
def test_what_is_written_comes_back(hours: Hours) -> None:
    assert parse_hours(str(hours)) == hours


@pytest.mark.parametrize(
    ("hours", "hour", "minute", "opens"),
    [
        (NIGHT, 19, 59, (20, 20)),
        (NIGHT, 20, 0, None),
        (NIGHT, 2, 0, None),
        (NIGHT, 5, 59, None),
        (NIGHT, 6, 0, (20, 20)),
        (DAY, 8, 29, (20, 8)),
        (DAY, 8, 30, None),
        (DAY, 17, 0, (21, 8)),
    ],
)
def test_open_and_closed(hours: Hours, hour: int, minute: int, opens: tuple[int, int] | None) -> None:
    until = hours.closed_until(datetime(2026, 11, 20, hour, minute, tzinfo=BERLIN), BERLIN)
    assert (until and (until.day, until.hour)) == opens


@given(spans, moments)
def test_closed_until_it_opens_and_not_a_day_longer(hours: Hours, now: datetime) -> None:
    until = hours.closed_until(now, UTC)
    if until is not None:
        assert now < until <= now + timedelta(days=1)
        assert hours.closed_until(until, UTC) is None
        assert hours.closed_until(until - timedelta(seconds=1), UTC) == until


def test_the_day_the_clocks_change() -> None:
    evening = datetime(2026, 10, 25, 0, 30, tzinfo=BERLIN)  # summer time ends at three
    until = Hours(time(7), time(9)).closed_until(evening, BERLIN)
    assert until is not None
    assert (until.hour, (until.astimezone(UTC) - evening.astimezone(UTC)).total_seconds()) == (7, 7.5 * 3600)


def test_the_machines_own_zone_is_taken_where_none_is_given() -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    local = now.astimezone().time().replace(second=0, microsecond=0)
    soon = (datetime.combine(now.date(), local) + timedelta(hours=1)).time()
    until = Hours(soon, local).closed_until(now)
    assert until == now + timedelta(hours=1)
