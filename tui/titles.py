"""What stands on the borders of the panes. Pure."""

from collections.abc import Iterator
from datetime import tzinfo

from core.event import Level
from core.store.views import BatchView
from tui.format import count, stamp
from tui.keymap import Keymap
from tui.widgets.batch_list import THIS_PROCESS, runner_name
from tui.widgets.list_table import AnyList
from tui.widgets.log_view import LogView


def chip(table: AnyList) -> str:
    """The filter in force, and how much of the list it shows."""
    if not table.narrowed:
        return ""
    shown, every = len(table.items) - table.pinned, len(table.all) - table.pinned
    return f"/{table.look.filter}: {count(max(shown, 0))} of {count(max(every, 0))}"


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


def log_title(log: LogView, whose: str, level: Level, keymap: Keymap) -> str:
    """Whose log it is, what it leaves out, and whether it follows."""
    least = "" if level is Level.INFO else f"{level.word} and up"
    again = keymap.first("list.bottom")
    follow = "following" if log.follow else f"standing still, {count(log.missed)} new: {again} follows"
    return joined("4 Log", whose or "all", least, follow)


def joined(*parts: str) -> str:
    """The parts that say something."""
    return " · ".join(filter(None, parts))
