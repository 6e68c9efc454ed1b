"""What the user looks at, and what keys are meant for."""

from core.event import Level
from tui.panes import Panes
from tui.target import Target
from tui.tick import Focus

_LEVELS = (Level.INFO, Level.WARNING, Level.ERROR, Level.DEBUG)


class Sight:
    """Follows the cursors of the panes. `level` and `only` are what the log leaves out."""

    def __init__(self, panes: Panes) -> None:
        self.level = Level.INFO
        self.only = False
        self._panes = panes

    @property
    def focus(self) -> Focus:
        """What is to be read."""
        batch, mailbox = self._panes.batches.current, self._panes.mailboxes.current
        fits = batch is not None and mailbox is not None and mailbox.batch == batch.name
        return Focus(
            batch=batch.name if batch else None,
            mailbox=mailbox.source if mailbox and fits else None,
            level=self.level,
            only=self.only,
            older_than=self._panes.log.older_than,
        )

    @property
    def target(self) -> Target | None:
        """What the keys for start, pause, resume and stop are meant for: what is marked, else what the cursor is on."""
        panes = self._panes
        batch, mailbox = panes.batches.current, panes.mailboxes.current
        if batch is None or panes.list == "batches":
            return None if batch is None else Target(batch)
        if mailbox is None or mailbox.batch != batch.name:
            return None
        marked = panes.mailboxes.marked if panes.list == "mailboxes" else ()
        return Target(batch, marked or (mailbox,))

    def next_level(self) -> None:
        """Leave out more, or after the most nothing."""
        self.level = _LEVELS[(_LEVELS.index(self.level) + 1) % len(_LEVELS)]
