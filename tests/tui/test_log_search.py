"""What is looked for in a log: found in every part of a line, kept while lines come and go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.event import Event, EventKind, Level
from tests.pictures.sample import NOW
from tui.log_lines import Record
from tui.log_search import LogSearch


def record(number: int, text: str) -> Record:
    return number, Event(NOW, Level.INFO, EventKind.LIBRARY, text, "sales", "Ann", "INBOX", number)


def search(wanted: str, *texts: str) -> LogSearch:
    found = LogSearch()
    found.look_for(wanted, [record(number + 1, text) for number, text in enumerate(texts)])
    return found


@pytest.mark.parametrize(
    ("wanted", "hits"),
    [("COPIED", [1, 3]), ("ann", [1, 2, 3]), ("inbox:2", [2]), ("not there", []), ("", [])],
)
def test_every_part_of_a_line_is_looked_at(wanted: str, hits: list[int]) -> None:
    found = search(wanted, "copied", "refused", "Copied")
    assert found._hits == hits
    assert bool(found) is bool(wanted)


def test_from_hit_to_hit() -> None:
    found = search("hit", "a hit", "-", "hit", "-", "hits")
    assert [found.next(0), found.next(1), found.next(3), found.next(5)] == [1, 3, 5, 0]
    assert [found.previous(9), found.previous(5), found.previous(1)] == [5, 3, 0]
    found.here = 3
    assert (found.place, len(found), found.first, found.last) == (2, 3, 1, 5)


def test_lines_that_come_later_or_were_before_are_looked_through() -> None:
    found = search("hit", "hit")
    found.newer([record(2, "-"), record(3, "hit")])
    assert found.older([record(-1, "hit"), record(0, "-")]) == 1
    assert found._hits == [-1, 1, 3]
    found.forget(1)
    assert found._hits == [1, 3]
    found.clear()
    assert (found.wanted, found.first, found.last, found.place) == ("hit", 0, 0, 0)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a Fail, a fail", [("a ", False), ("Fail", True), (", a ", False), ("fail", True)]),
        ("fail", [("fail", True)]),
        ("nothing", [("nothing", False)]),
        ("İ fail", [("İ fail", True)]),  # longer in lower case
    ],
)
def test_what_was_found_is_told_from_the_rest(text: str, pieces: list[tuple[str, bool]]) -> None:
    assert search("fail").split(text) == pieces


@given(st.text(max_size=30), st.text(min_size=1, max_size=3))
def test_nothing_of_a_text_is_lost(text: str, wanted: str) -> None:
    pieces = search(wanted).split(text)
    assert "".join(piece for piece, _ in pieces) == text
    assert any(hit for _, hit in pieces) is (wanted.lower() in text.lower())
