"""A few lines of text that change now and then."""

from collections.abc import Sequence

from textual.geometry import Size
from textual.strip import Strip

from tui.widgets.line_widget import Line, LineWidget


class LineBlock(LineWidget):
    """Shows lines from the top; only lines that changed are painted again."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self.lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Put these lines in place of those before."""
        old, self.lines = self.lines, lines
        if len(old) != len(lines):
            self.virtual_size = Size(self.size.width, len(lines))
            self.refresh()
            return
        for y, (before, after) in enumerate(zip(old, lines, strict=True)):
            if before != after:
                self.repaint(y - self.scroll_offset.y)

    def render_line(self, y: int) -> Strip:
        """The line at `y`, or a blank one below the last."""
        index = y + self.scroll_offset.y
        return self.draw(self.lines[index], self.size.width) if index < len(self.lines) else self.blank()
