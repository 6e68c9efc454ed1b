"""The log: a ring of events that follows the newest line, or stands still where somebody reads."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from tui import keys
from tui.log_line import LogLine, Times
from tui.log_lines import LogLines, Record
from tui.log_search import LogSearch
from tui.theme import Tone
from tui.widgets.line_widget import Cell, Line, LineWidget

#: Events kept here; older ones are in the store.
CAPACITY = 20_000
#: Events that are shown at most when somebody goes on reading older ones.
MOST = 200_000
_STEP = 20  # cells that one key press scrolls sideways


class LogView(LineWidget, can_focus=True):
    """The newest events at the bottom. Scrolling up stops the following by itself; reaching the end resumes it.

    Older events than it holds are asked for (`Asked`) when somebody comes near the first line; `prepend` brings them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings(
            "list.down", "list.up", "list.page_down", "list.page_up", "list.top", "list.bottom", at_once=True
        ),
        *keys.bindings("log.follow", "log.left", "log.right", "log.wrap", "log.time", at_once=True),
    ]

    class Changed(Message):
        """It follows now, or no longer, has missed more, or is looked at in another way."""

    class Asked(Message):
        """Events older than `older_than` are wanted."""

    def __init__(
        self,
        *,
        zone: tzinfo | None = None,
        capacity: int = CAPACITY,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.follow = True
        self.missed = 0  # new lines since it stands still
        self.older_than = 0  # the number of an event whose forerunners are asked for; 0: none
        self.search = LogSearch()
        self.lines = LogLines(capacity)
        self.wrap = False
        self._write = LogLine(self.search, zone)
        self._begins = False  # there is nothing older
        self._marks: set[int] = set()  # numbers of events that are marked
        self._left = 0  # cells scrolled off on the left
        self._placing = False  # it is us who scroll

    def __len__(self) -> int:
        return len(self.lines)

    def __bool__(self) -> bool:
        return True

    def about(self, domain: str, *, one_mailbox: bool) -> None:
        """Whose events these are: `domain`, with its @, is left out of names; of one mailbox, names are left out."""
        if (domain, one_mailbox) != (self._write.domain, self._write.one_mailbox):
            self._write.domain, self._write.one_mailbox = domain, one_mailbox
            self._measure()

    def tell(self, now: datetime) -> None:
        """It is now so late: times that are told from now are painted again where they have changed."""
        before, self._write.now = self._write.now, now
        if self._write.times is not Times.AGO or before == now:
            return
        for y, (index, part) in self._seen():
            event = self.lines[index][1]
            new, self._write.now = self._write.time(event), before
            old, self._write.now = self._write.time(event), now
            if not part and old != new and not self._left:
                self.repaint(y, 1, len(new))

    def clear(self) -> None:
        """Forget all lines and follow again."""
        self.lines.clear()
        self._marks.clear()
        self.follow, self.missed, self.older_than = True, 0, 0
        self._left, self._begins = 0, False
        self._resize()
        self.refresh()
        self.post_message(self.Changed())

    def extend(self, new: Sequence[Record]) -> None:
        """Add events, oldest first. A reader who scrolled up keeps the lines he reads before his eyes."""
        if not new:
            return
        rows = self.lines.rows
        dropped = self.lines.extend(new)
        top = self.scroll_offset.y
        self._resize()
        if self.follow:
            self._place(self.max_scroll_y)
            self.refresh()
            return
        self.missed += len(new)
        if dropped:
            self._place(max(top - dropped, 0))
            if top < dropped:
                self.refresh()
        elif top + self.size.height > rows:
            self.refresh()
        self.post_message(self.Changed())

    def prepend(self, old: Sequence[Record], older_than: int) -> bool:
        """Put events before the first: those before number `older_than`, none when there are no others.

        False when they no longer fit, because others are shown now.
        """
        if not self.older_than or older_than != self.older_than or older_than != self.lines.oldest:
            return False
        self.older_than = 0
        self._begins = not old
        top = self.scroll_offset.y
        added = self.lines.prepend(old)
        self._resize()
        self._place(top + added)
        self.refresh()
        self.post_message(self.Changed())
        return True

    # --- where one is ----------------------------------------------------------------------------------------------

    def _resize(self) -> None:
        self.virtual_size = Size(self.size.width, self.lines.rows)

    def _place(self, y: float) -> None:
        self._placing = True
        self.scroll_to(y=y, animate=False, force=True)
        self._placing = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stand still when somebody scrolls up, follow again at the end; near the beginning ask for what was before."""
        super().watch_scroll_y(old_value, new_value)
        if not self._placing and round(old_value) != round(new_value):
            self._set_follow(follow=new_value >= self.max_scroll_y)
            if not self.follow and new_value < old_value and new_value < self.size.height:
                self._ask()

    def _ask(self) -> bool:
        """Ask for older events; False when there can be no more."""
        if self._begins or not self.lines.oldest or len(self.lines) >= MOST:
            return False
        if not self.older_than:
            self.older_than = self.lines.oldest
            self.post_message(self.Asked())
        return True

    def _set_follow(self, *, follow: bool) -> None:
        if follow:
            self.missed = 0
        if follow != self.follow:
            self.follow = follow
            if follow:
                self._forget_older()
            self.post_message(self.Changed())

    def _forget_older(self) -> None:
        self.older_than = 0
        if self.lines.forget_older():
            self._begins = False
            self._resize()
            self._place(self.max_scroll_y)
            self.refresh()

    def on_resize(self) -> None:
        """Keep in sight what was, or the end while following."""
        self._measure()

    def _measure(self) -> None:
        """Count rows anew."""
        top = self._top()
        width = self.size.width
        self.lines.measure((lambda event: self._write.height(event, width)) if self.wrap else None)
        self._resize()
        self._place(self.max_scroll_y if self.follow else self.lines.row_of(min(top, len(self.lines))))
        self.refresh()

    def _top(self) -> int:
        """Which record is at the top of what is seen."""
        row = min(self.scroll_offset.y, self.lines.rows - 1)
        return self.lines.at(row)[0] if row >= 0 else 0

    @property
    def top(self) -> int:
        """The number of the event at the top of what is seen; 0 when there is none."""
        return self.lines[self._top()][0] if self.lines else 0

    @property
    def day(self) -> str:
        """The day of the first event that is seen, where it is not today."""
        return self._write.day(self.lines[self._top()][1]) if self.lines else ""

    def go_back(self, top: int, *, follow: bool) -> None:
        """To where one was: the event of that number at the top, or following."""
        if follow:
            self.action_bottom()
        else:
            self._set_follow(follow=False)
            self._place(self.lines.row_of(self.lines.index_of(top)))

    def _seen(self) -> list[tuple[int, tuple[int, int]]]:
        """For each line that is seen, which row of which record stands there."""
        top = self.scroll_offset.y
        return [(y, self.lines.at(top + y)) for y in range(min(self.size.height, self.lines.rows - top))]

    def seen(self) -> list[Record]:
        """The events that are seen, also those of which only a part is."""
        return [self.lines[index] for index in dict.fromkeys(index for _, (index, _) in self._seen())]

    # --- drawing ---------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """What stands at `y`."""
        row = y + self.scroll_offset.y
        if row < self.lines.rows:
            index, part = self.lines.at(row)
            return self.draw(self._line(self.lines[index], part), self.size.width, start=self._left)
        if y == 0 and not self.lines:
            return self.draw((Cell("  Nothing has happened yet.", Tone.DIM),), self.size.width)
        return self.blank()

    def _line(self, record: Record, part: int) -> Line:
        marked = record[0] in self._marks
        if not self.wrap:
            return self._write.line(record, self.size.width, marked=marked)
        lines = self._write.wrapped(record, self.size.width, marked=marked)
        return lines[part] if part < len(lines) else ()

    # --- moving about ----------------------------------------------------------------------------------------------

    def action_bottom(self) -> None:
        """To the newest line, and follow."""
        self._set_follow(follow=True)
        self._place(self.max_scroll_y)
        self.post_message(self.Changed())

    def action_follow(self) -> None:
        """Follow, or stand still."""
        if self.follow:
            self._set_follow(follow=False)
        else:
            self.action_bottom()

    def action_left(self) -> None:
        """Back towards the beginning of the lines."""
        self._shift(-_STEP)

    def action_right(self) -> None:
        """Towards the end of long lines."""
        self._shift(_STEP)

    def _shift(self, cells: int) -> None:
        width = self.size.width
        lines = (self._write.line(record, width) for record in self.seen())
        longest = max((sum(cell_len(cell.text) for cell in line) for line in lines), default=0)
        self._left = 0 if self.wrap else max(min(self._left + cells, longest - width // 2), 0)
        self.refresh()

    # --- how it is written -----------------------------------------------------------------------------------------

    @property
    def times(self) -> Times:
        """How times are written."""
        return self._write.times

    def write(self, times: Times, *, wrap: bool) -> None:
        """Write times in this way, and break long lines, or do not."""
        self._write.times, self.wrap, self._left = times, wrap, 0
        self._measure()
        self.post_message(self.Changed())

    def action_wrap(self) -> None:
        """Break long lines, or do not."""
        self.write(self.times, wrap=not self.wrap)

    def action_time(self) -> None:
        """The time of day, how long ago, nothing."""
        ways = list(Times)
        self.write(ways[(ways.index(self.times) + 1) % len(ways)], wrap=self.wrap)
