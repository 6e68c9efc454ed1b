"""Times as the tables keep them (seconds since 1970, UTC) and as people and scripts read them (RFC 3339)."""

from datetime import UTC, datetime, timedelta
from typing import overload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@overload
def seconds(time: datetime) -> float: ...
@overload
def seconds(time: datetime | None) -> float | None: ...
def seconds(time: datetime | None) -> float | None:
    """An aware time for a REAL column; also long before 1970, where `timestamp` may fail."""
    return None if time is None else (time - _EPOCH).total_seconds()


@overload
def moment(value: float) -> datetime: ...
@overload
def moment(value: float | None) -> datetime | None: ...
def moment(value: float | None) -> datetime | None:
    """The inverse of `seconds`: aware, in UTC, to the microsecond."""
    return None if value is None else _EPOCH + timedelta(seconds=value)


@overload
def rfc3339(time: datetime) -> str: ...
@overload
def rfc3339(time: datetime | None) -> str | None: ...
def rfc3339(time: datetime | None) -> str | None:
    """As JSON and messages show it: UTC, whole seconds, such as ``2026-11-22T10:04:05Z``."""
    return None if time is None else f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
