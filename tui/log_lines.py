"""The events that a log shows, oldest first, and how many rows each takes. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from core.event import Event

#: An event and its number in the store; later ones have higher numbers.
Record = tuple[int, Event]

_SLACK = 4096  # forgotten records that may stay in the lists before these are cut


class LogLines:
    """At most `capacity` records, and as many more as were put before them. `height` is the rows an event takes."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._extra = 0  # older ones that somebody asked for
        self._height: Callable[[Event], int] | None = None  # None: one row each
        self._records: list[Record] = []
        self._ends: list[int] = []  # rows up to and with each record, since some beginning
        self._start = 0  # of what is not forgotten
        self._floor = 0  # rows before the first in the lists

    def __len__(self) -> int:
        return len(self._records) - self._start

    def __bool__(self) -> bool:
        return len(self) > 0

    def __getitem__(self, index: int) -> Record:
        return self._records[self._start + index]

    def __iter__(self) -> Iterator[Record]:
        return (self._records[index] for index in range(self._start, len(self._records)))

    @property
    def rows(self) -> int:
        """Rows in all."""
        return self._ends[-1] - self._base if self else 0

    @property
    def oldest(self) -> int:
        """The number of the first record; 0 when there is none."""
        return self[0][0] if self else 0

    def clear(self) -> None:
        """Forget everything."""
        self._records, self._ends = [], []
        self._start = self._floor = self._extra = 0

    def extend(self, new: Sequence[Record]) -> int:
        """Add newer records; the rows that were forgotten at the top."""
        self._records += new
        self._ends += self._summed(new, self._ends[-1] if self._ends else self._floor)
        return self._trim()

    def prepend(self, old: Sequence[Record]) -> int:
        """Put older records before the first; the rows they take."""
        self._cut()
        ends = self._summed(old, 0)
        added = ends[-1] if ends else 0
        self._ends = ends + [end - self._floor + added for end in self._ends]
        self._records = [*old, *self._records]
        self._floor = 0
        self._extra += len(old)
        return added

    def forget_older(self) -> int:
        """Let go of what was asked for beyond the capacity; the rows that went."""
        self._extra = 0
        return self._trim()

    def measure(self, height: Callable[[Event], int] | None) -> None:
        """Count rows anew, by another height."""
        self._cut()
        self._height, self._floor = height, 0
        self._ends = self._summed(self._records, 0)

    def at(self, row: int) -> tuple[int, int]:
        """Which record stands at a row, and which of its rows that is. Raises IndexError beyond the last."""
        wanted = self._base + row
        index = bisect_right(self._ends, wanted, lo=self._start)
        if not row >= 0 or index >= len(self._ends):
            raise IndexError(row)
        return index - self._start, row - self.row_of(index - self._start)

    def row_of(self, index: int) -> int:
        """The first row of a record."""
        place = self._start + index
        return (self._ends[place - 1] if place else self._floor) - self._base

    def index_of(self, number: int) -> int:
        """Where the record of that number stands, or else the next one."""
        return bisect_left(self._records, number, lo=self._start, key=lambda record: record[0]) - self._start

    @property
    def _base(self) -> int:
        """Rows of what is forgotten."""
        return self._ends[self._start - 1] if self._start else self._floor

    def _summed(self, records: Sequence[Record], before: int) -> list[int]:
        if self._height is None:
            return list(range(before + 1, before + len(records) + 1))
        height = self._height
        return list(accumulate((height(event) for _, event in records), initial=before))[1:]

    def _trim(self) -> int:
        before = self._base
        self._start += max(len(self) - self.capacity - self._extra, 0)
        gone = self._base - before
        if self._start > _SLACK:
            self._cut()
        return gone

    def _cut(self) -> None:
        self._floor = self._base
        del self._records[: self._start]
        del self._ends[: self._start]
        self._start = 0
