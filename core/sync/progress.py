"""What the board is told of a running pass: counts, rate and time to go."""

from collections import deque

from core.clock import Clock
from core.store.board import MailboxBoard
from core.store.ledger import Ledger
from core.store.ledger_folder import LedgerFolder
from core.sync.causes import Causes

#: The rate is taken over so many seconds, and nothing is promised before a quarter of it has passed.
WINDOW = 60.0
_UNSURE = WINDOW / 4


class Progress:
    """Shows one mailbox's counts, rate and ETA. Called by the pass's own thread after each commit."""

    def __init__(self, board: MailboxBoard, ledger: Ledger, clock: Clock) -> None:
        self._board = board
        self._ledger = ledger
        self._clock = clock
        self.causes = Causes(clock)
        self._began = clock.monotonic()
        self._samples: deque[tuple[float, int]] = deque([(self._began, ledger.total().bytes_copied)])

    def folder(self, folder: LedgerFolder, note: str = "") -> None:
        """Show the counts under one folder's path, and the mailbox's."""
        where = "" if folder.destination_path is None else str(folder.destination_path)
        self._board.folder(folder.source_path, where, self._ledger.under(folder.source_path), note)
        self.mailbox()

    def mailbox(self) -> None:
        """Show the mailbox's counts, rate and time to go."""
        counts = self._ledger.total()
        now = self._clock.monotonic()
        moved = counts.bytes_copied != self._samples[-1][1]
        self._samples.append((now, counts.bytes_copied))
        while len(self._samples) > 2 and self._samples[0][0] < now - WINDOW:
            self._samples.popleft()
        self._board.counts(counts)
        since, before = self._samples[0]
        rate = (counts.bytes_copied - before) / (now - since) if now > since else None
        left = counts.bytes_total - counts.bytes_copied
        self._board.set(slow=self.causes.sentence())
        sure = rate and now - self._began >= _UNSURE
        if moved:
            self._board.set(progressed=self._clock.now(), rate=rate, eta=left / rate if rate and sure else None)
        else:
            self._board.set(rate=rate)

    def done(self) -> None:
        """The pass is over: nothing moves any more."""
        self.mailbox()
        self._board.set(rate=None, eta=None, activity="", slow="")
