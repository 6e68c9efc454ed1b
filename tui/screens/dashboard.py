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
from textual.dom import DOMNode
from textual.screen import Screen

from core.store.views import BatchView
from tui import catalog, keys, recall, titles
from tui.helm import Helm
from tui.keymap import Keymap
from tui.keys import Key
from tui.log_desk import LogDesk
from tui.panes import WIDE, Panes
from tui.prompts import Prompts
from tui.screens.palette import Entry
from tui.session import Session
from tui.sight import Sight
from tui.target import Target
from tui.theme import Tone
from tui.tick import Focus, Tick
from tui.widgets.line_table import LineTable
from tui.widgets.line_widget import Cell
from tui.widgets.list_table import ListTable
from tui.widgets.log_panel import LogPanel
from tui.widgets.log_view import LogView

_TALLER = 2  # lines that one key press gives the log


class Dashboard(Screen[None], inherit_bindings=False):
    """Shows ticks, moves between panes. What keys do to batches is the helm's affair."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide"), (150, "-vast")]  # noqa: RUF012 - as Textual declares them
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high"), (45, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings("app.", "pane.", "run.", "batch.", at_once=True)

    def __init__(
        self,
        helm: Helm,
        prompts: Prompts,
        desk: LogDesk,
        look: Callable[[Focus], object],
        ready: Callable[[], object],
        keymap: Keymap,
        session: Session,
        zone: tzinfo | None = None,
    ) -> None:
        super().__init__()
        self._helm = helm
        self._prompts = prompts
        self._desk = desk
        self._look = look
        self._ready = ready
        self._keymap = keymap
        self._session = session
        self._zone = zone
        self.panes = panes = Panes(keymap, zone)
        self.status, self.key_bar = panes.status, panes.key_bar
        self.batches, self.mailboxes, self.detail, self.log_view = (
            panes.batches,
            panes.mailboxes,
            panes.detail,
            panes.log,
        )
        self.sight = Sight(panes)
        self._tick: Tick | None = None
        self._chosen: str | None = None  # the batch to put the cursor on once it is there

    def compose(self) -> ComposeResult:
        """All panes."""
        yield from self.panes.compose()

    def on_mount(self) -> None:
        """Begin where one was."""
        recall.restore(self._session, self.panes, self.sight, self._prompts)
        self.set_class(self.panes.zoomed, "-zoomed")
        self.action_pane(self._session.pane if self._session.pane in self.panes.by_name else "batches")
        self._arrange()
        self._ready()

    # --- what is shown ---------------------------------------------------------------------------------------------

    @property
    def wanted(self) -> Focus:
        """What the user looks at."""
        return self.sight.focus

    @property
    def session(self) -> Session:
        """How everything is looked at, to be remembered."""
        return recall.taken(self.panes, self.sight, self._prompts)

    @property
    def seen(self) -> Focus | None:
        """What the screen shows; `wanted`, as soon as that has been read."""
        return None if self._tick is None else self._tick.focus

    @property
    def target(self) -> Target | None:
        """What the keys for start, pause, resume and stop are meant for."""
        return self.sight.target

    def show(self, tick: Tick, remark: Cell | None) -> None:
        """Bring everything up to date; `remark` is to be said of the console itself."""
        self.batches.now = self.mailboxes.now = tick.now
        self.batches.show(tick.batches)
        if self._chosen is not None:
            self.choose(self._chosen)
        elif self._tick is None:
            self.choose(tick.focus.batch or "")
        self._tick = tick
        batch = self.batches.current
        fits = batch is not None and tick.focus.batch == batch.name
        self.mailboxes.show(tick.mailboxes if fits else ())
        mailbox = self.mailboxes.current
        mine = fits and mailbox is not None and tick.focus.mailbox == mailbox.source
        if mine:
            self.detail.show(mailbox, tick.folders, tick.problem, tick.now, tick.rates)
        else:
            self.detail.show(mailbox, (), None, tick.now)
        self._show_log(tick)
        self.status.tell(tick.batches, remark, _warning(batch))
        self._tell()

    def _show_log(self, tick: Tick) -> None:
        """Whatever the log brings is taken, also when the cursor has moved on: it comes only once."""
        log, news = self.log_view, tick.news
        log.about(self.mailboxes.domain, one_mailbox=tick.focus.only and tick.focus.mailbox is not None)
        log.tell(tick.now)
        if news.fresh:
            log.clear()
        log.extend(news.records)
        if news.older_than and log.prepend(news.older, news.older_than):
            self._look(self.wanted)  # it is not wanted any more

    def choose(self, name: str) -> None:
        """Put the cursor on a batch, now or as soon as it is shown."""
        self._chosen = None if not name or self.batches.choose(name) else name

    @on(ListTable.Arranged)
    @on(LogView.Changed)
    def _tell(self) -> None:
        """Write on the borders and at the bottom what is shown and what can be done."""
        titles.write(self.panes, self.sight, self._keymap, self._zone)
        self._hint()

    def _hint(self) -> None:
        titles.hint(self.panes, self.target, self._helm.reasons(self.target), in_log=self._in_log)

    @on(ListTable.Said)
    @on(LogPanel.Said)
    def said(self, message: ListTable.Said | LogPanel.Said) -> None:
        """Say what a list or the log has to say."""
        self.key_bar.flash(message.word, Tone.DIM)

    # --- where we are ----------------------------------------------------------------------------------------------

    @property
    def _in_log(self) -> bool:
        return self.focused is self.log_view

    def _arrange(self) -> None:
        self.panes.arrange(self.app)

    def on_resize(self) -> None:
        """Another width may show other panes, and has room for other words."""
        self._arrange()
        self.call_after_refresh(self._tell)  # once every pane has its new size

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

        Before that a filter, or what is looked for, is taken off, then marks, then the zoom.
        """
        panes = self.panes
        if self._in_log and self.log_view.search:
            self.log_view.look_for("")
        elif not self._in_log and panes.table.narrowed:
            panes.table.filter("")
        elif not self._in_log and panes.table.marked:
            panes.table.unmark()
        elif panes.zoomed:
            self.action_zoom()
        else:
            self.action_pane(panes.list if self._in_log else panes.before())

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
        if not self._in_log:
            self.action_pane(self.panes.after())

    @on(LineTable.Moved, "#folders")
    def name_folder(self) -> None:
        """Say where that folder goes."""
        self.detail.entitle()

    # --- lists and log ---------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Ask for a filter for the list."""
        self._prompts.filter(self.panes.table)

    def action_search(self) -> None:
        """Ask what to look for in the log."""
        self._prompts.search(self.log_view)

    def action_copy(self) -> None:
        """Copy what is marked or seen of the log."""
        self.run_worker(self._desk.copy(self.wanted, self.log_view.chosen()), group="log")

    def action_export(self) -> None:
        """Write all of the log to a file."""
        self.run_worker(self._desk.export(self.wanted), group="log")

    @on(LineTable.Moved)
    @on(LogView.Asked)
    def look_again(self) -> None:
        """Look at what is wanted now, in the link's thread."""
        self._look(self.wanted)

    def action_level(self) -> None:
        """Show only what matters more."""
        self.sight.next_level()
        self.look_again()

    def action_only(self) -> None:
        """The chosen mailbox alone, or all."""
        self.sight.only = not self.sight.only
        self.look_again()

    # --- every action by its name, and those on batches --------------------------------------------------------------

    def action_steer(self, action: str) -> None:
        """Do one of the helm's actions, by its id, to what the cursor is on, or to what is marked."""
        self.run_worker(self._helm.steer(action, self.target), group="steer")

    def entries(self) -> list[Entry]:
        """What the palette offers."""
        return catalog.entries(self._keymap, self._helm.reasons(self.target))

    def owner(self, key: Key) -> DOMNode:
        """Where the method of an action is."""
        return catalog.owner(key, self.panes, self)

    async def perform(self, id_: str | None) -> None:
        """Do what was chosen."""
        if id_ is not None:
            key = keys.key(id_)
            await self.app.run_action(key.action, self.owner(key))


def _warning(batch: BatchView | None) -> Cell | None:
    return Cell(f"! {batch.warning}", Tone.WAIT) if batch and batch.warning else None
