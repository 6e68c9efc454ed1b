"""What stands on the borders of the panes, and which keys at the bottom."""

from collections.abc import Iterator, Mapping
from datetime import tzinfo

from core.event import Level
from core.store.views import BatchView
from tui.format import count, joined, stamp
from tui.keymap import Keymap
from tui.panes import WIDE, Panes
from tui.runner import THIS_PROCESS, runner_name
from tui.safe import entitle
from tui.sight import Sight
from tui.target import STEERING, Target
from tui.widgets.list_table import AnyList
from tui.widgets.log_panel import LogPanel

_LIST_HINTS = ("list.open", "list.filter", "pane.log", "list.problem")
_LOG_HINTS = ("log.search", "log.level", "log.only", "log.wrap", "log.time", "log.copy", "log.export")
_LAST_HINTS = ("app.help", "app.quit")


def hint(panes: Panes, target: Target | None, reasons: Mapping[str, str], *, in_log: bool) -> None:
    """Write at the bottom which keys do something here. `reasons` says why some would not."""
    if in_log:
        panes.key_bar.hint(("log.follow",), _LOG_HINTS, _LAST_HINTS)
        return
    off = {*reasons, *(["list.open"] if panes.list == "detail" else [])}
    about = target.name if target is not None and panes.key_bar.size.width >= WIDE else ""
    panes.key_bar.hint(STEERING, _LIST_HINTS, _LAST_HINTS, off, about)


def write(panes: Panes, sight: Sight, keymap: Keymap, zone: tzinfo | None) -> None:
    """Write on the borders what is shown there."""
    batches, mailboxes, log = panes.batches, panes.mailboxes, panes.log
    batch, mailbox = batches.current, mailboxes.current
    name = batch.name if batch else ""
    entitle(batches, joined("1 Batches", batches.chip), joined(place(batches), *about(batch, zone)))
    entitle(mailboxes, joined("2 Mailboxes", mailboxes.chip, name), joined(place(mailboxes), mailboxes.domain))
    panes.detail.entitle()
    entitle(log, log_title(log, mailbox.source if sight.only and mailbox else name, sight.level, keymap))
    log.set_class(not log.follow, "-still")
    for pane, table in panes.tables.items():
        panes.by_name[pane].set_class(table.narrowed, "-narrowed")


def place(table: AnyList) -> str:
    """Where the cursor is, how many are marked, and what the rows are ordered by when no heading says it."""
    marked = len(table.marked)
    parts = (
        f"{count(table.cursor + 1)} of {count(len(table.items))}" if table.items else "",
        f"{count(marked)} marked" if marked else "",
        table.order_words,
    )
    return joined(*parts)


def about(batch: BatchView | None, zone: tzinfo | None) -> Iterator[str]:
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
        yield f"next pass {stamp(batch.next_pass, zone)}"


def log_title(log: LogPanel, whose: str, level: Level, keymap: Keymap) -> str:
    """Whose log it is, what it leaves out, what is looked for in it, and whether it follows."""
    least = "" if level is Level.INFO else f"{level.word} and up"
    again = keymap.first("list.bottom")
    new = f", {count(log.missed)} new" if log.missed else ""
    follow = "following" if log.follow else f"standing still{new}: {again} follows"
    return joined("4 Log", found(log), whose or "all", least, follow, log.day)


def found(log: LogPanel) -> str:
    """What is looked for, and which of how many hits is looked at."""
    search = log.search
    if not search:
        return ""
    hits = (
        f"{count(search.place)} of {count(len(search))}"
        if search.here
        else count(len(search))
        if len(search)
        else "none"
    )
    return f"/{search.wanted}: {hits}"
