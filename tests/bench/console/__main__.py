"""``make bench-console``: what the console does under load, on slow links, and when its terminal goes away.

``--only flood`` measures one part; it may be given again.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import machine
from tests.bench.console import flood, gone, line, log, many, start
from tests.bench.console.figure import HEADER, Figure
from tests.servers import dovecot

PARTS: Mapping[str, Callable[[Path], Iterator[Figure]]] = {
    "start": start.figures,
    "flood": flood.figures,
    "many": many.figures,
    "line": line.figures,
    "log": log.figures,
    "gone": gone.figures,
}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.console", description="The console's figures.")
    parser.add_argument("--only", action="append", metavar="PART", choices=PARTS, help=f"one of: {', '.join(PARTS)}")
    chosen = parser.parse_args().only or list(PARTS)
    began = time.monotonic()
    _print(f"{datetime.now(UTC):%d %b %Y %H:%M} UTC; {machine.described()}; {machine.load()}", "", HEADER)
    for name in chosen:
        reason = dovecot.unavailable() if name == "gone" else None
        if reason:
            _print(f"{name}: {reason}")
            continue
        folder = Path(tempfile.mkdtemp(prefix="mailcutover-console-"))
        try:
            for figure in PARTS[name](folder):
                _print(figure.line())
        finally:
            shutil.rmtree(folder)
        _print(f"{'':<66} {machine.load()}")
    _print("", f"{time.monotonic() - began:.0f} s in all")
    return 0


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
