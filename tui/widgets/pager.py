"""Lines that may be more than fit, to scroll through."""

from typing import ClassVar

from textual.binding import BindingType

from tui import keys
from tui.widgets.line_block import LineBlock


class Pager(LineBlock, can_focus=True):
    """A block of lines that takes the keys for moving about."""

    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(
        "list.down", "list.up", "list.page_down", "list.page_up", "list.top", "list.bottom"
    )
