"""INTERNALDATE as text (RFC 3501, date-time) and back. Servers keep the instant, not the zone (peers.md)."""

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBER = {month.lower(): number for number, month in enumerate(_MONTHS, 1)}
_DATE = re.compile(r" ?(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")


def internaldate(moment: datetime) -> str:
    """An aware moment as APPEND wants it, in UTC: ``05-Mar-2019 06:07:08 +0000``."""
    utc = moment.astimezone(UTC)
    return (
        f"{utc.day:02d}-{_MONTHS[utc.month - 1]}-{utc.year:04d} {utc.hour:02d}:{utc.minute:02d}:{utc.second:02d} +0000"
    )


def parse_internaldate(text: str) -> datetime | None:
    """The moment in an INTERNALDATE; None where it is not one (a server's nonsense is not our error)."""
    found = _DATE.fullmatch(text)
    if found is None or found[2].lower() not in _NUMBER:
        return None
    offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
    if found[7] == "-":
        offset = -offset
    try:
        moment = datetime(
            int(found[3]),
            _NUMBER[found[2].lower()],
            int(found[1]),
            int(found[4]),
            int(found[5]),
            int(found[6]),
            tzinfo=timezone(offset),
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
