"""Reads the board, and of it only what has changed."""

from core.clock import Clock
from core.store import views
from core.store.database import Database
from core.store.look import Look
from core.store.revision import revision
from core.store.views import BatchView, FolderView, MailboxView
from tui.tick import Focus

#: Seconds after which batches are read though nothing was written: a process that dies writes nothing.
_ANYWAY = 1.0
#: Part of the time that may go into adding up batches: 80 ms each time with 50,000 mailboxes, measured.
_SHARE = 0.1
#: Mailboxes of a batch that has just been opened that are read before all others: 50,000 take a second, measured.
_FIRST = 500


class BoardReader:
    """Keeps what was read last; a tuple is replaced only when something in it has changed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.batches: tuple[BatchView, ...] = ()
        self.mailboxes: tuple[MailboxView, ...] = ()
        self.folders: tuple[FolderView, ...] = ()
        self._database = database
        self._clock = clock
        self._rev = -1
        self._due = True  # something was written since the batches were read
        self._looked = 0.0
        self._rest = 0.0  # seconds until the batches may be read again
        self._rows: dict[str, MailboxView] = {}  # of one batch, by source login, in the batch file's order
        self._rows_rev = 0
        self._rows_of: tuple[object, object] = (None, None)  # that batch, and the run that it was in then
        self._folders_of: object = None

    def read(self, focus: Focus) -> None:
        """Bring batches, mailboxes and folders up to date. Raises StateError when the store cannot be read."""
        with self._database.look() as look:
            rev = revision(look)
            changed, self._rev = rev != self._rev, rev
            now = self._clock.monotonic()
            self._due = self._due or changed
            if now - self._looked >= (self._rest if self._due else max(self._rest, _ANYWAY)):
                batches = tuple(views.batches(look))
                self.batches = self.batches if batches == self.batches else batches
                self._due, self._looked = False, now
                self._rest = (self._clock.monotonic() - now) / _SHARE
            view = next((batch for batch in self.batches if batch.name == focus.batch), None)
            self._read_mailboxes(look, view, changed=changed)
            self._read_folders(look, focus, changed=changed)

    def mailbox(self, focus: Focus) -> MailboxView | None:
        """The mailbox that is looked at, as it was read last."""
        view = None if focus.mailbox is None else self._rows.get(focus.mailbox)
        return view if view is not None and view.batch == focus.batch else None

    def _read_mailboxes(self, look: Look, view: BatchView | None, *, changed: bool) -> None:
        if view is None:
            self._rows, self._rows_of, self.mailboxes = {}, (None, None), ()
            return
        # Nothing is written when the process that runs the batch dies, or when a mailbox leaves the batch.
        rows_of = (view.name, view.runner and view.runner.run)
        whole = rows_of != self._rows_of or view.mailboxes != len(self._rows)
        if not whole and not changed:
            return
        limit = None if view.name == self._rows_of[0] else _FIRST  # the next look finds that there are more
        new, self._rows_rev = views.mailboxes(look, view.name, 0 if whole else self._rows_rev, limit=limit)
        if not whole and any(self._out_of_place(row) for row in new):
            new, self._rows_rev = views.mailboxes(look, view.name)
            whole = True
        if whole:
            self._rows, self._rows_of = {}, rows_of
        self._rows.update((row.source, row) for row in new)
        if whole or new:
            self.mailboxes = tuple(self._rows.values())

    def _out_of_place(self, row: MailboxView) -> bool:
        known = self._rows.get(row.source)
        return known is None or known.position != row.position

    def _read_folders(self, look: Look, focus: Focus, *, changed: bool) -> None:
        folders_of = (focus.batch, focus.mailbox)
        if folders_of == self._folders_of and not changed:
            return
        self._folders_of = folders_of
        if focus.batch is None or focus.mailbox is None:
            self.folders = ()
            return
        folders = tuple(views.folders(look, focus.batch, focus.mailbox))
        self.folders = self.folders if folders == self.folders else folders
