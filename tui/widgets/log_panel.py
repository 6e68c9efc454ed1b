"""The log with what is looked for in it, and with marks."""

from collections.abc import Sequence
from itertools import islice
from typing import ClassVar

from textual.binding import BindingType
from textual.message import Message

from tui import keys
from tui.log_lines import Record
from tui.widgets.log_view import LogView


class LogPanel(LogView):
    """What is looked for is shown among the lines around it. A search upwards goes on in what the store has before."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(
        *("log.search", "log.next", "log.previous", "log.mark", "log.copy", "log.export", "log.level", "log.only"),
        at_once=True,
    )

    class Said(Message):
        """A word about what a key did, or why it did nothing."""

        def __init__(self, word: str) -> None:
            super().__init__()
            self.word = word

    _seeking = False  # a hit is looked for among older events that are on their way

    def clear(self) -> None:
        """Forget all lines; what is looked for stays."""
        self.search.clear()
        self._seeking = False
        super().clear()

    def extend(self, new: Sequence[Record]) -> None:
        """Add events, oldest first, and look through them."""
        self.search.newer(new)
        super().extend(new)
        self.search.forget(self.lines.oldest)

    def prepend(self, old: Sequence[Record], older_than: int) -> bool:
        """Put older events before the first, and look through them."""
        fits = super().prepend(old, older_than)
        if fits:
            self.search.older(old)
            if self._seeking:
                self._seeking = False
                self.action_previous()
        return fits

    # --- what is looked for ----------------------------------------------------------------------------------------

    def look_for(self, wanted: str) -> None:
        """Look for something, from the last line that is seen upwards; for nothing when it is empty."""
        seen = self.seen()
        self.search.look_for(wanted, self.lines)
        self._seeking = False
        if seen and wanted:
            last = seen[-1][0]
            self._go_to(self.search.previous(last + 1) or self.search.next(last))
        self.refresh()
        self.post_message(self.Changed())

    def action_next(self) -> None:
        """To the next hit below; after the last, to the first."""
        if self._looks():
            found = self.search.next(self._from(last=True))
            if not found and self.search.first:
                self.post_message(self.Said("From the top again"))
            self._go_to(found or self.search.first)

    def action_previous(self) -> None:
        """To the next hit above, also in older events that are read for it; before the first, to the last."""
        if not self._looks():
            return
        found = self.search.previous(self._from(last=False))
        if found:
            self._go_to(found)
        elif self._ask():
            self._seeking = True
            self.post_message(self.Said("Looking further back ..."))
        else:
            self.post_message(self.Said("From the end again" if self.search.last else "There is none"))
            self._go_to(self.search.last)

    def _looks(self) -> bool:
        self.search.forget(self.lines.oldest)
        if not self.search:
            self.post_message(self.Said("Look for something first"))
        return bool(self.search)

    def _from(self, *, last: bool) -> int:
        """The number to go on from: that of the hit one is at, or of the first or last line that is seen."""
        seen = [number for number, _ in self.seen()]
        if not seen or self.search.here in seen:
            return self.search.here
        return seen[-1] if last else seen[0]

    def _go_to(self, number: int) -> None:
        """Have an event seen, in the middle when it was not."""
        if not number:
            return
        self.search.here = number
        if number not in [seen for seen, _ in self.seen()]:
            row = self.lines.row_of(self.lines.index_of(number))
            self._place(max(row - self.size.height // 2, 0))
            self._set_follow(follow=self.scroll_offset.y >= self.max_scroll_y)
        self.refresh()
        self.post_message(self.Changed())

    # --- marks -----------------------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Mark what was found, when it is seen, else the last line that is seen; or no longer."""
        seen = [number for number, _ in self.seen()]
        if seen:
            self._marks ^= {self.search.here if self.search.here in seen else seen[-1]}
            self.refresh()

    def chosen(self) -> list[Record]:
        """What is to be copied: from the first mark to the last, from the only one to the end, else what is seen."""
        marks = sorted(number for number in self._marks if number >= self.lines.oldest)
        if not marks:
            return self.seen()
        begin = self.lines.index_of(marks[0])
        end = self.lines.index_of(marks[-1] + 1) if len(marks) > 1 else len(self.lines)
        return list(islice(self.lines, begin, end))
