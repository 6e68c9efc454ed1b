"""Sizes, durations and moments as a batch file writes them: "35 MB", "24h", 2024-01-01.

Every `parse_` raises ValueError with the text of a problem: what is wrong; what is allowed.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from core.batch.problem import shown

KB = 1024
MB = 1024 * KB
GB = 1024 * MB
TB = 1024 * GB

_SIZE_UNITS = {"": 1, "B": 1, "KB": KB, "MB": MB, "GB": GB, "TB": TB}
_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)\s*([KMGT]?B)?", re.ASCII | re.IGNORECASE)
_SIZES_ALLOWED = 'allowed: a size such as "500 KB", "35 MB" or "1.5 GB" (1 MB is 1024 * 1024 bytes), or bytes'
LARGEST_SIZE = 1024 * TB
_RATES_ALLOWED = 'allowed: a rate such as "20 MB/s" or "500 KB/s"'
#: Bytes a second below which a server would take us for dead.
SLOWEST = KB

_DURATION_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_NUMBER = r"\d{1,12}(?:\.\d{1,25})?"
_DURATION = re.compile(
    rf"(?:({_NUMBER})\s*d)?\s*(?:({_NUMBER})\s*h)?\s*(?:({_NUMBER})\s*m)?\s*(?:({_NUMBER})\s*s)?",
    re.ASCII | re.IGNORECASE,
)
_DURATIONS_ALLOWED = 'allowed: a duration such as "30s", "15m", "24h", "2d" or "1h30m"'
LONGEST_DURATION = 3_660 * 86_400.0


def parse_size(text: str) -> int:
    """Bytes in a size such as "35 MB"; a bare number is bytes."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{shown(text)} is no size; {_SIZES_ALLOWED}")
    size = Decimal(found[1]) * _SIZE_UNITS[(found[2] or "").upper()]
    if size != int(size):
        raise ValueError(f"{shown(text)} is not a whole number of bytes; {_SIZES_ALLOWED}")
    return check_size(int(size))


def check_size(size: int) -> int:
    """The size itself, when it is one byte at least and nothing absurd."""
    if not 1 <= size <= LARGEST_SIZE:
        raise ValueError(f"{shown(size)} bytes are out of range; allowed: 1 byte to {format_size(LARGEST_SIZE)}")
    return size


def format_size(size: int) -> str:
    """A size in the largest unit that says it exactly; the inverse of `parse_size`."""
    for unit in ("TB", "GB", "MB", "KB"):
        if size and size % _SIZE_UNITS[unit] == 0:
            return f"{size // _SIZE_UNITS[unit]} {unit}"
    return f"{size} B"


def parse_rate(text: str) -> int:
    """Bytes a second in a rate such as "20 MB/s"."""
    size, slash, second = text.strip().rpartition("/")
    if not slash or second.strip().lower() != "s":
        raise ValueError(f"{shown(text)} is no rate; {_RATES_ALLOWED}")
    try:
        rate = parse_size(size)
    except ValueError:
        raise ValueError(f"{shown(text)} is no rate; {_RATES_ALLOWED}") from None
    return check_rate(rate)


def check_rate(rate: int) -> int:
    """The rate itself, when it is enough to move mail with."""
    if rate < SLOWEST:
        raise ValueError(f"{shown(rate)} bytes a second are out of range; allowed: {format_rate(SLOWEST)} or more")
    return rate


def format_rate(rate: int) -> str:
    """A rate in the largest unit that says it exactly; the inverse of `parse_rate`."""
    return f"{format_size(rate)}/s"


def parse_duration(text: str) -> float:
    """Seconds in a duration such as "1h30m"."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise ValueError(f"{shown(text)} is no duration; {_DURATIONS_ALLOWED}")
    amounts = zip(found.groups(), _DURATION_UNITS.values(), strict=True)
    return check_duration(float(sum(Decimal(amount) * unit for amount, unit in amounts if amount)))


def check_duration(seconds: float) -> float:
    """The duration itself, when it is a millisecond at least and ten years at most."""
    if not 0.001 <= seconds <= LONGEST_DURATION:
        raise ValueError(f'{shown(seconds)} seconds are out of range; allowed: "0.001s" to "3660d"')
    return seconds


def format_duration(seconds: float) -> str:
    """A duration as a batch file writes it, exact to the last digit; the inverse of `parse_duration`."""
    if seconds != int(seconds):
        return f"{Decimal(repr(seconds)):f}s"
    whole = int(seconds)
    if whole % 86_400 == 0 and whole > 86_400:
        return f"{whole // 86_400}d"
    hours, rest = divmod(whole, 3_600)
    minutes, rest = divmod(rest, 60)
    return "".join(f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if amount) or "0s"


def moment(value: date) -> datetime:
    """A TOML date or date-time as a moment in UTC; what has no zone is UTC, a date is its first instant."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond the calendar in UTC; allowed: a date such as 2024-01-01") from None


def shortest(moment: datetime) -> date:
    """The shortest TOML value that means this moment: a date where it is a UTC midnight."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return moment.date() if moment - midnight == timedelta() else moment
