"""The three panes: batches, mailboxes with one of them in detail, and the log.

In a wide terminal all stand side by side. In a narrow one lists and detail share one area: Enter goes on, Backspace
goes back.
"""

from collections.abc import Callable
from datetime import tzinfo
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen

from core.event import Level
from core.store.views import BatchView
from tui import keys
from tui.helm import Helm
from tui.keymap import Keymap
from tui.keys import Group, Key
from tui.panes import LOG, WIDE, Panes
from tui.prompts import Prompts
from tui.safe import entitle
from tui.screens.palette import Entry
from tui.target import STEERING, Target
from tui.theme import Tone
from tui.tick import Focus, Tick
from tui.titles import about, chip, joined, log_title, place
from tui.widgets.batch_list import BatchList
from tui.widgets.key_bar import KeyBar
from tui.widgets.line_table import LineTable
from tui.widgets.line_widget import Cell
from tui.widgets.list_table import ListTable
from tui.widgets.log_view import LogView
from tui.widgets.mailbox_detail import MailboxDetail
from tui.widgets.mailbox_table import MailboxTable
from tui.widgets.status_bar import StatusBar

_LEVELS = (Level.INFO, Level.WARNING, Level.ERROR, Level.DEBUG)
_LIST_HINTS = ("list.open", "list.filter", "pane.log", "list.problem")
_LOG_HINTS = ("log.level", "log.only")
_TALLER = 2  # lines that one key press gives the log


