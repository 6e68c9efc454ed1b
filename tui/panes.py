"""Which panes are seen, and which of them has the keys.

In a wide terminal all stand side by side. In a narrow one lists and detail share one area. One pane may have the screen
for itself.
"""

from datetime import tzinfo
from typing import Any

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget

from tui.keymap import Keymap
from tui.widgets.batch_list import BatchList
from tui.widgets.key_bar import KeyBar
from tui.widgets.list_table import AnyList
from tui.widgets.log_panel import LogPanel
from tui.widgets.mailbox_detail import MailboxDetail
from tui.widgets.mailbox_table import MailboxTable
from tui.widgets.status_bar import StatusBar

#: Columns from which all panes stand side by side.
WIDE = 116
LISTS = ("batches", "mailboxes", "detail")
LOG = "log"
_LEAST_LOG, _REST = 4, 10  # lines of the log, and those that are left to all else


class Panes:
    """The panes, also by name. `pane` is the one that has the keys, `list` the list that has them or had them last."""

    def __init__(self, keymap: Keymap, zone: tzinfo | None) -> None:
        self.status = StatusBar(id="status")
        self.batches = BatchList(id="batches", classes="pane")
        self.mailboxes = MailboxTable(id="mailboxes", classes="pane")
        self.detail = MailboxDetail(id="detail", classes="pane", zone=zone)
        self.log = LogPanel(id=LOG, classes="pane", zone=zone)
        self.key_bar = KeyBar(keymap, id="keys")
        self.tables: dict[str, AnyList] = {
            "batches": self.batches,
            "mailboxes": self.mailboxes,
            "detail": self.detail.folders,
        }
        self.by_name: dict[str, Widget] = {
            "batches": self.batches,
            "mailboxes": self.mailboxes,
            "detail": self.detail,
            LOG: self.log,
        }
        self.pane = self.list = LISTS[0]
        self.zoomed = False
        self.log_height: int | None = None  # lines, as the user likes it
        self._middle = Horizontal(self.mailboxes, self.detail, id="middle")

    def compose(self) -> ComposeResult:
        """All panes; `arrange` says which are seen."""
        yield self.status
        yield self.batches
        yield self._middle
        yield self.log
        yield self.key_bar

    @property
    def table(self) -> AnyList:
        """The list that keys for lists are meant for."""
        return self.tables[self.list]

    def entered(self, widget: Widget) -> None:
        """A widget has got the keys."""
        for name, pane in self.by_name.items():
            if widget is pane or pane in widget.ancestors:
                self._choose(name)

    def arrange(self, app: App[Any]) -> None:
        """Show the panes that there is room for."""
        narrow = app.size.width < WIDE
        for name, pane in self.by_name.items():
            pane.display = name == self.pane if self.zoomed else not narrow or name in {self.list, LOG}
        self._middle.display = any(self.by_name[name].display for name in ("mailboxes", "detail"))
        sharing = narrow and not self.zoomed and self.list == "batches" and self.log_height is None
        for pane in (self.batches, self.log):  # the log takes what the batches leave
            pane.set_class(sharing, "-sharing")
        if self.log_height is None or self.zoomed:
            self.log.styles.clear_rule("height")
        else:
            self.log.styles.height = self._fitting(app, self.log_height)

    def show(self, name: str) -> Widget:
        """Have a pane shown that is to get the keys; the widget that takes them."""
        self._choose(name)
        self.by_name[name].display = True
        self._middle.display = True
        return self.tables[name] if name in LISTS else self.by_name[name]

    def _choose(self, name: str) -> None:
        self.pane = name
        if name in LISTS:
            self.list = name

    def before(self) -> str:
        """The pane that the list was opened from."""
        return LISTS[max(LISTS.index(self.list) - 1, 0)]

    def after(self) -> str:
        """The pane that opens what the cursor is on."""
        return LISTS[min(LISTS.index(self.list) + 1, len(LISTS) - 1)]

    def stretch(self, app: App[Any], lines: int) -> None:
        """Give the log so many lines more."""
        self.log_height = self._fitting(app, self.log.outer_size.height + lines)

    @staticmethod
    def _fitting(app: App[Any], lines: int) -> int:
        return max(min(lines, app.size.height - _REST), _LEAST_LOG)
