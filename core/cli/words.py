"""Sizes, durations, moments and tables for people."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import humanize


def size(count: float) -> str:
    """Bytes, in units of 1024: "1.2 MB"."""
    for unit in ("B", "KB", "MB", "GB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """About how long: "5 minutes"."""
    return humanize.naturaldelta(timedelta(seconds=seconds))


def local(moment: datetime) -> str:
    """A moment on the clock of whoever reads it."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def plural(number: int, noun: str) -> str:
    """As in "1 mailbox", "2 mailboxes", "1,200 messages"."""
    ending = "" if number == 1 else "es" if noun.endswith("x") else "s"
    return f"{number:,} {noun}{ending}"


def table(head: Sequence[str], rows: Sequence[Sequence[str | int]]) -> list[str]:
    """Lines of a table: numbers to the right, text to the left, two blanks between columns."""
    cells = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in rows]
    right = [bool(rows) and all(isinstance(row[column], int) for row in rows) for column in range(len(head))]
    widths = [max(len(line[column]) for line in [list(head), *cells]) for column in range(len(head))]

    def line(texts: Sequence[str]) -> str:
        padded = (
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(texts, widths, right, strict=True)
        )
        return "  ".join(padded).rstrip()

    return [line(head), *map(line, cells)]
