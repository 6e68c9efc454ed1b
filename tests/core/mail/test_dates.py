from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.mail.dates import internaldate, parse_internaldate

# hypothesis wants them naive: the zone is added by `timezones`
FIRST = datetime(1900, 1, 2)  # noqa: DTZ001
LAST = datetime(9999, 12, 30)  # noqa: DTZ001

moments = st.datetimes(min_value=FIRST, max_value=LAST, timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


@given(moments)
def test_reads_back(moment: datetime) -> None:
    assert parse_internaldate(internaldate(moment)) == moment


def test_the_instant_counts_not_the_zone() -> None:
    there = datetime(2019, 3, 5, 6, 7, 8, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert internaldate(there) == "05-Mar-2019 00:37:08 +0000"
    assert parse_internaldate("05-Mar-2019 06:07:08 +0530") == there
    assert parse_internaldate(" 5-mar-2019 06:07:08 +0530") == there


@pytest.mark.parametrize("nonsense", ["", "yesterday", "32-Jan-2020 00:00:00 +0000", "01-Foo-2020 00:00:00 +0000"])
def test_nonsense_is_no_date(nonsense: str) -> None:
    assert parse_internaldate(nonsense) is None
