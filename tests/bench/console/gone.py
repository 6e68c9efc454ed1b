"""A batch that moves between two real servers, with a terminal that freezes or goes away."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from core.event import EventKind, Level
from core.store.database import Database
from core.store.events import EventLog
from core.store.times import seconds
from tests.bench.console.figure import Figure
from tests.bench.console.stores import made
from tests.bench.console.watched import Watched
from tests.bench.maildir import counted, fill_all, held
from tests.bench.measure import FailedError
from tests.bench.ours import Batch, imap_sides
from tests.bench.works import KB, Mail
from tests.servers.dovecot import Dovecot

_MAIL = Mail(2_000, 4 * KB, mailboxes=8)
_PATIENCE = 120.0  # seconds


class Moves:
    """Moves the same mail, each time to other mailboxes, from a console in a terminal."""

    def __init__(self, folder: Path, source: Dovecot, target: Dovecot) -> None:
        self._folder, self._source, self._target = folder, source, target
        self._logins = fill_all(source, "console", _MAIL)

    def batch(self, name: str) -> tuple[Batch, list[Path]]:
        """A batch with a store of its own, and where its mail arrives."""
        users = [(login, f"{login}-{name}") for login in self._logins]
        batch = Batch(self._folder / name, self._source.password)
        batch.write(imap_sides(self._source.port, self._target.port), users)
        return batch, [self._target.home(user) for _, user in users]

    def seconds(self, name: str, how: str) -> float:
        """What the pass takes, from the batch's start to its end."""
        batch, homes = self.batch(name)
        with self.console(batch) as terminal:
            if how == "nobody reads":
                terminal.rate = 0
            elif how == "XOFF":
                terminal.stop_output()
            took = _took(batch)
        self.check(name, homes)
        return took

    def console(self, batch: Batch) -> Watched:
        """A console that has just started the batch."""
        terminal = Watched.console(batch.state, str(batch.file), env={"PASSWORD": batch.password})
        terminal.shows("Created")
        terminal.press("s")
        terminal.shows("Syncing")
        return terminal

    def check(self, name: str, homes: list[Path]) -> None:
        """See that all arrived. Raises FailedError."""
        counted(name, [self._source.home(login) for login in self._logins], homes)


def figures(folder: Path) -> Iterator[Figure]:
    """Frozen, lost, and ended while frozen."""
    with ExitStack() as stack:
        source, target = Dovecot(), Dovecot()
        for server in (source, target):
            stack.callback(server.remove)
            server.start()
        moves = Moves(folder, source, target)
        usual = _MAIL.total / moves.seconds("usual", "")
        yield Figure("messages/s, dashboard open", usual, "/s")
        for number, how in enumerate(("nobody reads", "XOFF")):
            rate = _MAIL.total / moves.seconds(f"frozen-{number}", how)
            yield Figure(f"messages/s, output frozen ({how}), of the usual", 100 * rate / usual, "%", 90, floor=True)
        yield from _lost(moves)
    yield _ended_frozen(made(folder, 200))


def _lost(moves: Moves) -> Iterator[Figure]:
    batch, homes = moves.batch("lost")
    with moves.console(batch) as terminal:
        _until(lambda: _arrived(homes) > _MAIL.total // 10, "some mail")
        began = time.monotonic()
        terminal.hang_up()
        terminal.end_unread()
        ended, then = time.monotonic() - began, _arrived(homes)
        pause = _longest_pause(homes)
    _took(batch)
    moves.check("lost", homes)
    yield Figure("terminal gone: until no process of the console is left", ended, "s", 5)
    yield Figure("terminal gone: messages that came after that", _arrived(homes) - then, "")
    yield Figure("terminal gone: messages that came, of all", 100 * _arrived(homes) / _MAIL.total, "%", 100, floor=True)
    yield Figure("terminal gone: longest pause until all had come", pause, "s")


def _longest_pause(homes: list[Path]) -> float:
    """Seconds in which nothing came, until all was there."""
    pause, before, since = 0.0, 0, time.monotonic()

    def whole() -> bool:
        nonlocal pause, before, since
        now = _arrived(homes)
        if now > before:
            pause, before, since = max(pause, time.monotonic() - since), now, time.monotonic()
        return now >= _MAIL.total

    _until(whole, "the rest of the mail")
    return pause


def _ended_frozen(state: Path) -> Figure:
    with Watched.console(state) as terminal:
        terminal.shows("m00001")
        terminal.rate = 0
        for _ in range(100):  # each draws the whole screen
            terminal.press("\x0c")
            time.sleep(0.02)
        began = time.monotonic()
        terminal.signal(signal.SIGTERM)
        terminal.end_unread()
        return Figure("output frozen: SIGTERM to the end", time.monotonic() - began, "s", 5)


def _took(batch: Batch) -> float:
    """Wait for the end of the batch; the seconds that it ran, in all its processes."""
    with Database.open(batch.state) as database:
        log = EventLog(database)
        times: dict[EventKind, float] = {}

        def done() -> bool:
            for _, event in log.last(None, 200, level=Level.INFO):
                times.setdefault(event.kind, seconds(event.time))
            return EventKind.BATCH_FINISHED in times

        _until(done, "the end of the batch")
    return times[EventKind.BATCH_FINISHED] - times[EventKind.BATCH_STARTED]


def _arrived(homes: list[Path]) -> int:
    return sum(held(home)[0] for home in homes if home.exists())


def _until(done: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise FailedError(f"waited in vain for {what}")
        time.sleep(0.05)
