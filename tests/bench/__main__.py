"""``make bench``: how fast mailboxes move, beside other tools and a raw loop, on the same work in the same run.

``--only imap-4k`` runs one work; it may be given again. ``--help`` names them all. With ``--compress`` both IMAP
servers offer COMPRESS=DEFLATE: mbsync always uses it (isync 1.4.4), mailcutover over slow lines, the others never.
"""

import argparse
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import machine
from tests.bench.ews_works import EwsWorks
from tests.bench.imap_works import ImapWorks
from tests.bench.measure import FailedError
from tests.bench.table import HEADER
from tests.bench.works import WORKS, Work
from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Dovecot


def main() -> int:
    """Print the table."""
    keys = [work.key for work in WORKS]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Figures, side by side.")
    parser.add_argument("--only", action="append", metavar="WORK", choices=keys, help=f"one of: {', '.join(keys)}")
    parser.add_argument("--compress", action="store_true", help="the IMAP servers offer COMPRESS=DEFLATE")
    arguments = parser.parse_args()
    chosen = arguments.only or keys
    reason = dovecot_server.unavailable()
    if reason:
        sys.stderr.write(f"the bench needs Dovecot: {reason}\n")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="mailcutover-bench-"))
    source, target = Dovecot(compress=arguments.compress), Dovecot(compress=arguments.compress)
    try:
        source.start()
        target.start()
        _run(
            [work for work in WORKS if work.key in chosen], ImapWorks(folder, source, target), EwsWorks(folder, source)
        )
    except FailedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        source.remove()
        target.remove()
        shutil.rmtree(folder)
    return 0


def _run(works: list[Work], imap: ImapWorks, ews: EwsWorks) -> None:
    began = time.monotonic()
    _print(f"{datetime.now(UTC):%d %b %Y %H:%M} UTC; {machine.described()}; {machine.load()}", "", HEADER)
    for work in works:
        for section in imap.run(work) if work.kind == "imap" else ews.run(work):
            _print(*section.lines())
    _print("", f"{time.monotonic() - began:.0f} s in all; {machine.load()}")


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
