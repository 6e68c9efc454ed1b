"""Times as the store keeps them: seconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds(moment: datetime | None) -> float | None:
    """An aware moment as seconds since 1970; also long before and after, where `timestamp` may fail."""
    return None if moment is None else (moment - _EPOCH).total_seconds()


def moment(at: float | None) -> datetime | None:
    """The inverse of `seconds`."""
    return None if at is None else _EPOCH + timedelta(seconds=at)
