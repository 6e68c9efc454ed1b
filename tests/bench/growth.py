"""``make bench-growth``: what a message costs as mailboxes grow, and what a mailbox costs as batches grow.

``N=500000 MAILBOXES=50000`` goes on to so many.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import machine
from tests.bench.maildir import counted, fill_all
from tests.bench.measure import FailedError, Figures, run
from tests.bench.ours import Batch, imap_sides
from tests.bench.works import KB, Mail
from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Dovecot

_LEAST_MESSAGES, _LEAST_MAILBOXES = 1_000, 10
_HEADER = (
    f"{'work':<32} {'start s':>8} {'pass s':>8} {'ms each':>8} {'again s':>8} {'ms each':>8} {'CPU ms':>8} "
    f"{'peak MB':>8} {'store MB':>8} {'B each':>8} {'status s':>8}"
)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description="Cost by size.")
    parser.add_argument("--messages", type=int, default=100_000, metavar="N", help="in the largest mailbox")
    parser.add_argument("--mailboxes", type=int, default=10_000, metavar="N", help="in the largest batch")
    asked = parser.parse_args()
    reason = dovecot_server.unavailable()
    if reason:
        sys.stderr.write(f"the bench needs Dovecot: {reason}\n")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="mailcutover-growth-"))
    source, target = Dovecot(), Dovecot()
    try:
        source.start()
        target.start()
        when = f"{datetime.now(UTC):%d %b %Y %H:%M} UTC"
        sys.stdout.write(f"{when}; {machine.described()}; {machine.load()}\n\n{_HEADER}\n")
        for line in _lines(folder, source, target, asked.messages, asked.mailboxes):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    except FailedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        source.remove()
        target.remove()
        shutil.rmtree(folder)
    return 0


def _lines(folder: Path, source: Dovecot, target: Dovecot, messages: int, mailboxes: int) -> Iterator[str]:
    for count in _steps(_LEAST_MESSAGES, messages):
        yield _grown(folder, source, target, f"{count:,} messages in a mailbox", count, Mail(count, KB))
    for count in _steps(_LEAST_MAILBOXES, mailboxes):
        yield _grown(folder, source, target, f"{count:,} mailboxes of a message", count, Mail(1, KB, mailboxes=count))


def _steps(least: int, most: int) -> Sequence[int]:
    """From `least` in steps of ten to `most`, which is the last one; nothing with no `most`."""
    steps = [least] if most else []
    while steps and steps[-1] < most:
        steps.append(min(most, steps[-1] * 10))
    return steps


def _grown(folder: Path, source: Dovecot, target: Dovecot, name: str, count: int, mail: Mail) -> str:
    """One line: a pass, a second one that finds nothing new, `status`, and what the store has become."""
    logins = fill_all(source, f"grown-{count}-{mail.mailboxes}", mail)
    users = [(login, f"{login}-new") for login in logins]
    batch = Batch(folder / logins[0], source.password)
    batch.write(imap_sides(source.port, target.port), users)
    figures, seconds = batch.run()
    store = sum(file.stat().st_size for file in batch.state.rglob("*") if file.is_file())
    again, again_seconds = batch.run()
    status = run([batch.command("status", str(batch.file))])
    counted(name, [source.home(login) for login in logins], [target.home(user) for _, user in users])
    for server, login in [*((source, login) for login in logins), *((target, user) for _, user in users)]:
        shutil.rmtree(server.home(login))
    shutil.rmtree(batch.folder)
    return (
        f"{name:<32} {_start(again, again_seconds):8.2f} {seconds:8.2f} {1000 * seconds / count:8.3f} "
        f"{again_seconds:8.2f} {1000 * again_seconds / count:8.3f} {1000 * figures.cpu / count:8.3f} "
        f"{max(figures.memory, again.memory):8.0f} {store / 1e6:8.1f} {store / count:8.0f} {status.wall:8.2f}"
    )


def _start(figures: Figures, seconds: float) -> float:
    """All but the pass: starting the program and ending it."""
    return figures.wall - seconds


if __name__ == "__main__":
    sys.exit(main())
