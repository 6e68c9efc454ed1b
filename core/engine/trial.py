"""Trying out what a batch says before it is run: signing in, and where each folder would go. Nothing is written."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TypeVar

from core.batch.definition import Batch, Mailbox
from core.batch.logins import Login, destination_login, source_login
from core.engine.context import Doors
from core.engine.limits import Connections
from core.engine.live import needs
from core.engine.refusals import Refusals
from core.errors import UserError
from core.ports.destination import Destination
from core.ports.failure import EndpointError, Side
from core.ports.source import Source
from core.printable import printable
from core.sync.folder_plan import plan_folders

End = TypeVar("End", Source, Destination)


@dataclass(frozen=True, slots=True)
class FolderGoes:
    """Where a source folder would go, both paths as the batch file writes them; `to` is empty where it is left out.

    `note` says why that is, or what is special.
    """

    path: str
    to: str
    note: str = ""


class _Attempt:
    """One attempt, as `core.sync.control.Control`: it may be cancelled while it waits for a connection or a server."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._ends: list[Source | Destination] = []

    def stopping(self) -> bool:
        """Whether it was cancelled."""
        return self._cancelled.is_set()

    cut = stopping

    def wait(self, seconds: float) -> bool:
        """Sleep so long, or until it is cancelled."""
        return self._cancelled.wait(seconds)

    def cancel(self) -> None:
        """From any thread: whatever it waits for ends now."""
        self._cancelled.set()
        with self._lock:
            for end in self._ends:
                end.abort()

    @contextmanager
    def using(self, end: End) -> Iterator[End]:
        """Use one end, and close it."""
        with self._lock:
            self._ends.append(end)
        try:
            if self.stopping():
                end.abort()
            yield end
        finally:
            with self._lock:
                self._ends.remove(end)
            end.close()


class Trial:
    """Used by one thread at a time, but for `cancel`. It takes its connections as a run does, within the same limits.

    No sign-in is tried again that was refused in this process with the same secret (`core.engine.refusals`).
    """

    def __init__(self, connections: Connections, doors: Doors) -> None:
        self._connections = connections
        self._doors = doors
        self._refusals = Refusals()
        self._attempt = _Attempt()

    def sign_in(self, batch: Batch, mailbox: Mailbox, side: Side) -> str:
        """Sign in to one end of a mailbox; at the destination, see besides that it may be written to.

        Returns as whom, in words. Raises UserError with what went wrong, in words.
        """
        with self._attempting(batch, side) as (attempt, stack):
            if side is Side.SOURCE:
                self._source(batch, mailbox, attempt, stack)
            else:
                self._destination(batch, mailbox, attempt, stack)
        login = _login(batch, mailbox, side)
        who = login.username if login.admin is None else f"{login.admin.username} for {login.username}"
        return printable(f"{_place(batch, side)}: signed in as {who}")

    def folders(self, batch: Batch, mailbox: Mailbox) -> Sequence[FolderGoes]:
        """Where each folder of a mailbox would go, in the order in which a first pass would take them.

        Raises UserError with what went wrong, in words.
        """
        with self._attempting(batch, *Side) as (attempt, stack):
            source = self._source(batch, mailbox, attempt, stack)
            destination = self._destination(batch, mailbox, attempt, stack)
            plans = plan_folders(
                source.folders(),
                destination.folders(),
                batch.options,
                folds_case=destination.limits.folds_case,
            )
        goes = []
        for plan in plans:
            note = plan.skip or plan.note or ("" if plan.source.selectable else "holds folders, no messages")
            left_out = plan.skip is not None or not plan.source.selectable
            goes.append(FolderGoes(str(plan.source.path), "" if left_out else str(plan.path), note))
        return goes

    def cancel(self) -> None:
        """From any thread: end what is under way now."""
        self._attempt.cancel()

    @contextmanager
    def _attempting(self, batch: Batch, *sides: Side) -> Iterator[tuple[_Attempt, ExitStack]]:
        """Hold the connections that are needed, and say in words what goes wrong."""
        attempt = self._attempt = _Attempt()
        wanted = [needs(batch)[side] for side in sides]
        try:
            with self._connections.held(wanted, attempt) as granted, ExitStack() as stack:
                if not granted:
                    raise UserError("cancelled")
                yield attempt, stack
        except EndpointError as error:
            if attempt.stopping():
                raise UserError("cancelled") from None
            raise UserError(printable(f"{_place(batch, error.failure.side)}: {error.failure.sentence()}")) from None

    def _source(self, batch: Batch, mailbox: Mailbox, attempt: _Attempt, stack: ExitStack) -> Source:
        source = stack.enter_context(attempt.using(self._doors.source(batch, mailbox)))
        self._connect(batch, mailbox, Side.SOURCE, source)
        return source

    def _destination(self, batch: Batch, mailbox: Mailbox, attempt: _Attempt, stack: ExitStack) -> Destination:
        destination = stack.enter_context(attempt.using(self._doors.destination(batch, mailbox)))
        self._connect(batch, mailbox, Side.DESTINATION, destination)
        return destination

    def _connect(self, batch: Batch, mailbox: Mailbox, side: Side, end: Source | Destination) -> None:
        login, endpoint = _login(batch, mailbox, side), needs(batch)[side].endpoint
        why = self._refusals.bars(endpoint, login)
        if why is not None:
            raise UserError(printable(f"{_place(batch, side)}: {why}"))
        try:
            end.connect()
        except EndpointError as error:
            if error.failure.sign_in:
                self._refusals.refused(endpoint, login)
            raise
        self._refusals.accepted(endpoint, login)


def _login(batch: Batch, mailbox: Mailbox, side: Side) -> Login:
    return source_login(batch, mailbox) if side is Side.SOURCE else destination_login(batch, mailbox)


def _place(batch: Batch, side: Side) -> str:
    return f"{side} {needs(batch)[side].endpoint}"
