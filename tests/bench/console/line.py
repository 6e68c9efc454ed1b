"""What goes over an SSH line, and what a narrow one does to the console."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.console.figure import Figure
from tests.bench.console.load import Rate
from tests.bench.console.stores import made
from tests.bench.console.watched import Probed, Watched

_SSH = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22"}
_WORK = Rate(2_000, shown_every=2_000)  # 50 mailboxes at 40 messages a second each; a line a second in the log
_NARROW = 8_000  # bytes a second
_KEYS = "QXZQXZ"


def figures(folder: Path) -> Iterator[Figure]:
    """Fifty mailboxes at work; nothing at all; and a line of 8 KB/s."""
    state = made(folder, 200)
    with Watched.console(state, columns=80, rows=24, env=_SSH) as idle:
        idle.when("bench")
        idle.quiet(1)
        cpu, size = idle.cpu(), len(idle.output)
        time.sleep(5)
        yield Figure("idle, 80x24: CPU", 100 * (idle.cpu() - cpu) / 5, "%", 2)
        yield Figure("idle, 80x24: output", (len(idle.output) - size) / 5, "B/s", 300)
    with Probed(state, columns=80, rows=24, env=_SSH) as terminal:
        terminal.when("bench")
        terminal.press("2")
        terminal.ask(_WORK)
        time.sleep(2)
        before, after, size = terminal.over(6)
        yield Figure("80x24, 50 active mailboxes, over SSH: output", size / 6000, "KB/s", 6)
        yield Figure("80x24, 50 active mailboxes, over SSH: refresh every", after.pace, "s")
        cpu = after.screen_cpu - before.screen_cpu
        yield Figure("80x24, 50 active mailboxes, over SSH: CPU of the loop's thread", 100 * cpu / 6, "%")
        terminal.ask(None)
    for columns, rows, env in ((80, 24, _SSH), (120, 40, {})):
        with Probed(state, columns=columns, rows=rows, env=env) as terminal:
            yield from _narrow(terminal, f"8 KB/s, {columns}x{rows}{', over SSH' if env else ''}")


def _narrow(terminal: Probed, name: str) -> Iterator[Figure]:
    terminal.when("bench")
    terminal.press("2")
    terminal.rate = _NARROW
    terminal.ask(_WORK)
    time.sleep(4)
    terminal.take()
    keys = []
    terminal.press("/")
    time.sleep(1)
    for key in _KEYS:  # none of which is in anything else that is shown then
        keys.append(terminal.answer(key, key))
        time.sleep(0.7)
    seen = terminal.take()
    yield Figure(f"{name}: keystroke to echo, median", 1000 * median(keys), "ms")
    yield Figure(f"{name}: keystroke to echo, worst", 1000 * max(keys), "ms")
    yield Figure(f"{name}: loop lateness, worst", seen.worst, "ms", 300)
    yield Figure(f"{name}: refresh every", seen.pace, "s")
    terminal.ask(None)
