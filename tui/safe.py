"""The only file that turns data into what a terminal is sent.

Subjects, folder names and server replies may hold terminal commands, and Textual's widgets take ``[...]`` for markup.
Here every text passes `core.printable`, and nothing is ever parsed for markup.
"""

from collections.abc import Iterable
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from core.printable import printable
from tui.ascii import ascii_only
from tui.format import fit

#: The app's class while it draws with ASCII alone.
ASCII = "-ascii"


def strip(
    parts: Iterable[tuple[str, Style]], width: int, fill: Style, start: int = 0, *, ascii_: bool = False
) -> Strip:
    """One line of exactly `width` cells from texts and their styles; cut with an ellipsis, or filled with `fill`.

    `start` leaves out so many cells on the left; `ascii_` writes all of it in ASCII.
    """
    segments: list[Segment] = []
    room = start + width
    for text, style in parts:
        piece = printable(text)
        length = cell_len(piece)
        if length > room:
            piece, length = fit(piece, room), room
        segments.append(Segment(ascii_only(piece) if ascii_ else piece, style))
        room -= length
        if not room:
            break
    if room:
        segments.append(Segment(" " * room, fill))
    line = Strip(segments, start + width)
    return line.crop(start, start + width) if start else line


def entitle(widget: Widget, title: str, subtitle: str = "") -> None:
    """Write on the upper and the lower border of a widget, where that is new.

    A widget without side borders has both above, between blanks that Textual leaves out there.
    """
    if not widget.styles.border_left[0]:
        title, subtitle = f" {' · '.join(filter(None, (title, subtitle)))} ", ""
    for name, text in (("border_title", title), ("border_subtitle", subtitle)):
        clean = printable(text, 200)
        if widget.app.has_class(ASCII):
            clean = ascii_only(clean)
        if str(getattr(widget, name) or "") != clean:
            setattr(widget, name, Content(clean) if clean else None)


def to_clipboard(app: App[Any], text: str) -> None:
    """Offer lines to the terminal's clipboard (OSC 52); many terminals and tmux refuse it."""
    app.copy_to_clipboard("".join(printable(line) + "\n" for line in text.splitlines()))
