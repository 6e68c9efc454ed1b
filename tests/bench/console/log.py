"""The log: what its ring takes, and how the loop does while it is filled."""

import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from core.event import Event, EventKind, Level
from core.store.database import Database
from core.store.events import EventLog
from tests.bench.console.figure import Figure
from tests.bench.console.load import Lines
from tests.bench.console.stores import BATCH, login, made
from tests.bench.console.watched import Probed
from tui.log_lines import LogLines
from tui.widgets.log_view import CAPACITY


def figures(folder: Path) -> Iterator[Figure]:
    """20,000 events as they come from the store; then 100,000 lines a second for three seconds."""
    state = made(folder, 50)
    with Database.open(state) as database:
        log = EventLog(database)
        for number in range(CAPACITY):
            text = f"copied, {number} bytes" + " and something to say of it" * 2
            now = datetime.now(UTC)
            log.append(
                Event(now, Level.INFO, EventKind.MESSAGE_COPIED, text, BATCH, login(number % 50), "INBOX", number)
            )
        log.flush()
        tracemalloc.start()
        lines = LogLines(CAPACITY)
        lines.extend(log.read(BATCH, limit=CAPACITY))
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(lines) == CAPACITY
        yield Figure(f"log: memory of {CAPACITY:,} events", size / 1e6, "MB", 10)
    with Probed(state) as terminal:
        terminal.when("m00001")
        time.sleep(1)
        terminal.take()
        began = time.monotonic()
        terminal.ask(Lines(100_000, 3))
        took = time.monotonic() - began
        seen = terminal.take()
        yield Figure("log: lines/s taken, 100,000 offered", 300_000 / took, "/s", 95_000, floor=True)
        yield Figure("log: loop lateness meanwhile, worst", seen.worst, "ms", 150)
        yield Figure("log: loop lateness meanwhile, p99", seen.p99, "ms")
