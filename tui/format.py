"""Numbers and times as words of a known width, so that columns stay in line while they change.

Pure functions; widths are terminal cells. Sizes count 1024 bytes to the KB, as the batch file does.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from rich.cells import cell_len, set_cell_size

from core.printable import printable

#: The widest that `size`, `rate`, `duration` and `percent` ever get.
SIZE_WIDTH = 7
RATE_WIDTH = 9
DURATION_WIDTH = 6
PERCENT_WIDTH = 4

#: Stands where there is nothing to show.
NOTHING = "-"

_HEIGHTS = " ▁▂▃▄▅▆▇█"
_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def size(count: float) -> str:
    """Bytes in at most 7 cells: ``984 B``, ``9.9 KB``, ``1023 MB``; beyond PB, ``>999 PB``."""
    value = max(float(count), 0.0)
    for unit in _UNITS:
        # One decimal below ten; compared after rounding, so that 9.96 becomes 10 and 1023.7 the next unit's 1.0.
        if unit != "B" and round(value, 1) < 10:
            return f"{value:.1f} {unit}"
        if round(value) < 1024 and not (unit == "PB" and round(value) > 999):
            return f"{round(value)} {unit}"
        value /= 1024
    return ">999 PB"


def rate(bytes_a_second: float | None) -> str:
    """Bytes a second in at most 9 cells; a dash when there is none."""
    return NOTHING if bytes_a_second is None else f"{size(bytes_a_second)}/s"


def duration(seconds: float | None) -> str:
    """Seconds in at most 6 cells, its two largest units: ``52s``, ``6m12s``, ``2h41m``, ``3d04h``; a dash for None."""
    if seconds is None:
        return NOTHING
    whole = max(int(seconds), 0)
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"
    if whole < 100 * _DAY:
        return f"{whole // _DAY}d{whole % _DAY // _HOUR:02}h"
    return f"{whole // _DAY}d" if whole < 10_000 * _DAY else ">9999d"


def count(number: int) -> str:
    """A number with its thousands apart: ``9,991``."""
    return f"{number:,}"


def short_count(number: int, width: int) -> str:
    """A number in at most `width` cells (4 or more), in full where it fits: ``9,991``, ``41k``, ``1.2M``."""
    full = count(number)
    if len(full) <= width:
        return full
    value = float(number)
    for unit in "kMGT":
        value /= 1000
        for text in (f"{value:.1f}{unit}", f"{value:.0f}{unit}"):
            if round(value) < 1000 and len(text) <= width:
                return text
    return ">" + "9" * (width - 2) + "T"


def percent(done: float, total: float) -> str:
    """How much of `total` is done, in at most 4 cells; 100% only when all of it is, a dash when there is nothing."""
    if total <= 0:
        return NOTHING
    if done >= total:
        return "100%"
    return f"{max(min(int(done * 100 / total), 99), 0)}%"


def bar(done: float, total: float, width: int) -> tuple[str, str]:
    """A progress bar of `width` cells, its filled and its open part; full only when all is done."""
    filled = width if done >= total > 0 else min(int(done * width / total), width - 1) if total > 0 else 0
    filled = max(filled, 0)
    return "━" * filled, "─" * (width - filled)


def spark(values: Sequence[float], width: int) -> str:
    """The last `width` values as heights against the highest of them; one that is not nothing is seen."""
    shown = values[-width:] if width > 0 else ()
    most = max(shown, default=0.0)
    steps = len(_HEIGHTS) - 1
    return "".join(_HEIGHTS[0 if value <= 0 else max(1, round(value / most * steps))] for value in shown)


def clock(moment: datetime, zone: tzinfo | None = None) -> str:
    """The time of day, ``23:15:02``, in `zone` or else in this machine's own."""
    return moment.astimezone(zone).strftime("%H:%M:%S")


def stamp(moment: datetime, zone: tzinfo | None = None) -> str:
    """Day and time, ``2026-11-22 23:15``, in `zone` or else in this machine's own."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def fit(text: str, width: int, *, right: bool = False) -> str:
    """`text` in exactly `width` cells: padded, or cut with an ellipsis. Wide characters count two cells."""
    text = printable(text)  # what is drawn in the end, so that this is what is measured
    length = cell_len(text)
    if length == width:
        return text
    if length < width:
        pad = " " * (width - length)
        return pad + text if right else text + pad
    if width <= 0:
        return ""
    # set_cell_size pads with a blank where a wide character is cut in half.
    return set_cell_size(text, width - 1) + "…"


def wrap(text: str, width: int, limit: int = 100) -> list[str]:
    """`text` as lines of at most `width` cells, broken at blanks, at most `limit` lines, the last cut if need be."""
    lines: list[str] = []
    line = ""
    for word in printable(text, None).split(" "):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        while len(piece := head(word, width)) < len(word) and len(lines) <= limit:
            lines.append(piece)
            word = word[len(piece) :]  # noqa: PLW2901 - what is left of it
        line = word
        if len(lines) > limit:  # the rest would not be seen
            break
    if line or not lines:
        lines.append(line)
    if len(lines) > limit:
        lines = [*lines[: limit - 1], fit(" ".join(lines[limit - 1 :]), width)]
    return lines


def head(text: str, width: int) -> str:
    """As many characters of `text` as fit `width` cells, and at least one."""
    end = used = 0
    for character in text:
        used += cell_len(character)
        if used > width:
            break
        end += 1
    return text[: max(end, 1)]


def tail(text: str, width: int) -> str:
    """The end of `text`, as much of it as fits `width` cells."""
    begin, used = len(text), 0
    while begin and (used := used + cell_len(text[begin - 1])) <= width:
        begin -= 1
    return text[begin:]


def joined(*parts: str) -> str:
    """The parts that say something, with dots between them."""
    return " · ".join(filter(None, parts))
