"""The one thread of a process that writes to the store: many callers' works in one transaction.

A commit costs a disk flush (1-4 ms, measured) whether it holds one row or a thousand. So whatever waits at one moment
goes into one transaction, each work in a SAVEPOINT of its own: a work that raises undoes only itself.
"""

import heapq
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import StateError
from core.store.answers import state_error
from core.store.look import plain
from core.store.turn import Turn

if TYPE_CHECKING:  # slow to import; who only looks does without
    from sqlalchemy import Connection, Engine

T = TypeVar("T")
Work = Callable[["Connection"], T]

_SPELL = 0.05  # seconds of work after which a transaction is committed although more waits
_PAUSE = 0.5  # seconds before works that nobody waits for are tried again after a disk error


@dataclass(slots=True, eq=False)
class _Task:
    """One work, who waits for it (nobody, when given to `soon`), and what came of it."""

    work: Work[Any]
    future: Future[Any] | None = None
    result: Any = None
    error: BaseException | None = None


class Writer:
    """All writes of one process. `do` waits until its work is durable; `soon` does not wait.

    `engine` makes what it writes with, when that is first needed.
    """

    def __init__(self, engine: "Callable[[], Engine]", turn: Turn, path: Path, *, patience: float) -> None:
        self._engine = engine
        self._turn = turn
        self._path = path
        self._patience = patience
        self._changed = threading.Condition()
        self._waiting: deque[_Task] = deque()
        self._later: list[tuple[float, int, _Task]] = []  # a heap: when due, in which order given
        self._overdue: list[_Task] = []  # given to `soon` and due; after a failure they lead the next transaction
        self._retry = 0.0  # when to try `_overdue`, unless somebody else writes earlier
        self._given = 0
        self._fault: BaseException | None = None
        self._death: BaseException | None = None
        self._closing = False
        self._thread: threading.Thread | None = None

    def do(self, work: Work[T]) -> T:
        """Run `work` in a transaction and return its result once that is on the disk.

        What `work` raises undoes it alone and is raised here. Raises StateError when the store cannot be written: then
        nothing of it may be relied upon. `work` must not commit; it is run in the writer's thread, at most once.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a work asks the writer to wait for itself")
        self._raise_fault()
        future: Future[T] = Future()
        with self._changed:
            self._start()
            self._waiting.append(_Task(work, future))
            self._changed.notify()
        return future.result()

    def soon(self, work: Work[object], delay: float = 0.0) -> None:
        """Run `work` after `delay` seconds, or when closing; do not wait for it.

        After a disk error it is run again, before all later ones, until it is on the disk. What it raises by itself is
        a fault of ours: it is kept and raised by the next `do`, `flush` or `close`.
        """
        with self._changed:
            self._start()
            self._given += 1
            heapq.heappush(self._later, (time.monotonic() + delay, self._given, _Task(work)))
            self._changed.notify()

    def surely(self, work: Work[object]) -> None:
        """Run `work` and wait for it; where the store cannot be written now, when it can be.

        For giving back what others wait for, as long as this process lives.
        """
        try:
            self.do(work)
        except StateError:
            self.soon(work)

    def flush(self) -> None:
        """Return when all that was given to `soon` until now is on the disk, whatever its delay."""
        with self._changed:
            self._later = [(0.0, order, task) for _, order, task in self._later]
            heapq.heapify(self._later)
        self.do(_nothing)
        self._raise_fault()

    def close(self) -> None:
        """Write all that waits and end the thread. Raises a kept fault, or StateError when changes are lost."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
        self._raise_fault()

    def _raise_fault(self) -> None:
        with self._changed:
            fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def _start(self) -> None:
        if threading.current_thread() is self._thread:
            return  # a work that asks for another; seen to even while closing
        if self._death is not None:
            raise RuntimeError(f"the store's writer died: {self._death!r}") from self._death
        if self._closing:
            raise RuntimeError("the store is closed")
        if self._thread is None:
            # A daemon: when the main thread dies of a fault, no process may be left that still holds leases.
            self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            while self._wait():
                if not self._turn.take(self._patience):
                    self._refuse(self._take(), self._held_up())
                    continue
                try:
                    self._write(self._take())
                finally:
                    self._turn.give()
        except BaseException as error:  # noqa: BLE001 - nobody may wait for a dead thread
            self._die(error)

    def _wait(self) -> bool:
        """Wait until there is something to write; False when closing and nothing is left."""
        with self._changed:
            while not self._waiting:
                if self._closing:
                    return bool(self._overdue or self._later)
                moments = [due for due, _, _ in self._later[:1]] + [self._retry] * bool(self._overdue)
                pause = min(moments) - time.monotonic() if moments else None
                if pause is not None and pause <= 0:
                    break
                self._changed.wait(pause)
            return True

    def _take(self) -> list[_Task]:
        """What is to be written now: first what is overdue, in the order in which it fell due, then who waits."""
        with self._changed:
            now = time.monotonic()
            while self._later and (self._closing or self._later[0][0] <= now):
                self._overdue.append(heapq.heappop(self._later)[2])
            tasks = [*self._overdue, *self._waiting]
            self._overdue.clear()
            self._waiting.clear()
            return tasks

    def _write(self, tasks: list[_Task]) -> None:
        """One transaction. What does not fit into the spell is put back, in its order."""
        until = time.monotonic() + _SPELL
        done = 0
        try:
            with self._engine().connect() as connection, connection.begin():
                for task in tasks:
                    self._try(connection, task)
                    done += 1
                    if time.monotonic() > until:
                        break
        except BaseException as error:  # noqa: BLE001 - told to everyone who waits
            self._refuse(tasks, state_error(error, self._path) or error)
            return
        self._put_back(tasks[done:])
        for task in tasks[:done]:
            if task.future is None:
                self._fault = self._fault or task.error
            elif task.error is None:
                task.future.set_result(task.result)
            else:
                task.future.set_exception(task.error)

    def _try(self, connection: "Connection", task: _Task) -> None:
        """Run one work in its SAVEPOINT. Raises when not it alone, but the whole transaction is undone."""
        task.error = None
        raw = plain(connection)
        connection.exec_driver_sql("SAVEPOINT work")  # SQLAlchemy's own costs three times as much
        try:
            task.result = task.work(connection)
        except BaseException as error:
            # After a disk error SQLite may have undone everything by itself, savepoints and all.
            if not raw.in_transaction or state_error(error, self._path):
                raise
            connection.exec_driver_sql("ROLLBACK TO work")
            connection.exec_driver_sql("RELEASE work")
            task.error = error
        else:
            if not raw.in_transaction:  # pysqlite's commit would say nothing
                raise RuntimeError("a work ended the transaction")
            connection.exec_driver_sql("RELEASE work")

    def _put_back(self, tasks: Sequence[_Task]) -> None:
        with self._changed:
            self._overdue[:0] = [task for task in tasks if task.future is None]
            self._waiting.extendleft(task for task in reversed(tasks) if task.future is not None)

    def _refuse(self, tasks: Sequence[_Task], error: BaseException) -> None:
        """Nothing of `tasks` is on the disk: tell who waits, keep the rest for the next transaction."""
        unasked = [task for task in tasks if task.future is None]
        with self._changed:
            self._retry = time.monotonic() + _PAUSE
            if not isinstance(error, StateError) and unasked:
                self._fault = self._fault or error
            elif self._closing and unasked:
                lost = f"{self._path}: {len(unasked)} late changes of events and progress are lost"
                self._fault = self._fault or StateError(str(error), lost)
            else:
                self._overdue[:0] = unasked
        for task in tasks:
            if task.future is not None:
                # Each its own: one exception cannot be raised in several threads.
                own = StateError(*error.problems) if isinstance(error, StateError) else error
                task.future.set_exception(task.error or own)

    def _held_up(self) -> StateError:
        return StateError(
            f"{self._path}: process {self._turn.holder()} has been writing for {self._patience:.0f} s; "
            "continue it if it was stopped by a signal, or end it, and try again"
        )

    def _die(self, error: BaseException) -> None:
        with self._changed:
            self._death = error
            self._fault = self._fault or error
            tasks = list(self._waiting)
            self._waiting.clear()
        for task in tasks:
            if task.future is not None:
                task.future.set_exception(error)


def _nothing(_: "Connection") -> None:
    """A work that is only waited for."""