class Dashboard(Screen[None], inherit_bindings=False):
    """Shows ticks, moves between panes. What keys do to batches is the helm's affair."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide"), (150, "-vast")]  # noqa: RUF012 - as Textual declares them
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high"), (45, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(
        "app.", "pane.", "run.", "list.open", "log.level", "log.only", at_once=True
    )

    class Ready(Message):
        """All panes are there."""

    def __init__(
        self,
        helm: Helm,
        prompts: Prompts,
        look: Callable[[Focus], object],
        keymap: Keymap,
        zone: tzinfo | None = None,
    ) -> None:
        super().__init__()
        self._helm = helm
        self._prompts = prompts
        self._look = look
        self._keymap = keymap
        self._zone = zone
        self.status = StatusBar(id="status")
        self.batches = BatchList(id="batches", classes="pane")
        self.mailboxes = MailboxTable(id="mailboxes", classes="pane")
        self.detail = MailboxDetail(id="detail", classes="pane", zone=zone)
        self.middle = Horizontal(self.mailboxes, self.detail, id="middle")
        self.log_view = LogView(id="log", classes="pane", zone=zone)
        self.key_bar = KeyBar(keymap, id="keys")
        self.panes = Panes(self.batches, self.mailboxes, self.detail, self.middle, self.log_view)
        self._level = Level.INFO
        self._only = False
        self._tick: Tick | None = None
        self._chosen: str | None = None  # the batch to put the cursor on once it is there

    def compose(self) -> ComposeResult:
        """All panes; `Panes.arrange` says which are seen."""
        yield self.status
        yield self.batches
        yield self.middle
        yield self.log_view
        yield self.key_bar

    def on_mount(self) -> None:
        """Begin at the batches."""
        self.batches.focus()
        self._arrange()
        self.post_message(self.Ready())

    # --- what is shown ---------------------------------------------------------------------------------------------

    @property
    def wanted(self) -> Focus:
        """What the user looks at."""
        batch, mailbox = self.batches.current, self.mailboxes.current
        fits = batch is not None and mailbox is not None and mailbox.batch == batch.name
        return Focus(
            batch=batch.name if batch else None,
            mailbox=mailbox.source if mailbox and fits else None,
            level=self._level,
            only=self._only,
        )

    @property
    def seen(self) -> Focus | None:
        """What the screen shows; `wanted`, as soon as that has been read."""
        return None if self._tick is None else self._tick.focus

    @property
    def target(self) -> Target | None:
        """What the keys for start, pause, resume and stop are meant for."""
        batch, mailbox = self.batches.current, self.mailboxes.current
        if batch is None or self.panes.list == "batches":
            return None if batch is None else Target(batch)
        if mailbox is None or mailbox.batch != batch.name:
            return None
        marked = self.mailboxes.marked if self.panes.list == "mailboxes" else ()
        return Target(batch, marked or (mailbox,))

    def show(self, tick: Tick, alarm: Cell | None) -> None:
        """Bring everything up to date."""
        self.batches.now = self.mailboxes.now = tick.now
        self.batches.show(tick.batches)
        if self._chosen is not None:
            self.choose(self._chosen)
        elif self._tick is None:
            self.choose(next((batch.name for batch in tick.batches if batch.runner is not None), ""))
        self._tick = tick
        batch = self.batches.current
        fits = batch is not None and tick.focus.batch == batch.name
        self.mailboxes.show(tick.mailboxes if fits else ())
        mailbox = self.mailboxes.current
        mine = fits and mailbox is not None and tick.focus.mailbox == mailbox.source
        self.log_view.domain = self.mailboxes.domain
        if mine:
            self.detail.show(mailbox, tick.folders, tick.problem, tick.now, tick.rates)
        else:
            self.detail.show(mailbox, (), None, tick.now)
        # Whatever the log brings is taken, also when the cursor has moved on: it comes only once.
        self.log_view.one_mailbox = tick.focus.only and tick.focus.mailbox is not None
        if tick.news.fresh:
            self.log_view.clear()
        self.log_view.extend(tick.news.events)
        self.status.tell(tick.batches, alarm or _warning(batch))
        self._tell()

    def choose(self, name: str) -> None:
        """Put the cursor on a batch, now or as soon as it is shown."""
        self._chosen = None if not name or self.batches.choose(name) else name

    def _tell(self) -> None:
        """Write on the borders and at the bottom what is shown and what can be done."""
        batch, mailbox = self.batches.current, self.mailboxes.current
        name = batch.name if batch else ""
        entitle(
            self.batches,
            joined("1 Batches", chip(self.batches)),
            joined(place(self.batches), *about(batch, self._zone)),
        )
        entitle(
            self.mailboxes,
            joined("2 Mailboxes", chip(self.mailboxes), name),
            joined(place(self.mailboxes), self.mailboxes.domain),
        )
        self.detail.entitle()
        whose = mailbox.source if self._only and mailbox else name
        entitle(self.log_view, log_title(self.log_view, whose, self._level, self._keymap))
        self.log_view.set_class(not self.log_view.follow, "-still")
        for pane, table in self.panes.tables.items():
            self.panes.by_name[pane].set_class(table.narrowed, "-narrowed")
        self._hint()

    def _hint(self) -> None:
        last = ("app.help", "app.quit")
        if isinstance(self.focused, LogView):
            self.key_bar.hint(("log.follow",), _LOG_HINTS, last)
            return
        target = self.target
        off = {*self._helm.reasons(target), *(["list.open"] if self.panes.list == "detail" else [])}
        about = target.name if target is not None and self.size.width >= WIDE else ""
        self.key_bar.hint(STEERING, _LIST_HINTS, last, off, about)

    # --- where we are ----------------------------------------------------------------------------------------------

    def _arrange(self) -> None:
        self.panes.arrange(self.app, self.focused)

    def on_resize(self) -> None:
        """Another width may show other panes."""
        self._arrange()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane that has the keys is the one that is seen."""
        self.panes.entered(event.widget)
        self._arrange()
        self._hint()

    def action_pane(self, name: str) -> None:
        """Give a pane the keys."""
        # At once, not by `focus()`: the next key, which may be x, is meant for this pane.
        self.set_focus(self.panes.show(name))

    def action_back(self) -> None:
        """From the detail to the mailboxes, from there to the batches; from the log to where one was.

        Before that a filter is taken off, then marks, then the zoom.
        """
        in_log = isinstance(self.focused, LogView)
        if not in_log and self.panes.table.narrowed:
            self.panes.table.filter("")
        elif not in_log and self.panes.table.marked:
            self.panes.table.unmark()
        elif self.panes.zoomed:
            self.action_zoom()
        else:
            self.action_pane(self.panes.list if in_log else self.panes.before())

    def action_zoom(self) -> None:
        """One pane alone, or as before."""
        self.panes.zoomed = not self.panes.zoomed
        self.set_class(self.panes.zoomed, "-zoomed")
        self._arrange()

    def action_taller(self) -> None:
        """More lines for the log."""
        self.panes.stretch(self.app, _TALLER)
        self._arrange()

    def action_shorter(self) -> None:
        """Fewer lines for the log."""
        self.panes.stretch(self.app, -_TALLER)
        self._arrange()

    @on(LineTable.Opened)
    def action_open(self) -> None:
        """From a batch on to its mailboxes, from a mailbox on to its folders."""
        if not isinstance(self.focused, LogView):
            self.action_pane(self.panes.after())

    @on(LineTable.Moved, "#folders")
    def name_folder(self) -> None:
        """Say where that folder goes."""
        self.detail.entitle()

    # --- filter, order, marks --------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Ask for a filter for the list."""
        self._prompts.filter(self.panes.table)

    @on(ListTable.Arranged)
    @on(LogView.Changed)
    def rearranged(self) -> None:
        """Say how it is looked at now."""
        self._tell()

    @on(ListTable.Said)
    def said(self, message: ListTable.Said) -> None:
        """Say what a list has to say."""
        self.key_bar.flash(message.word, Tone.DIM)

    # --- the log ---------------------------------------------------------------------------------------------------

    def action_level(self) -> None:
        """Show only what matters more."""
        self._level = _LEVELS[(_LEVELS.index(self._level) + 1) % len(_LEVELS)]
        self._look(self.wanted)

    def action_only(self) -> None:
        """The chosen mailbox alone, or all."""
        self._only = not self._only
        self._look(self.wanted)

    # --- every action by its name, and those on batches --------------------------------------------------------------

    def action_steer(self, action: str) -> None:
        """Do one of the helm's actions, by its id, to what the cursor is on, or to what is marked."""
        self.run_worker(self._helm.steer(action, self.target), group="steer")

    def entries(self) -> list[Entry]:
        """What the palette offers: every action that has a name."""
        none = self._helm.reasons(self.target)
        return [
            Entry(key.id, key.name, key.words, " ".join(self._keymap.names(key.id)[:2]), none.get(key.id, ""))
            for key in keys.KEYS
            if key.name
        ]

    def owner(self, key: Key) -> DOMNode:
        """Where the method of an action is."""
        if key.group in {Group.LIST, Group.MOVE}:
            return self.panes.table
        return self.panes.by_name[LOG] if key.group is Group.LOG else self

    async def perform(self, id_: str | None) -> None:
        """Do what was chosen."""
        if id_ is not None:
            key = keys.key(id_)
            await self.app.run_action(key.action, self.owner(key))


def _warning(batch: BatchView | None) -> Cell | None:
    return Cell(f"! {batch.name}: {batch.warning}", Tone.WAIT) if batch and batch.warning else None
