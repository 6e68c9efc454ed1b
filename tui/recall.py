"""From what is remembered to the panes, and back."""

from collections.abc import Sequence

from core.event import Level
from core.store.views import BatchView
from tui.log_line import Times
from tui.panes import Panes
from tui.prompts import Prompts
from tui.session import Session
from tui.sight import Sight
from tui.tick import Focus


def restore(session: Session, panes: Panes, sight: Sight, prompts: Prompts) -> None:
    """Look at everything as it was looked at; what is not known any more stays as usual. Before anything is shown."""
    for name, table in panes.tables.items():
        if name in session.looks:
            table.look = session.looks[name]
    if session.pane in panes.by_name:
        panes.zoomed = session.zoomed
    panes.log_height = session.log_height
    sight.level = _level(session)
    sight.only = session.only
    times = next((times for times in Times if times.value == session.times), Times.CLOCK)
    panes.log.write(times, wrap=session.wrap)
    prompts.past = {kind: list(texts) for kind, texts in session.past.items()}


def opening(session: Session, batches: Sequence[BatchView]) -> Focus:
    """What to look at first: the batch that was looked at, unless only others run now; else the first, if any."""
    names = [batch.name for batch in batches]
    running = [batch.name for batch in batches if batch.runner is not None]
    held = session.batch in (running or names)
    batch = session.batch if held else next(iter(running or names), None)
    return Focus(batch, level=_level(session), only=session.only)


def _level(session: Session) -> Level:
    return Level(session.level) if session.level in list(Level) else Level.INFO


def taken(panes: Panes, sight: Sight, prompts: Prompts) -> Session:
    """How everything is looked at now."""
    batch = panes.batches.current
    return Session(
        batch=batch.name if batch is not None else "",
        pane=panes.pane,
        zoomed=panes.zoomed,
        log_height=panes.log_height,
        level=int(sight.level),
        only=sight.only,
        times=panes.log.times.value,
        wrap=panes.log.wrap,
        looks={name: table.look for name, table in panes.tables.items()},
        past=prompts.past,
    )
