"""Sends of a changed part no more than that part, in as few colour codes as it takes.

Textual 8.2.8 paints a part of a line together with all that its widget has to the left of it, twice when two parts of
the line have changed, and names each colour anew: four times as many bytes, measured at 80x24 with 50 mailboxes at
work. Over SSH that is what makes a console slow.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile
from typing import Any

from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

_CODES = re.compile(r"\x1b\[([\d;]+)m")  # ECMA-48, SGR
_MOVES = re.compile(r"(?:\x1b\[\d+;\d+H)*")  # CUP
_COLOURS = re.compile(r"(38;5;\d+);(48;5;\d+)")
_NONE = "0"


class Sent:
    """What the terminal was sent last, line by line, as far as it is known."""

    def __init__(self) -> None:
        self._lines: dict[int, Strip] = {}
        self._region: Region | None = None

    def forget(self) -> None:
        """The terminal may show something else by now: the next full update is sent as a whole."""
        self._lines.clear()

    def lean(self, update: Any) -> Any:
        """An update of Textual's that is sent in fewer bytes; any other renderable as it is."""
        if isinstance(update, ChopsUpdate):
            return _Lean(lambda console: self._parts(update, console))
        if isinstance(update, LayoutUpdate):
            return _Lean(lambda console: self._whole(update, console))
        return update

    def _parts(self, update: ChopsUpdate, console: Console) -> Iterator[str]:
        """Lines `y` of the spans from `x1` to `x2`."""
        for y, x1, x2 in update.spans:
            self._lines.pop(y, None)
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                left, right = max(x, x1), min(end, x2)
                if strip is not None and left < right:
                    yield _at(left, y, strip.crop(left - x, right - x), console)

    def _whole(self, update: LayoutUpdate, console: Console) -> Iterator[str]:
        """All lines, of those that are known what is new. A dialog has all painted whenever something below changes."""
        if update.region != self._region:
            self._lines.clear()
            self._region = update.region
        for y, strips in enumerate(update.strips, update.region.y):
            line = Strip.join(strips)
            left, right = _changed(self._lines.get(y), line)
            self._lines[y] = line
            if left < right:
                yield _at(update.region.x + left, y, line.crop(left, right), console)


class _Lean(CompositorUpdate):
    """An update that is asked for its pieces when it is really sent."""

    def __init__(self, pieces: Callable[[Console], Iterable[str]]) -> None:
        self._pieces = pieces

    def render_segments(self, console: Console) -> str:
        """What the terminal is sent."""
        return fewer_codes("".join(self._pieces(console)))


def _at(x: int, y: int, strip: Strip, console: Console) -> str:
    return f"{Control.move_to(x, y).segment.text}{strip.render(console)}"


def _changed(old: Strip | None, new: Strip) -> tuple[int, int]:
    """From which to which cell a line is another one; all of it where its width is."""
    if old is None or old.cell_length != new.cell_length:
        return 0, new.cell_length
    return _alike(old, new), new.cell_length - _alike(reversed(list(old)), reversed(list(new)))


def _alike(old: Iterable[Segment], new: Iterable[Segment]) -> int:
    """Cells of the segments in which both begin alike."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    return sum(segment.cell_length for segment, _ in pairs)


def fewer_codes(text: str) -> str:
    """The same on the screen, without codes that change nothing. `text` ends each style that it begins."""
    said = [""]
    now = wanted = _NONE  # what is in force, and what should be
    place = 0
    for codes in _CODES.finditer(text):
        between = text[place : codes.start()]
        if now != wanted and not _MOVES.fullmatch(between):
            said.append(_change(now, wanted))
            now = wanted
        said.append(between)
        wanted, place = codes[1], codes.end()
    return "".join([*said, _change(now, wanted), text[place:]])


def _change(now: str, wanted: str) -> str:
    """The codes that lead from one style to another."""
    if now == wanted:
        return ""
    old, new = _COLOURS.fullmatch(now), _COLOURS.fullmatch(wanted)
    if old and new:
        return f"\x1b[{';'.join(code for code in new.groups() if code not in old.groups())}m"
    return f"\x1b[{wanted}m" if _NONE in (now, wanted) else f"\x1b[{_NONE};{wanted}m"
