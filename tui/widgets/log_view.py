"""The log: a ring of events that follows the newest line, or stands still where somebody reads."""

from collections import deque
from collections.abc import Sequence
from datetime import tzinfo
from itertools import islice
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from core.event import Event, Level
from tui import keys
from tui.format import clock, fit
from tui.theme import Tone
from tui.widgets.line_widget import Cell, Line, LineWidget

#: Events kept here; older ones are in the store.
CAPACITY = 20_000
_STEP = 20  # cells that one key press scrolls sideways
_NAME, _SHORT_NAME = 22, 16  # cells for a mailbox's name, in logs of at least so many cells, and in others
_ROOMY = 96

_LEVELS = {
    Level.DEBUG: ("debug", Tone.FAINT, Tone.DIM),
    Level.INFO: ("info ", Tone.DIM, Tone.PLAIN),
    Level.WARNING: ("warn ", Tone.WAIT, Tone.PLAIN),
    Level.ERROR: ("error", Tone.BAD, Tone.PLAIN),
}


class LogView(LineWidget, can_focus=True):
    """The newest events at the bottom. Scrolling up stops the following by itself; reaching the end resumes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *keys.bindings(
            "list.down", "list.up", "list.page_down", "list.page_up", "list.top", "list.bottom", at_once=True
        ),
        *keys.bindings("log.follow", "log.left", "log.right", at_once=True),
    ]

    class Changed(Message):
        """It follows now, or no longer, or has missed more."""

    def __init__(
        self,
        *,
        zone: tzinfo | None = None,
        capacity: int = CAPACITY,
        id: str | None = None,  # noqa: A002 - Textual's name
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.zone = zone
        self.follow = True
        self.missed = 0  # new lines since it stands still
        self.domain = ""  # with its @; left out of mailboxes' names
        self.one_mailbox = False  # all lines are of one mailbox: its column is left out
        self._ring: deque[Event] = deque(maxlen=capacity)
        self._left = 0  # cells scrolled off on the left
        self._placing = False  # it is us who scroll

    def __len__(self) -> int:
        return len(self._ring)

    def __bool__(self) -> bool:
        return True

    def clear(self) -> None:
        """Forget all lines and follow again."""
        self._ring.clear()
        self.follow, self.missed, self._left = True, 0, 0
        self._resize()
        self.refresh()
        self.post_message(self.Changed())

    def extend(self, new: Sequence[Event]) -> None:
        """Add events, oldest first. A reader who scrolled up keeps the lines he reads before his eyes."""
        if not new:
            return
        room = (self._ring.maxlen or 0) - len(self._ring)
        dropped = max(len(new) - room, 0)
        self._ring.extend(new)
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
        elif top + self.size.height > len(self._ring) - len(new):
            self.refresh()
        self.post_message(self.Changed())

    def _resize(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._ring))

    def _place(self, y: float) -> None:
        self._placing = True
        self.scroll_to(y=y, animate=False, force=True)
        self._placing = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Stand still when somebody scrolls up, follow again at the end."""
        super().watch_scroll_y(old_value, new_value)
        if not self._placing and round(old_value) != round(new_value):
            self._set_follow(follow=new_value >= self.max_scroll_y)

    def _set_follow(self, *, follow: bool) -> None:
        if follow:
            self.missed = 0
        if follow != self.follow:
            self.follow = follow
            self.post_message(self.Changed())

    def on_resize(self) -> None:
        """Keep the end in sight while following."""
        self._resize()
        if self.follow:
            self._place(self.max_scroll_y)

    # --- drawing ---------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """The event that stands at `y`."""
        index = y + self.scroll_offset.y
        if index < len(self._ring):
            return self.draw(self.line(self._ring[index]), self.size.width, start=self._left)
        if y == 0 and not self._ring:
            return self.draw((Cell("  Nothing has happened yet.", Tone.DIM),), self.size.width)
        return self.blank()

    def line(self, event: Event) -> Line:
        """An event as one line: time, level, mailbox, folder and UID, text."""
        word, head, tail = _LEVELS.get(event.level, _LEVELS[Level.INFO])
        name = event.mailbox.removesuffix(self.domain) or event.batch
        mailbox = "" if self.one_mailbox else fit(name, _NAME if self.size.width >= _ROOMY else _SHORT_NAME) + " "
        place = event.folder if event.uid is None else f"{event.folder}:{event.uid}"
        return (
            Cell(f" {clock(event.time, self.zone)} ", Tone.DIM),
            Cell(f"{word} ", head),
            Cell(mailbox, Tone.NAME if event.mailbox else Tone.DIM),
            Cell(f"{place} " if place else "", Tone.DIM),
            Cell(event.text, tail),
        )

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
        top = self.scroll_offset.y
        seen = islice(self._ring, top, top + self.size.height)
        longest = max((sum(cell_len(cell.text) for cell in self.line(event)) for event in seen), default=0)
        self._left = max(min(self._left + cells, longest - self.size.width // 2), 0)
        self.refresh()
