"""How long the program takes to start, and what of it is loaded for `status`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.console.figure import Figure
from tests.bench.console.stores import made
from tests.bench.console.watched import COMPILED, Watched
from tests.bench.measure import run
from tests.pty.terminal import CHECKOUT

_TIMES = 5
_SLOW = ("textual", "exchangelib", "imapclient", "pydantic", "sqlalchemy")


def figures(folder: Path) -> Iterator[Figure]:
    """Each the median of five."""
    state = made(folder, 26)
    command = [sys.executable, "-P", "-m", "core", "status", "--state", str(state)]
    runs = [run([command], COMPILED) for _ in range(_TIMES + 1)][1:]
    yield Figure("status: whole process, median of 5", median(run.wall for run in runs), "s", 0.45)
    yield Figure("status: CPU time of it", median(run.cpu for run in runs), "s")
    python = [run([[sys.executable, "-c", "pass"]], COMPILED).wall for _ in range(_TIMES)]
    yield Figure("for comparison: Python alone, median of 5", median(python), "s")
    loaded = (
        "import contextlib, os, sys; from core.cli.main import main\n"
        f"with contextlib.redirect_stdout(sys.stderr): main(['status', '--state', {str(state)!r}], console=None)\n"
        f"print(sum(name in sys.modules for name in {_SLOW}))"
    )
    found = subprocess.run([sys.executable, "-c", loaded], cwd=CHECKOUT, capture_output=True, check=True)
    yield Figure(f"status: slow libraries loaded ({', '.join(_SLOW)})", int(found.stdout), "", 0)
    yield from first_paint("console: start to first paint with rows", state, 0.8)


def first_paint(what: str, state: Path, budget: float) -> Iterator[Figure]:
    """From the start of the console until there are mailboxes on the screen; the median of five."""
    paints, cpu = [], []
    for _ in range(_TIMES + 1):
        with Watched.console(state) as terminal:
            paints.append(terminal.when("m00001") - terminal.began)
            cpu.append(terminal.cpu())
            terminal.press("q")
            terminal.end()
    yield Figure(f"{what}, median of {_TIMES}", median(paints[1:]), "s", budget)
    yield Figure(f"{what.partition(':')[0]}: CPU time until then", median(cpu[1:]), "s")
