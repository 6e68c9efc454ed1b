"""How an event is written in the log: time, level, mailbox, folder and UID, text."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import Enum

from core.event import Event, Level
from tui.format import clock, duration, fit, wrap
from tui.log_lines import Record
from tui.log_search import LogSearch, place_of
from tui.theme import Tone
from tui.widgets.line_widget import Cell, Line

_NAME, _SHORT_NAME = 22, 16  # cells for a mailbox's name, in logs of at least so many cells, and in others
_ROOMY = 96
_LEAST = 20  # cells for the text of a wrapped event
_CLOCK = 8
_LONG_AGO = datetime.fromtimestamp(0, UTC)

_LEVELS = {
    Level.DEBUG: ("debug", Tone.FAINT, Tone.DIM),
    Level.INFO: ("info ", Tone.DIM, Tone.PLAIN),
    Level.WARNING: ("warn ", Tone.WAIT, Tone.PLAIN),
    Level.ERROR: ("error", Tone.BAD, Tone.PLAIN),
}

#: The first cell of a line: a mark, and what was looked for and is looked at.
MARK, HERE = "▸", "▌"


class Times(Enum):
    """How the time of an event is written."""

    CLOCK = "clock"
    AGO = "ago"
    OFF = "off"


@dataclass(slots=True)
class LogLine:
    """Writes events, as somebody wants them."""

    search: LogSearch
    zone: tzinfo | None = None
    domain: str = ""  # with its @; left out of mailboxes' names
    one_mailbox: bool = False  # all lines are of one mailbox: its column is left out
    times: Times = Times.CLOCK
    now: datetime = _LONG_AGO  # what `Times.AGO` is told for

    def line(self, record: Record, width: int, *, marked: bool = False) -> Line:
        """An event as one line, which may be longer than `width`."""
        event = record[1]
        place = place_of(record)
        tone = _LEVELS[event.level][2]
        return (
            *self._head(record, width, marked=marked),
            *self._found(f"{place} " if place else "", Tone.DIM, record),
            *self._found(event.text, tone, record),
        )

    def wrapped(self, record: Record, width: int, *, marked: bool = False) -> list[Line]:
        """An event as lines of at most `width` cells."""
        event = record[1]
        head = self._head(record, width, marked=marked)
        room = self._room(width)
        place = place_of(record)
        lines: list[Line] = []
        for index, piece in enumerate(wrap(f"{place} {event.text}" if place else event.text, room)):
            begin = place if not index and piece.startswith(place) else ""
            cells = (
                *self._found(begin, Tone.DIM, record),
                *self._found(piece[len(begin) :], _LEVELS[event.level][2], record),
            )
            lines.append((*head, *cells) if not index else (Cell(" " * (width - room)), *cells))
        return lines

    def height(self, event: Event, width: int) -> int:
        """How many lines `wrapped` makes of it."""
        text, room = event.text, self._room(width)
        place = place_of((0, event))
        long = len(text) + len(place) + 1
        if long <= room and text.isascii() and place.isascii():
            return 1
        return len(wrap(f"{place} {text}" if place else text, room))

    def time(self, event: Event) -> str:
        """The time, always as wide; nothing when it is off."""
        if self.times is Times.OFF:
            return ""
        if self.times is Times.CLOCK:
            return clock(event.time, self.zone)
        return f"{duration((self.now - event.time).total_seconds()):>{_CLOCK}}"

    def day(self, event: Event) -> str:
        """The day of an event; empty when it is today."""
        day = event.time.astimezone(self.zone).date()
        return "" if day == self.now.astimezone(self.zone).date() else day.isoformat()

    def _head(self, record: Record, width: int, *, marked: bool) -> tuple[Cell, ...]:
        number, event = record
        word, tone, _ = _LEVELS[event.level]
        here = number == self.search.here and number > 0
        time = self.time(event)
        name = ""
        if not self.one_mailbox:
            name = fit(event.mailbox.removesuffix(self.domain) or event.batch, self._name(width)) + " "
        return (
            Cell(HERE if here else MARK if marked else " ", Tone.KEY),
            Cell(f"{time} " if time else "", Tone.DIM),
            Cell(f"{word} ", tone),
            *self._found(name, Tone.NAME if event.mailbox else Tone.DIM, record),
        )

    def _found(self, text: str, tone: Tone, record: Record) -> list[Cell]:
        if not self.search:
            return [Cell(text, tone)]
        found = Tone.CARET if record[0] == self.search.here else Tone.FOUND
        return [Cell(piece, found if hit else tone) for piece, hit in self.search.split(text)]

    def _room(self, width: int) -> int:
        """Cells that are left to folder and text."""
        time = 0 if self.times is Times.OFF else _CLOCK + 1
        name = 0 if self.one_mailbox else self._name(width) + 1
        return max(width - 1 - time - 6 - name, _LEAST)

    @staticmethod
    def _name(width: int) -> int:
        return _NAME if width >= _ROOMY else _SHORT_NAME
