"""Filter and order by indices: the same as doing it plainly, and only as much work as something has changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.row_order import RowOrder


@dataclass(frozen=True, eq=False)
class Item:
    name: str
    number: int = 0


def order(pinned: int = 0) -> RowOrder[Item]:
    return RowOrder(lambda item: item.name.lower(), pinned)


def names(items: Sequence[Item]) -> str:
    return "".join(item.name for item in items)


ITEMS = [Item(name, number) for number, name in enumerate(("Anna failed", "ben", "Carl FAILED", "dora"))]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", [0, 1, 2, 3]),
        ("  ", [0, 1, 2, 3]),
        ("fail", [0, 2]),
        ("FAIL", [0, 2]),
        ("fail carl", [2]),
        ("!fail", [1, 3]),
        ("!fail !b", [3]),
        ("!", [0, 1, 2, 3]),
        ("nobody", []),
    ],
)
def test_a_filter_shows_what_holds_all_its_words(wanted: str, found: list[int]) -> None:
    rows = order()
    rows.filter(wanted)
    assert [item.number for item in rows.arrange(ITEMS)] == found
    assert rows.narrowed is (len(wanted.strip(" !")) > 0)


def test_without_filter_and_order_nothing_is_made() -> None:
    rows = order()
    assert rows.arrange(ITEMS) is ITEMS
    rows.filter("fail")
    rows.arrange(ITEMS)
    rows.filter("")
    assert rows.arrange(ITEMS) is ITEMS


def test_equal_ones_stay_as_they_come_both_ways() -> None:
    rows = order()
    items = [Item("a", 1), Item("b", 2), Item("c", 1), Item("d", 2)]
    rows.sort(lambda item: item.number)
    assert names(rows.arrange(items)) == "acbd"
    rows.sort(lambda item: item.number, reverse=True)
    assert names(rows.arrange(items)) == "bdac"


def test_the_first_rows_can_be_pinned() -> None:
    rows = order(pinned=1)
    items = [Item("sum", 9), Item("a", 1), Item("b", 2)]
    rows.sort(lambda item: item.number, reverse=True)
    rows.filter("!a")
    assert names(rows.arrange(items)) == "sumb"
    assert rows.arrange([]) == []


def test_what_has_not_changed_is_not_made_again() -> None:
    made: list[str] = []

    def text(item: Item) -> str:
        made.append(item.name)
        return item.name

    rows = RowOrder(text)
    items = [Item(f"n{number}") for number in range(1000)]
    rows.filter("n")
    first = rows.arrange(items)
    assert len(made) == 1000
    assert rows.arrange(items) is first
    assert rows.arrange(list(items)) is first  # another list of the same items
    made.clear()
    changed = [*items[:500], Item("n500 now"), *items[501:]]
    assert names(rows.arrange(changed)[500:501]) == "n500 now"
    assert made == ["n500 now"]
    made.clear()
    rows.filter("now")
    assert names(rows.arrange(changed)) == "n500 now"
    assert made == []


item_lists = st.lists(st.builds(Item, st.sampled_from("abc"), st.integers(0, 2)), max_size=6)


@given(
    st.lists(
        st.one_of(
            item_lists.map(lambda items: ("items", items)),
            st.tuples(st.just("change"), st.integers(0, 5), st.builds(Item, st.sampled_from("abc"), st.integers(0, 2))),
            st.sampled_from(["", "a", "b c", "!a", "!a !b"]).map(lambda wanted: ("filter", wanted)),
            st.tuples(st.just("sort"), st.sampled_from(["", "name", "number"]), st.booleans()),
        ),
        max_size=12,
    )
)
def test_after_any_changes_it_is_what_one_would_do_plainly(steps: list[tuple[object, ...]]) -> None:
    rows = order()
    items: list[Item] = []
    wanted, key, reverse = "", "", False
    for step in steps:
        match step:
            case ("items", list() as new):
                items = new
            case ("change", int() as place, Item() as new) if place < len(items):
                items = [*items[:place], new, *items[place + 1 :]]
            case ("filter", str() as wanted):
                rows.filter(wanted)
            case ("sort", str() as key, bool() as reverse):
                rows.sort(attrgetter(key) if key else None, reverse=reverse)
        plain = [
            item
            for item in items
            if all((word.lstrip("!") in item.name) is not word.startswith("!") for word in wanted.split())
        ]
        if key:
            plain.sort(key=attrgetter(key), reverse=reverse)
        assert list(rows.arrange(items)) == plain
