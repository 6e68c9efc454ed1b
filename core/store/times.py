"""Times as the tables keep them (seconds since 1970, UTC) and as people and scripts read them (RFC 3339)."""

from datetime import UTC, datetime


def seconds(time: datetime | None) -> float | None:
    """For a REAL column."""
    return None if time is None else time.timestamp()


def moment(value: float | None) -> datetime | None:
    """From a REAL column: aware, in UTC, to the microsecond."""
    return None if value is None else datetime.fromtimestamp(value, UTC)


def rfc3339(time: datetime | None) -> str | None:
    """As JSON and messages show it: UTC, whole seconds, such as ``2026-11-22T10:04:05Z``."""
    return None if time is None else time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
