"""The hours of a day in which mail is moved (`options.active_hours`), in the machine's local time."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from core.batch.problem import shown

_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)
_ALLOWED = 'allowed: two times of day such as "20:00-06:00"'


@dataclass(frozen=True, slots=True)
class Hours:
    """From `begin` up to `end`, over midnight where `end` is the earlier; `str` is what the batch file says."""

    begin: time
    end: time

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"

    def closed_until(self, now: datetime, zone: tzinfo | None = None) -> datetime | None:
        """When mail may move again; None while it may. `zone` is the machine's own, unless given."""
        local = now.astimezone(zone)
        if self._holds(local.time()):
            return None
        today = local.date()
        day = today if local.time() < self.begin else today + timedelta(days=1)
        # Without a zone the system is asked for the offset of that day: it may be another than today's.
        return datetime.combine(day, self.begin, tzinfo=zone).astimezone(zone)

    def _holds(self, moment: time) -> bool:
        if self.begin < self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end


def parse_hours(text: str) -> Hours:
    """The hours that "20:00-06:00" means. Raises ValueError."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{shown(text)} is no span of hours; {_ALLOWED}")
    try:
        begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    except ValueError:
        raise ValueError(f"{shown(text)} has a time that no clock shows; {_ALLOWED}") from None
    if begin == end:
        raise ValueError(f"{shown(text)} is no time at all, or all day; leave it out for all day")
    return Hours(begin, end)
