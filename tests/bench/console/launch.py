"""Starts the real console with a probe in its event loop and, when told so, a load in its process.

``python -m tests.bench.console.launch SOCKET ARGUMENTS``. Over the socket come `Rate` (begin that load), None (end it),
`Lines` (put so much into the log, bypassing the store), and "take", which is answered with what the probe saw.
"""

import asyncio
import sys
import threading
import time
from datetime import UTC, datetime
from multiprocessing.connection import Client, Connection
from typing import Any

import tui.link
import tui.runs
from core.event import Event, EventKind, Level
from core.store.database import Database
from tests.bench.console.load import Lines, Load, Rate
from tests.bench.console.probe import Probe
from tests.bench.console.stores import BATCH, login
from tui.__main__ import main

_A_SECOND = 20


class Runs(tui.runs.Runs):
    """As the product's; says which database it works on."""

    database: Database

    def __init__(self, database: Database, *rest: Any) -> None:
        super().__init__(database, *rest)
        Runs.database = database


class Link(tui.link.Link):
    """As the product's; once there is something on the screen the probe begins."""

    connection: "Connection[Any, Any]"
    ticking: "asyncio.Task[None] | None" = None

    def shown(self, backlog: int) -> None:
        super().shown(backlog)
        if self.ticking is None:
            self._begin()

    def _begin(self) -> None:
        from textual._context import active_app

        probe = Probe()
        self.ticking = asyncio.get_running_loop().create_task(probe.tick())
        threading.Thread(target=self._serve_bench, args=(probe, active_app.get()), name="bench", daemon=True).start()

    def _serve_bench(self, probe: Probe, app: Any) -> None:
        load: Load | None = None
        while True:
            try:
                asked = self.connection.recv()
            except EOFError:
                return
            if isinstance(asked, Rate):
                load = Load(Runs.database, BATCH, asked)
            elif isinstance(asked, Lines):
                _write(app, asked)
            elif asked == "take":
                self.connection.send(probe.take(self.pace.seconds, load.told if load else 0))
                continue
            elif load is not None:
                load.end()
                load = None
            self.connection.send(None)


def _write(app: Any, lines: Lines) -> None:
    count = lines.each_second // _A_SECOND
    event = Event(
        datetime.now(UTC), Level.INFO, EventKind.MESSAGE_COPIED, "copied, 4 KB " * 6, BATCH, login(1), "INBOX"
    )
    began = time.monotonic()
    for turn in range(lines.seconds * _A_SECOND):
        records = [(10_000_000 + turn * count + number, event) for number in range(count)]
        app.call_from_thread(app.dashboard.log_view.extend, records)
        time.sleep(max(0.0, began + (turn + 1) / _A_SECOND - time.monotonic()))


if __name__ == "__main__":
    Link.connection = Client(sys.argv[1], "AF_UNIX")
    tui.link.Link, tui.runs.Runs = Link, Runs  # type: ignore[assignment,misc]
    sys.exit(main(sys.argv[2:]))
