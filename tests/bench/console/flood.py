"""Ten thousand events a second into the store while the dashboard is open; then with a terminal that is frozen."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

from core.store.database import FILE
from tests.bench.console.figure import Figure
from tests.bench.console.load import Rate
from tests.bench.console.probe import Taken
from tests.bench.console.stores import made
from tests.bench.console.watched import Probed

_RATE = 10_000
_SECONDS = 8.0


def figures(folder: Path) -> Iterator[Figure]:
    """All of them info events of the batch that is shown, so that each passes the log."""
    state = made(folder, 200)
    with Probed(state) as terminal:
        terminal.when("m00001")
        terminal.press("2")
        terminal.ask(Rate(_RATE))
        time.sleep(4)  # the log's ring is full by then
        before, after, _ = terminal.over(_SECONDS)
        yield Figure("10,000 events/s: loop lateness p99", after.p99, "ms", 150)
        yield Figure("10,000 events/s: loop lateness, worst", after.worst, "ms")
        yield Figure("10,000 events/s: CPU of the loop's thread", _part(before, after, "screen_cpu"), "%", 50)
        yield Figure("10,000 events/s: CPU of the process, with load and store", _part(before, after, "cpu"), "%")
        yield Figure("10,000 events/s: RSS growth in 8 s", after.memory - before.memory, "MB", 30)
        yield Figure("10,000 events/s: refresh every", after.pace, "s")
        usual, usual_kept = _rates(terminal, state)
        yield Figure("events told, dashboard open", usual, "/s")
        yield Figure("events on the disk, dashboard open", usual_kept, "/s")
        terminal.rate = 0
        yield from _frozen(terminal, state, "nobody reads", usual, usual_kept)
        terminal.rate = None
        time.sleep(1)
        terminal.stop_output()
        yield from _frozen(terminal, state, "XOFF", usual, usual_kept)
        terminal.continue_output()
        terminal.ask(None)


def _frozen(terminal: Probed, state: Path, how: str, usual: float, usual_kept: float) -> Iterator[Figure]:
    time.sleep(2)  # until the terminal's buffer is full
    told, kept = _rates(terminal, state)
    yield Figure(f"events told, output frozen ({how}), of the usual", 100 * told / usual, "%", 95, floor=True)
    yield Figure(f"events on the disk, output frozen ({how})", 100 * kept / usual_kept, "%", 95, floor=True)


def _rates(terminal: Probed, state: Path) -> tuple[float, float]:
    """Events a second that were told, and that came to the disk."""
    kept = _newest(state)
    before, after, _ = terminal.over(5)
    seconds = after.at - before.at
    return (after.told - before.told) / seconds, (_newest(state) - kept) / seconds


def _newest(state: Path) -> int:
    with closing(connect(f"file:{state / FILE}?mode=ro", uri=True)) as database:
        number: int = database.execute("SELECT max(id) FROM event").fetchone()[0]
        return number


def _part(before: Taken, after: Taken, name: str) -> float:
    taken: float = getattr(after, name) - getattr(before, name)
    return 100 * taken / (after.at - before.at)
