"""Events and counts as an engine tells them, at a given rate, from threads of the console's own process."""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from core.clock import SystemClock
from core.event import Event, EventKind, Level
from core.mail.folder import FolderPath
from core.mail.outcome import Counts
from core.status import BatchStatus, MailboxStatus
from core.store.board import Board
from core.store.database import Database
from core.store.events import EventLog
from core.store.lease import Runner
from tests.bench.console.stores import TOTAL, login

THREADS = 8
ACTIVE = 50
_STEP = 0.02  # seconds
_GROUP = 10  # messages after which the board is told, as after a request
_SIZE = 30_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`events` a second, of which one in `shown_every` is one that the log shows; the rest is of debug level."""

    events: int
    shown_every: int = 1


@dataclass(frozen=True, slots=True)
class Lines:
    """`each_second` lines for the log, for so many `seconds`."""

    each_second: int
    seconds: int


class Load:
    """`ACTIVE` mailboxes of one batch in `THREADS` threads. Nothing here waits for a screen."""

    def __init__(self, database: Database, batch: str, rate: Rate) -> None:
        self._told = [0] * THREADS
        self._batch, self._rate = batch, rate
        self._log, self._board = EventLog(database), Board(database, batch)
        self._runner = Runner(database, SystemClock())
        self._lease = self._runner.take(f"batch:{batch}")
        self._board.batch(status=BatchStatus.SYNCING)
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._tell, args=(number,), name=f"load-{number}", daemon=True)
            for number in range(THREADS)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def told(self) -> int:
        """Events so far."""
        return sum(self._told)

    def end(self) -> None:
        """Tell no more."""
        self._ending.set()
        for thread in self._threads:
            thread.join()
        self._lease.release()
        self._runner.close()

    def _tell(self, number: int) -> None:
        mailboxes = [login(place) for place in range(number, ACTIVE, THREADS)]
        boards = [self._board.mailbox(mailbox) for mailbox in mailboxes]
        counts = [Counts(pending=TOTAL, bytes_total=TOTAL * _SIZE) for _ in mailboxes]
        inbox = FolderPath.parse("INBOX")
        for board in boards:
            board.set(status=MailboxStatus.SYNCING, activity="copying INBOX")
        began, told = time.monotonic(), 0
        while not self._ending.wait(_STEP):
            until = int((time.monotonic() - began) * self._rate.events / THREADS)
            for told in range(told, until):  # noqa: B020 - it goes on from where it was
                place = told // _GROUP % len(mailboxes)
                level = Level.DEBUG if told % self._rate.shown_every else Level.INFO
                said = f"copied, {_SIZE + told} bytes"
                now = datetime.now(UTC)
                self._log.append(
                    Event(now, level, EventKind.MESSAGE_COPIED, said, self._batch, mailboxes[place], "INBOX", told)
                )
                if told % _GROUP == _GROUP - 1:
                    mine = counts[place]
                    mine.copied, mine.pending = mine.copied + _GROUP, mine.pending - _GROUP
                    mine.bytes_copied += _GROUP * _SIZE
                    boards[place].counts(mine)
                    boards[place].folder(inbox, "Inbox", mine)
                    boards[place].set(rate=3e6 + told % 1000 * 1e3, eta=mine.pending / 100, progressed=now)
            told = max(told, until)
            self._told[number] = told
