"""Rows of the log: whatever is added, put before, forgotten or measured anew, each row has its record."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.event import Event, EventKind, Level
from tests.pictures.sample import NOW
from tui.log_lines import LogLines, Record


def record(number: int, height: int = 1) -> Record:
    return number, Event(NOW, Level.INFO, EventKind.LIBRARY, "x" * height)


def tall(event: Event) -> int:
    return len(event.text)


def numbers(lines: LogLines) -> list[int]:
    return [number for number, _ in lines]


def test_the_oldest_are_forgotten_beyond_the_capacity() -> None:
    lines = LogLines(3)
    assert lines.extend([record(1), record(2)]) == 0
    assert lines.extend([record(3), record(4), record(5)]) == 2
    assert (numbers(lines), lines.rows, lines.oldest, len(lines)) == ([3, 4, 5], 3, 3, 3)


def test_older_ones_stay_until_they_are_let_go() -> None:
    lines = LogLines(3)
    lines.extend([record(7), record(8), record(9)])
    assert lines.prepend([record(5), record(6)]) == 2
    assert lines.extend([record(10)]) == 1
    assert numbers(lines) == [6, 7, 8, 9, 10]
    assert lines.forget_older() == 2
    assert numbers(lines) == [8, 9, 10]


def test_rows_are_counted_by_height() -> None:
    lines = LogLines(10)
    lines.measure(tall)
    lines.extend([record(1, 2), record(2, 1), record(3, 3)])
    assert [lines.at(row) for row in range(6)] == [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (2, 2)]
    assert [lines.row_of(index) for index in range(4)] == [0, 2, 3, 6]
    for row in (-1, 6):
        with pytest.raises(IndexError):
            lines.at(row)
    lines.measure(None)
    assert lines.rows == 3


def test_a_record_is_found_by_its_number_or_the_next_is() -> None:
    lines = LogLines(3)
    lines.extend([record(number) for number in (2, 4, 6, 8)])
    assert [lines.index_of(number) for number in (1, 4, 5, 8, 9)] == [0, 0, 1, 2, 3]


heights = st.lists(st.integers(1, 3), max_size=6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("extend"), heights),
        st.tuples(st.just("prepend"), heights),
        st.tuples(st.sampled_from(["forget", "clear"]), st.just([])),
        st.tuples(st.just("measure"), st.sampled_from([[], [1]])),
    ),
    max_size=15,
)


@given(steps)
def test_after_any_steps_it_is_a_plain_list(taken: list[tuple[str, list[int]]]) -> None:
    lines = LogLines(5)
    plain: list[Record] = []
    extra, low, high = 0, 1_000, 1_000
    rows_of: Callable[[Event], int] = lambda _: 1  # noqa: E731
    for step, given_heights in taken:
        rows = sum(rows_of(event) for _, event in plain)
        gone, added = 0, 0
        match step:
            case "extend":
                new = [record(high + place, height) for place, height in enumerate(given_heights, start=1)]
                high += len(new)
                added = sum(rows_of(event) for _, event in new)
                plain += new
                gone = lines.extend(new)
            case "prepend":
                old = [record(low - len(given_heights) + place, height) for place, height in enumerate(given_heights)]
                low -= len(old)
                extra += len(old)
                added = lines.prepend(old)
                plain = [*old, *plain]
            case "forget":
                extra = 0
                gone = lines.forget_older()
            case "clear":
                plain, extra, rows = [], 0, 0
                lines.clear()
            case "measure":
                rows_of = tall if given_heights else lambda _: 1
                lines.measure(tall if given_heights else None)
                rows = sum(rows_of(event) for _, event in plain)
        plain = plain[max(len(plain) - 5 - extra, 0) :]
        assert numbers(lines) == [number for number, _ in plain]
        assert lines.rows == rows + added - gone
        assert [lines.at(row) for row in range(lines.rows)] == [
            (index, part) for index, (_, event) in enumerate(plain) for part in range(rows_of(event))
        ]


def test_a_flood_leaves_nothing_behind() -> None:
    lines = LogLines(100)
    for begin in range(0, 50_000, 1000):
        lines.extend([record(begin + place) for place in range(1000)])
    assert numbers(lines) == list(range(49_900, 50_000))
    assert len(lines._records) < 100 + 4096 + 1000
    assert lines.at(99) == (99, 0)
