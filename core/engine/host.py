"""Whoever runs batches in this process: a command or a console has one host, whatever it runs."""

import threading
from collections.abc import Sequence

from core.batch.definition import Batch, Mailbox
from core.clock import Clock, SystemClock
from core.engine.batch_run import BatchRun
from core.engine.budget import MEMORY, MemoryBudget
from core.engine.context import Doors, RunContext, real_doors
from core.engine.limits import Connections
from core.engine.live import LiveBatch, check_dials
from core.engine.mailbox import MailboxRun
from core.engine.retry import Patience, Reach
from core.engine.standing import Mark
from core.engine.trial import Trial
from core.errors import UserError
from core.event import Event, Tell
from core.ports.failure import Side
from core.ports.meter import UNLIMITED
from core.status import ACTIVE, MailboxStatus, PassKind
from core.store.batches import Batches
from core.store.board import Board
from core.store.database import Database
from core.store.events import EventLog
from core.store.known import KnownBatch, find
from core.store.lease import Lease, Runner
from core.store.slots import Slots
from core.store.views import mailboxes as mailbox_views
from core.store.wanted import Wanted

__all__ = ["BatchRun", "Host"]


class Host:
    """Runs batches, each in threads of its own; memory and connections are shared among them.

    `trial` tries things out, within the same limits. `doors` and `patience` are for tests. Close it when done; it does
    not close the database.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock | None = None,
        *,
        doors: Doors | None = None,
        patience: Patience | None = None,
        memory: int = MEMORY,
    ) -> None:
        self._database = database
        self._clock = clock or SystemClock()
        self._doors = doors
        self._patience = patience or Patience()
        self._runner = Runner(database)
        self._connections = Connections(Slots(database, self._runner), self._clock)
        self._budget = MemoryBudget(memory)
        self._events = EventLog(database)
        unmetered = dict.fromkeys(Side, UNLIMITED)
        self.trial = Trial(self._connections, doors or real_doors(database.folder, unmetered))
        self._lock = threading.Lock()
        self._running: dict[str, BatchRun] = {}

    def start(
        self,
        batch: Batch,
        *,
        mailboxes: Sequence[str] | None = None,
        watch: bool = False,
        retry_rejected: bool = False,
        linger: bool = False,
        keep_wishes: bool = False,
        tell: Tell | None = None,
    ) -> BatchRun:
        """Begin to move a batch, or only `mailboxes` (source logins or destination addresses) of it; returns at once.

        A pause or stop of the batch is lifted (not with `keep_wishes`), one of a mailbox is not; with `linger` the run
        waits for mailboxes that are paused instead of ending without them. `tell` hears every event besides the log; it
        must not block. Raises HeldError when the batch is run elsewhere, UserError for a mailbox that it does not have,
        and for a batch whose name is another file's.
        """
        chosen = batch.mailboxes if mailboxes is None else batch.select(mailboxes)
        check_dials(batch, {})
        with self._lock:
            lease = self._runner.take(f"batch:{batch.name}")
            try:
                _refuse_namesake(find(self._database, batch.name), batch)
                Batches(self._database).add(batch)
                if not keep_wishes:
                    Wanted(self._database).clear(batch.name)
                run = self._prepare(
                    batch, chosen, lease, watch=watch, retry_rejected=retry_rejected, linger=linger, tell=tell
                )
            except BaseException:
                lease.release()
                raise
            self._running[batch.name] = run
            run.begin()
        return run

    def close(self) -> None:
        """Stop what runs, at a message boundary, and give everything back."""
        self.trial.cancel()
        with self._lock:
            running = list(self._running.values())
        for run in running:
            run.stop()
        for run in running:
            run.join()
        self._runner.close()

    def _prepare(
        self,
        batch: Batch,
        chosen: Sequence[Mailbox],
        lease: Lease,
        *,
        watch: bool,
        retry_rejected: bool,
        linger: bool,
        tell: Tell | None,
    ) -> BatchRun:
        board = Board(self._database, batch.name, self._runner.run)
        live = LiveBatch(batch, self._clock)
        run = RunContext(
            batch=batch,
            live=live,
            database=self._database,
            clock=self._clock,
            runner=self._runner,
            board=board,
            tell=self._teller(tell),
            doors=self._doors or real_doors(self._database.folder, live.meters),
            connections=self._connections,
            budget=self._budget,
            patience=self._patience,
            reach={side: Reach(self._patience, insist=watch) for side in Side},
            retry_rejected=retry_rejected,
            watch=watch,
            linger=linger,
        )
        with self._database.look() as look:
            views = {view.source: view for view in mailbox_views(look, batch.name)[0]}
        runs = []
        for mailbox in chosen:
            view = views.pop(mailbox.source)
            kind = PassKind.INITIAL if view.synced is None else PassKind.INCREMENTAL
            runs.append(
                MailboxRun(
                    run,
                    mailbox,
                    board.mailbox(mailbox.source),
                    rest=MailboxStatus.STOPPED if view.status in ACTIVE else view.status,
                    kind=kind,
                    rejected=view.counts.rejected > 0,
                )
            )
        others = [Mark.of_status(view.status, rejected=view.counts.rejected > 0) for view in views.values()]
        return BatchRun(run, lease, runs, others, self._forget)

    def _teller(self, tell: Tell | None) -> Tell:
        if tell is None:
            return self._events.append

        def both(event: Event) -> None:
            self._events.append(event)
            tell(event)

        return both

    def _forget(self, run: BatchRun) -> None:
        with self._lock:
            self._running.pop(run.name, None)


def _refuse_namesake(known: KnownBatch | None, batch: Batch) -> None:
    """One name, one file: another batch under this name would take over what is shown of the first."""
    if known is None or known.path == batch.file or not known.path.exists():
        return
    if not batch.file.exists() or not known.path.samefile(batch.file):
        raise UserError(
            f"{batch.file}: name: {known.path} is batch {batch.name} already; give one of them another name, "
            f"or `mailcutover remove {batch.name}` to forget that one"
        )
