"""Reads the log: what is new, or the end of another log when another is looked at."""

from collections.abc import Sequence

from core.clock import Clock
from core.event import Event, Level
from core.store.events import EventLog
from tui.log_lines import Record
from tui.tick import Focus, News

#: Events shown of a log that is opened.
HISTORY = 2000
_LIMIT = 5000  # events in one look
_BEHIND = 20_000  # when more has been missed, the log begins anew
_PROBLEM_EVERY = 2.0  # seconds


class LogReader:
    """Follows one log at a time."""

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock
        self._log_of: object = None
        self._seen = 0  # the number of the newest event that was read or passed over
        self._older_than = 0  # before which events were read last
        self._problem: Event | None = None
        self._problem_of: object = None
        self._problem_looked = 0.0

    def read(self, focus: Focus) -> News:
        """What is new. Raises StateError when the store cannot be read."""
        mailbox = focus.mailbox if focus.only else None
        log_of = (focus.batch, focus.level, mailbox)
        newest = max((number for number, _ in self._log.last(None, 1)), default=0)
        if log_of != self._log_of or newest - self._seen > _BEHIND:
            self._log_of, self._older_than = log_of, 0
            found = self._log.last(focus.batch, HISTORY, level=focus.level, mailbox=mailbox)
            self._seen = max([newest, *(number for number, _ in found[-1:])])
            return News(found, fresh=True)
        older: Sequence[Record] = ()
        asked = focus.older_than if focus.older_than != self._older_than else 0
        if asked:
            older = self._log.before(asked, focus.batch, HISTORY, level=focus.level, mailbox=mailbox)
            self._older_than = asked
        if newest == self._seen:
            return News(older=older, older_than=asked)
        found = self._log.read(focus.batch, after=self._seen, limit=_LIMIT, level=focus.level, mailbox=mailbox)
        last = found[-1][0] if found else 0
        full = len(found) == _LIMIT
        self._seen = last if full else max(newest, last)
        return News(found, more=full, older=older, older_than=asked)

    def problem(self, focus: Focus) -> Event | None:
        """The newest warning or error of the mailbox; looked for now and then, because it may be far back."""
        problem_of = (focus.batch, focus.mailbox)
        now = self._clock.monotonic()
        if problem_of != self._problem_of or now - self._problem_looked >= _PROBLEM_EVERY:
            self._problem_of, self._problem_looked = problem_of, now
            self._problem = None
            if focus.batch is not None and focus.mailbox is not None:
                found = self._log.last(focus.batch, 1, level=Level.WARNING, mailbox=focus.mailbox)
                self._problem = found[0][1] if found else None
        return self._problem
