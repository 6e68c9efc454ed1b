"""The batches that this process runs, and what is wanted of those that any process runs."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.clock import Clock
from core.errors import EXIT_DONE, EXIT_STOPPED
from core.status import Demand, Wish
from core.store.database import Database
from core.store.left_out import LeftOut, left_out, pair_of
from core.store.wanted import Wanted
from tui.handover import Handed, hand_over

if TYPE_CHECKING:  # slow to import; a console that only looks on never needs them
    from core.batch.definition import Batch
    from core.engine.host import BatchRun, Host
    from core.engine.trial import Trial


class Runs:
    """Starts batches in this process, and ends them. Usable from any thread; nothing here waits for a screen.

    `make_host` makes what runs them, when it is first needed.
    """

    def __init__(
        self, database: Database, clock: Clock, make_host: "Callable[[Database, Clock], Host] | None" = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._wanted = Wanted(database, clock)
        self._starting = threading.Lock()  # held while one is started, which may take its time
        self._lock = threading.Lock()  # never held for long: the screen's thread asks as well
        self._make_host = make_host or _host
        self._host: Host | None = None
        self._started: list[BatchRun] = []
        self._handing: list[BatchRun] = []
        self._closing = False

    def start(self, batch: "Batch", mailboxes: Sequence[str] | None = None, *, retry_rejected: bool = False) -> bool:
        """Run a batch, or some of its mailboxes; a stop or pause of these is lifted. False when we are ending.

        Raises HeldError when another process runs it, UserError for what the batch file's writer can mend.
        """
        for source in mailboxes or ():
            self._wanted.clear(batch.name, source)
        with self._starting:
            if self._is_closing():
                return False
            run = self._its_host().start(batch, mailboxes=mailboxes, linger=True, retry_rejected=retry_rejected)
            with self._lock:
                self._started.append(run)
        if self._is_closing():
            run.stop()
        return True

    def trial(self) -> "Trial":
        """What tries out batches that are not run yet, within the same limits."""
        with self._starting:
            return self._its_host().trial

    def _its_host(self) -> "Host":
        if self._host is None:
            self._host = self._make_host(self._database, self._clock)
        return self._host

    def add(self, path: Path) -> str:
        """Make the batch of a file known to the store; its name. Raises BatchFileError with all problems."""
        from core.batch.load import load
        from core.store.batches import Batches

        batch = load(path)
        Batches(self._database, self._clock).add(batch)
        return batch.name

    def want(self, batch: str, wish: Wish, mailboxes: Sequence[str] = ()) -> None:
        """Tell whoever runs the batch, of it as a whole or of some mailboxes; it is obeyed within half a second."""
        self._wanted.want_each(batch, wish, mailboxes or [""])

    def ask(self, batch: str, demand: Demand, mailboxes: Sequence[str] = ()) -> None:
        """Ask whoever runs the batch for something once, for all of it or for some mailboxes."""
        for mailbox in mailboxes or [""]:
            self._wanted.ask(batch, demand, mailbox)

    def prefer(self, batch: str, mailboxes: Sequence[str]) -> bool:
        """Put these mailboxes before others; those that are already, all of them, no longer. Whether they are now."""
        first = not self._wanted.read(batch).first.issuperset(mailboxes)
        for mailbox in mailboxes:
            if first:
                self._wanted.ask(batch, Demand.FIRST, mailbox)
            else:
                self._wanted.took(batch, Demand.FIRST, mailbox)
        return first

    def left_out(self, batch: str, mailbox: str, limit: int) -> list[LeftOut]:
        """What of a mailbox is not copied, and why."""
        with self._database.look() as look:
            pair = pair_of(look, batch, mailbox)
            return [] if pair is None else left_out(look, pair, limit=limit)

    def paused_whole(self, batch: str) -> bool:
        """Whether the batch itself was told to pause, not only mailboxes of it."""
        return self._wanted.read(batch).batch is Wish.PAUSE

    def active(self) -> list["BatchRun"]:
        """Those started here that have not ended."""
        with self._lock:
            return [run for run in self._started if run.exit_code is None]

    @property
    def in_flight(self) -> int:
        """Mailboxes that are worked on in this process."""
        return sum(run.in_flight for run in self.active())

    def pause(self) -> None:
        """Pause all that run here."""
        for run in self.active():
            self.want(run.name, Wish.PAUSE)

    def stop(self, *, now: bool = False) -> None:
        """End all that run here: at a message boundary, or at once; nothing new is started from here on."""
        with self._lock:
            self._closing = True
        for run in self.active():
            run.stop(now=now)

    def hand_over(self) -> None:
        """Let all that run here go on in processes of their own, from the next message on; `go_on` starts those."""
        with self._lock:
            self._handing = [run for run in self._started if run.exit_code is None]
        self.stop()

    def give_up(self) -> None:
        """End all that run here at once, and hand nothing over."""
        with self._lock:
            self._handing = []
        self.stop(now=True)

    def go_on(self) -> list[Handed]:
        """After `close`: start what was to be handed over and is not done, each in a process of its own."""
        with self._lock:
            runs = [run for run in self._handing if run.exit_code == EXIT_STOPPED]
        return [hand_over(self._database, run.order) for run in runs if not self._stopped(run.name)]

    def _stopped(self, batch: str) -> bool:
        return self._wanted.read(batch).batch in {Wish.STOP, Wish.STOP_NOW}

    @property
    def ended(self) -> bool:
        """Whether nothing runs here."""
        return not self.active()

    @property
    def exit_code(self) -> int:
        """3 when something that ran here was stopped before it was done, else 0."""
        with self._lock:
            return EXIT_STOPPED if any(run.exit_code == EXIT_STOPPED for run in self._started) else EXIT_DONE

    @property
    def faults(self) -> list[BaseException]:
        """Faults of our own in what ran here."""
        with self._lock:
            return [fault for run in self._started for fault in run.faults]

    def _is_closing(self) -> bool:
        with self._lock:
            return self._closing

    def close(self) -> None:
        """Stop what still runs, wait for it, give the leases back."""
        self.stop()
        with self._starting:
            host, self._host = self._host, None
        if host is not None:
            host.close()


def _host(database: Database, clock: Clock) -> "Host":
    from core.engine.host import Host

    return Host(database, clock)
