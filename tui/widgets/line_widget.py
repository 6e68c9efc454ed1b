"""What all widgets of lines share: tones, and lines that are painted only where they changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.format import NOTHING
from tui.safe import ASCII, strip
from tui.theme import Tone


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text and what it means."""

    text: str
    tone: Tone = Tone.PLAIN


def figure(text: str) -> Cell:
    """A figure, dimmed where there is none."""
    return Cell(text, Tone.DIM if text == NOTHING else Tone.PLAIN)


#: One line. Cells stand side by side as they are; whoever makes a line gives them their widths.
Line = Sequence[Cell]


class LineWidget(ScrollView, can_focus=False, inherit_bindings=False):
    """Draws toned lines by Textual's Line API. The look of each tone is in ``styles/tones.tcss``."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"tone--{tone}" for tone in Tone),
        "line--cursor",
        "line--cursor-blurred",
    }

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._toned: dict[tuple[Tone, str], Style] = {}

    def notify_style_update(self) -> None:
        """Forget the styles when the theme changes."""
        self._toned.clear()
        super().notify_style_update()

    def tone(self, tone: Tone, over: str = "") -> Style:
        """The style of a tone on this widget's ground, or over the cursor: ``line--cursor[-blurred]``."""
        found = self._toned.get((tone, over))
        if found is None:
            found = self.rich_style + self.get_component_rich_style(f"tone--{tone}", partial=True)
            if over:
                found += self.get_component_rich_style(over, partial=True)
            self._toned[tone, over] = found
        return found

    def draw(self, line: Iterable[Cell], width: int, *, over: str = "", start: int = 0) -> Strip:
        """The strip of a line, exactly `width` cells wide."""
        parts = [(cell.text, self.tone(cell.tone, over)) for cell in line]
        return strip(parts, width, self.tone(Tone.PLAIN, over), start, ascii_=self.app.has_class(ASCII))

    def blank(self) -> Strip:
        """A line with nothing on it."""
        return self.draw((), self.size.width)

    def repaint(self, y: int, x: int = 0, width: int | None = None) -> None:
        """Ask for a part of the line at `y`, counted from the top of what is seen, to be painted again."""
        self.refresh(Region(x, y, self.size.width - x if width is None else width, 1))

    # --- moving about: what all that scroll have in common -----------------------------------------------------------

    def action_down(self) -> None:
        """One line down."""
        self.scroll_relative(y=1, animate=False, force=True)

    def action_up(self) -> None:
        """One line up."""
        self.scroll_relative(y=-1, animate=False, force=True)

    def action_page_down(self) -> None:
        """A page down."""
        self.scroll_relative(y=max(self.size.height - 1, 1), animate=False, force=True)

    def action_page_up(self) -> None:
        """A page up."""
        self.scroll_relative(y=1 - max(self.size.height, 2), animate=False, force=True)

    def action_top(self) -> None:
        """To the first line."""
        self.scroll_to(y=0, animate=False, force=True)

    def action_bottom(self) -> None:
        """To the last line."""
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
