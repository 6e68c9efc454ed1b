"""Columns that several lists have: of whatever has counts, how much of it is moved."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from core.mail.outcome import Counts
from tui.widgets.line_table import Column
from tui.widgets.line_widget import Cell

T = TypeVar("T")


class Counted(Protocol):
    """A batch, a mailbox, a folder."""

    @property
    def counts(self) -> Counts:
        """What became of its messages."""
        ...


def figures(
    title: str,
    width: int,
    cell: Callable[[T], Cell],
    sort: Callable[[T], float],
    room: int = 0,
    key: str = "",
) -> Column[T]:
    """A column of figures: the largest first, when rows are ordered by it."""
    return Column(title, width, cell, right=True, room=room, sort=sort, falling=True, key=key)


def moved(item: Counted) -> tuple[int, int]:
    """Bytes that are moved, and all there are."""
    return item.counts.bytes_copied, item.counts.bytes_total


def size(item: Counted) -> float:
    """All bytes there are."""
    return item.counts.bytes_total


def share(item: Counted) -> float:
    """How much of it is moved; what was never listed comes after what has not begun."""
    done, total = moved(item)
    return done / total if total else -1.0
