"""One look at the store: all that the screen shows, as it was at one moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.clock import Clock
from core.event import Event, Level
from core.store.database import Database
from core.store.events import EventLog
from core.store.views import BatchView, FolderView, MailboxView
from tui.log_lines import Record


@dataclass(frozen=True, slots=True)
class Focus:
    """What the user looks at."""

    batch: str | None = None
    mailbox: str | None = None  # source login
    level: Level = Level.INFO  # of the log
    only: bool = False  # the log of this mailbox alone
    older_than: int = 0  # the number of an event of the log whose forerunners are wanted; 0: none


@dataclass(frozen=True, slots=True)
class News:
    """What the log has to add."""

    records: Sequence[Record] = ()  # oldest first
    fresh: bool = False  # the log begins anew with them
    more: bool = False  # there are more to come at once
    older: Sequence[Record] = ()  # those before `older_than`, oldest first
    older_than: int = 0  # 0: none were asked for


@dataclass(frozen=True, slots=True)
class Tick:
    """What there is to show. A sequence that has not changed is the same object as in the tick before."""

    now: datetime
    focus: Focus
    batches: Sequence[BatchView]
    mailboxes: Sequence[MailboxView]
    folders: Sequence[FolderView]
    news: News
    problem: Event | None  # the newest warning or error of the mailbox
    rates: Sequence[float] = ()  # of the mailbox, bytes a second, the newest last


class Reader:
    """Reads what has changed since it last looked. For one thread.

    `opening` says what to look at first; of that the first look is, whatever was asked for.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        opening: Callable[[Sequence[BatchView]], Focus] | None = None,
    ) -> None:
        from tui.board_reader import BoardReader
        from tui.log_reader import LogReader
        from tui.pulse import Pulse

        self._clock = clock
        self._opening = opening
        self._pulse = Pulse()
        self._board = BoardReader(database, clock)
        self._log = LogReader(EventLog(database), clock)

    def __call__(self, focus: Focus) -> Tick:
        """What there is to show of `focus`. Raises StateError when the store cannot be read."""
        board = self._board
        board.read(focus)
        if self._opening is not None:
            focus, self._opening = self._opening(board.batches), None
            board.read(focus)
        news = self._log.read(focus)
        return Tick(
            self._clock.now(),
            focus,
            board.batches,
            board.mailboxes,
            board.folders,
            news,
            self._log.problem(focus),
            self._pulse.beat(board.mailbox(focus), self._clock.monotonic()),
        )
