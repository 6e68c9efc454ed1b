"""A table that is filtered, sorted and marked, and that leads from one problem to the next."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from textual.binding import BindingType
from textual.message import Message

from tui import keys
from tui.format import count
from tui.row_order import RowOrder
from tui.session import Look
from tui.widgets.line_table import Column, LineTable

T = TypeVar("T")

_RISES, _FALLS = "▴", "▾"


class ListTable(LineTable[T]):
    """Rows may be hidden by a filter, ordered by a column, and marked, where `can_mark`.

    A mark counts only while its row is shown, so that nothing is done to what nobody sees.
    """

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(
        *("list.filter", "list.sort_next", "list.sort_previous", "list.sort_reverse"),
        *("list.problem", "list.problem_back", "list.mark", "list.mark_all", "list.open"),
        at_once=True,
    )

    can_mark = False
    pinned = 0  # rows at the top that stay there, for sums

    class Arranged(Message):
        """The filter, the order or the marks are others."""

    class Said(Message):
        """A word about what a key did, or why it did nothing."""

        def __init__(self, word: str) -> None:
            super().__init__()
            self.word = word

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.all: Sequence[T] = ()  # whether shown or not
        self._order = RowOrder(self.text, self.pinned)
        self._sorted = ""  # the key of the column that rows are ordered by
        self._marks: set[str] = set()

    @abstractmethod
    def text(self, item: T) -> str:
        """What a filter looks at, in lower case."""

    def problem(self, item: T) -> bool:  # noqa: ARG002 - for those that know one
        """Whether somebody should look at this item."""
        return False

    def show(self, items: Sequence[T]) -> None:
        """Show these items, or show the same ones as they are now."""
        if self._marks and len(items) != len(self.all):
            self._marks &= {self.key_of(item) for item in items}
        self.all = items
        super().show(self._order.arrange(items))

    # --- filter and order ------------------------------------------------------------------------------------------

    @property
    def look(self) -> Look:
        """How it is looked at."""
        return Look(self._order.wanted, self._sorted, self._order.reverse)

    @look.setter
    def look(self, look: Look) -> None:
        self._order.filter(look.filter)
        self._sort(look.order, falling=look.falling)

    @property
    def narrowed(self) -> bool:
        """Whether a filter is in force."""
        return self._order.narrowed

    @property
    def chip(self) -> str:
        """The filter in force, and how much of the list it shows; empty when there is none."""
        if not self.narrowed:
            return ""
        shown, every = len(self.items) - self.pinned, len(self.all) - self.pinned
        return f"/{self.look.filter}: {count(max(shown, 0))} of {count(max(every, 0))}"

    def filter(self, wanted: str) -> None:
        """Show only what holds these words; see `RowOrder.filter`."""
        self._order.filter(wanted)
        self._rearranged()

    def arrow(self, column: Column[T]) -> str:
        """Which way the rows are ordered, at the column that they are ordered by."""
        if not self._sorted or _key(column) != self._sorted:
            return ""
        return _FALLS if self._order.reverse else _RISES

    @property
    def order_words(self) -> str:
        """What the rows are ordered by, when no heading says it."""
        if not self._sorted or any(_key(column) == self._sorted for column in self._columns):
            return ""
        title = next(column.title for column in self.columns() if _key(column) == self._sorted)
        return f"by {title}, {'falling' if self._order.reverse else 'rising'}"

    def action_sort_next(self) -> None:
        """Order by the next column; after the last, as they come."""
        self._step(1)

    def action_sort_previous(self) -> None:
        """Order by the column before."""
        self._step(-1)

    def action_sort_reverse(self) -> None:
        """The other way round."""
        if not self._sorted:
            self.post_message(self.Said("Choose a column to order by first"))
        else:
            self._sort(self._sorted, falling=not self._order.reverse)

    def _step(self, step: int) -> None:
        chain = ["", *(_key(column) for column in self.columns() if column.sort is not None)]
        key = chain[(chain.index(self._sorted) + step) % len(chain)]
        self._sort(key, falling=any(column.falling for column in self.columns() if _key(column) == key))

    def _sort(self, key: str, *, falling: bool) -> None:
        column = next((column for column in self.columns() if column.sort is not None and _key(column) == key), None)
        self._sorted = key if column is not None else ""
        self._order.sort(column.sort if column is not None else None, reverse=falling)
        self.repaint(0)
        self._rearranged()

    def _rearranged(self) -> None:
        self.show(self.all)
        self.post_message(self.Arranged())

    # --- marks -----------------------------------------------------------------------------------------------------

    @property
    def marked(self) -> tuple[T, ...]:
        """The items that are marked and shown, in order."""
        return tuple(item for item in self.items if self.key_of(item) in self._marks) if self._marks else ()

    def is_marked(self, item: T) -> bool:
        """Whether it is."""
        return bool(self._marks) and self.key_of(item) in self._marks

    def action_mark(self) -> None:
        """Mark the item under the cursor, or no longer, and go on to the next."""
        item = self.current
        if item is not None and self._may_mark():
            self._marks ^= {self.key_of(item)}
            self._repaint_row(self.cursor)
            self.action_down()
            self.post_message(self.Arranged())

    def action_mark_all(self) -> None:
        """Mark all that are shown; when they are, none."""
        if self._may_mark():
            shown = {self.key_of(item) for item in self.items}
            self._marks = self._marks - shown if shown <= self._marks else self._marks | shown
            self.refresh()
            self.post_message(self.Arranged())

    def unmark(self) -> None:
        """Mark nothing."""
        self._marks.clear()
        self.refresh()
        self.post_message(self.Arranged())

    def _may_mark(self) -> bool:
        if not self.can_mark:
            self.post_message(self.Said("Only mailboxes can be marked"))
        return self.can_mark

    # --- from problem to problem -----------------------------------------------------------------------------------

    def action_problem(self) -> None:
        """To the next item that somebody should look at."""
        self._seek(1)

    def action_problem_back(self) -> None:
        """To the one before."""
        self._seek(-1)

    def _seek(self, step: int) -> None:
        count = len(self.items)
        for distance in range(1, count + 1):
            index = (self.cursor + step * distance) % count
            if self.problem(self.items[index]):
                self.move_to(index)
                return
        hidden = " that this filter shows" if self.narrowed else ""
        self.post_message(self.Said(f"There is no problem here{hidden}"))


def _key(column: Column[Any]) -> str:
    return column.key or column.title


#: Any of them.
AnyList = ListTable[Any]
