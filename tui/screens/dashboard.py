"""The three panes: batches, mailboxes with one of them in detail, and the log.

In a wide terminal all stand side by side. In a narrow one lists and detail share one area: Enter goes on, Backspace
goes back.
"""

from collections.abc import Callable, Iterator
from datetime import tzinfo
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from core.event import Level
from core.store.views import BatchView, MailboxView
from tui import keys
from tui.format import count, stamp
from tui.helm import Helm
from tui.keymap import Keymap
from tui.keys import Group, Key
from tui.safe import entitle
from tui.screens.palette import Entry
from tui.target import STEERING, Target
from tui.theme import Tone
from tui.tick import Focus, Tick
from tui.widgets.batch_list import THIS_PROCESS, BatchList, runner_name
from tui.widgets.key_bar import KeyBar
from tui.widgets.line_table import LineTable
from tui.widgets.line_widget import Cell
from tui.widgets.log_view import LogView
from tui.widgets.mailbox_detail import MailboxDetail
from tui.widgets.mailbox_table import MailboxTable
from tui.widgets.status_bar import StatusBar

#: Columns from which all panes stand side by side.
WIDE = 116
_ROOMY = 72  # columns that all hints take
_LEVELS = (Level.INFO, Level.WARNING, Level.ERROR, Level.DEBUG)
_LISTS = ("batches", "mailboxes", "detail")


