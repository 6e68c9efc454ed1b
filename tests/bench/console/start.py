"""How long the program takes to start, and what of it is loaded for `status`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.console.figure import Figure
from tests.bench.console.stores import made
from tests.bench.console.watched import Watched
from tests.bench.measure import run
from tests.pty.terminal import CHECKOUT

_TIMES = 5
#: As in an installation: after a first start, which does not count, no source is compiled any more.
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
_SLOW = ("textual", "exchangelib", "imapclient", "pydantic")


def figures(folder: Path) -> Iterator[Figure]:
    """Each the median of five."""
    state = made(folder, 26)
    command = [sys.executable, "-P", "-m", "core", "status", "--state", str(state)]
    walls = [run([command], _COMPILED).wall for _ in range(_TIMES + 1)][1:]
    yield Figure("status: whole process, median of 5", median(walls), "s", 0.45)
    library = [run([[sys.executable, "-c", "import sqlalchemy"]], _COMPILED).wall for _ in range(_TIMES)]
    yield Figure("for comparison: importing SQLAlchemy alone, median of 5", median(library), "s")
    loaded = (
        "import contextlib, os, sys; from core.cli.main import main\n"
        f"with contextlib.redirect_stdout(sys.stderr): main(['status', '--state', {str(state)!r}], console=None)\n"
        f"print(sum(name in sys.modules for name in {_SLOW}))"
    )
    found = subprocess.run([sys.executable, "-c", loaded], cwd=CHECKOUT, capture_output=True, check=True)
    yield Figure(f"status: slow libraries loaded ({', '.join(_SLOW)})", int(found.stdout), "", 0)
    paints = []
    for _ in range(_TIMES + 1):
        with Watched.console(state, env=_COMPILED) as terminal:
            paints.append(terminal.when("m00001") - terminal.began)
            terminal.press("q")
            terminal.end()
    yield Figure("console: start to first paint with rows, median of 5", median(paints[1:]), "s", 0.8)