class Dashboard(Screen[None], inherit_bindings=False):
    """Shows ticks, moves between panes. What keys do to batches is the helm's affair."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide"), (150, "-vast")]  # noqa: RUF012 - as Textual declares them
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-high"), (45, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = keys.bindings(
        "app.", "pane.", "run.", "list.open", "log.level", "log.only", at_once=True
    )

    class Ready(Message):
        """All panes are there."""

    def __init__(self, helm: Helm, look: Callable[[Focus], object], keymap: Keymap, zone: tzinfo | None = None) -> None:
        super().__init__()
        self._helm = helm
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
        self._list = "batches"  # the list that has the focus, or had it last
        self._zoomed = False
        self._level = Level.INFO
        self._only = False
        self._tick: Tick | None = None
        self._chosen: str | None = None  # the batch to put the cursor on once it is there

    def compose(self) -> ComposeResult:
        """All panes; `_arrange` says which are seen."""
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
        if batch is None or self._list == "batches":
            return None if batch is None else Target(batch)
        return None if mailbox is None or mailbox.batch != batch.name else Target(batch, (mailbox,))

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
        self.detail.show(mailbox, tick.folders if mine else (), tick.problem if mine else None, tick.now)
        # Whatever the log brings is taken, also when the cursor has moved on: it comes only once.
        self.log_view.one_mailbox = tick.focus.only and tick.focus.mailbox is not None
        if tick.news.fresh:
            self.log_view.clear()
        self.log_view.extend(tick.news.events)
        self.status.tell(tick.batches, alarm or _warning(batch))
        self._entitle()
        self._hint()

    def choose(self, name: str) -> None:
        """Put the cursor on a batch, now or as soon as it is shown."""
        self._chosen = None if not name or self.batches.choose(name) else name

    def _entitle(self) -> None:
        batch, mailbox = self.batches.current, self.mailboxes.current
        entitle(self.batches, "1 Batches", " · ".join(filter(None, (_place(self.batches), *self._about(batch)))))
        name = f" · {batch.name}" if batch else ""
        place = " · ".join(filter(None, (_place(self.mailboxes), self.mailboxes.domain)))
        entitle(self.mailboxes, f"2 Mailboxes{name}", place)
        log = self.log_view
        whose = mailbox.source if self._only and mailbox else batch.name if batch else "all"
        level = "" if self._level is Level.INFO else f" · {self._level.word} and up"
        follow = "following" if log.follow else f"standing still, {count(log.missed)} new: G follows"
        entitle(log, f"4 Log · {whose}{level} · {follow}")
        log.set_class(not log.follow, "-still")

    def _about(self, batch: BatchView | None) -> Iterator[str]:
        """What is to be said of the chosen batch beside its figures."""
        if batch is None:
            return
        if batch.runner is not None and (who := runner_name(batch.runner)) != THIS_PROCESS:
            yield f"run by {who}"
        if batch.differs:
            yield f"differs from file: {', '.join(key.partition('.')[2] for key in batch.differs)}"
        if batch.why:
            yield batch.why
        if batch.next_pass is not None:
            yield f"next pass {stamp(batch.next_pass, self._zone)}"

    def _hint(self) -> None:
        if isinstance(self.focused, LogView):
            hints = ("log.follow", "log.level", "log.only", "app.help", "app.quit")
            self.key_bar.hint(hints)
            return
        target = self.target
        name = target.name if target else ""
        about = name if self.size.width >= WIDE else ""
        more = ("list.open", "pane.log") if self.size.width >= _ROOMY else ()
        off = {*self._helm.reasons(target), *(["list.open"] if self._list == "detail" else [])}
        self.key_bar.hint((*STEERING, *more, "app.help", "app.quit"), off, about)

    # --- where we are ----------------------------------------------------------------------------------------------

    def _panes(self) -> dict[str, Widget]:
        return {"batches": self.batches, "mailboxes": self.mailboxes, "detail": self.detail, "log": self.log_view}

    def _arrange(self) -> None:
        """Show the panes that there is room for."""
        narrow = self.app.size.width < WIDE
        current = "log" if isinstance(self.focused, LogView) else self._list
        for name, pane in self._panes().items():
            if self._zoomed:
                pane.display = name == current
            else:
                pane.display = not narrow or name in {self._list, "log"}
        self.middle.display = self.mailboxes.display or self.detail.display

    def on_resize(self) -> None:
        """Another width may show other panes."""
        self._arrange()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane that has the keys is the one that is seen."""
        for name in _LISTS:
            pane = self._panes()[name]
            if event.widget is pane or pane in event.widget.ancestors:
                self._list = name
        self._arrange()
        self._hint()

    def action_pane(self, name: str) -> None:
        """Give a pane the keys."""
        if name in _LISTS:
            self._list = name
        pane = self._panes()[name]
        pane.display = True
        self.middle.display = True
        # At once, not by `focus()`: the next key, which may be x, is meant for this pane.
        self.set_focus(self.detail.folders if name == "detail" else pane)

    def action_back(self) -> None:
        """From the detail to the mailboxes, from there to the batches; from the log to where one was."""
        if self._zoomed:
            self.action_zoom()
        elif isinstance(self.focused, LogView):
            self.action_pane(self._list)
        else:
            self.action_pane(_LISTS[max(_LISTS.index(self._list) - 1, 0)])

    def action_zoom(self) -> None:
        """One pane alone, or as before."""
        self._zoomed = not self._zoomed
        self.set_class(self._zoomed, "-zoomed")
        self._arrange()

    @on(LineTable.Opened)
    def action_open(self) -> None:
        """From a batch on to its mailboxes, from a mailbox on to its folders."""
        if not isinstance(self.focused, LogView):
            self.action_pane(_LISTS[min(_LISTS.index(self._list) + 1, len(_LISTS) - 1)])

    @on(LineTable.Moved, "#folders")
    def name_folder(self) -> None:
        """Say where that folder goes."""
        self.detail.entitle()

    # --- the log ---------------------------------------------------------------------------------------------------

    @on(LogView.Changed)
    def log_changed(self) -> None:
        """Say whether it follows."""
        self._entitle()

    def action_level(self) -> None:
        """Show only what matters more."""
        self._level = _LEVELS[(_LEVELS.index(self._level) + 1) % len(_LEVELS)]
        self._look(self.wanted)

    def action_only(self) -> None:
        """The chosen mailbox alone, or all."""
        self._only = not self._only
        self._look(self.wanted)

    # --- steering --------------------------------------------------------------------------------------------------

    def action_steer(self, action: str) -> None:
        """Do one of the helm's actions, by its id, to what the cursor is on."""
        self.run_worker(self._helm.steer(action, self.target), group="steer")

    # --- every action by its name ----------------------------------------------------------------------------------

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
        if key.group is Group.LIST:
            return self.detail.folders if self._list == "detail" else self._panes()[self._list]
        return self.log_view if key.group is Group.LOG else self

    async def perform(self, id_: str | None) -> None:
        """Do what was chosen."""
        if id_ is not None:
            key = keys.key(id_)
            await self.app.run_action(key.action, self.owner(key))


def _place(table: LineTable[BatchView] | LineTable[MailboxView]) -> str:
    return f"{count(table.cursor + 1)} of {count(len(table.items))}" if table.items else ""


def _warning(batch: BatchView | None) -> Cell | None:
    return Cell(f"! {batch.name}: {batch.warning}", Tone.WAIT) if batch and batch.warning else None
