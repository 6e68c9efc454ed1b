"""``make bench``: how fast mailboxes move, against a raw loop on the same servers in the same run."""

import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import tomli_w

from tests.bench.measure import HEADER, Figures, run
from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Dovecot
from tests.servers.process import Process, free_port

#: (name, messages, bytes each)
WORKS = (("4 KB", 3000, 4_000), ("100 KB", 500, 100_000), ("5 MB", 30, 5_000_000))
_LINE = b"A line of text that goes on for a while, says little, and ends where lines end.\r\n"
_BORN = int(datetime(2017, 7, 14, tzinfo=UTC).timestamp())


def main() -> int:
    """Print the table."""
    reason = dovecot_server.unavailable()
    if reason:
        sys.stderr.write(f"the bench needs Dovecot: {reason} (make servers)\n")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="mailcutover-bench-"))
    source, target = Dovecot(fsync="never"), Dovecot(fsync="never")
    source.start()
    target.start()
    port = free_port()
    (folder / "password").write_text(source.password + "\n")
    users = [user for work in range(len(WORKS)) for user in (f"user{work}", f"user{work}-raw")]
    exchange = Process(
        [
            *(sys.executable, "-m", "tests.sandbox", "--data", str(folder / "exchange"), "--port", str(port)),
            *("--account", f"svc:{folder / 'password'}"),
            *(part for user in users for part in ("--mailbox", f"{user}@new.example")),
        ],
        folder / "exchange.log",
    )
    try:
        exchange.await_port(port, b"")
        sys.stdout.write(f"{HEADER}\n")
        for number, (name, messages, size) in enumerate(WORKS):
            user = f"user{number}"
            total = _fill(source, user, messages, size)
            for kind, there in (("exchange", port), ("imap", target.port)):
                raw = run(
                    [
                        sys.executable,
                        "-m",
                        "tests.bench.raw",
                        kind,
                        str(source.port),
                        str(there),
                        user,
                        source.password,
                    ],
                    os.environ,
                )
                _print(raw, f"{messages} x {name} to {kind}, raw", messages, total)
                ours = _mailcutover(folder, kind, source, there, user)
                _print(ours, f"{messages} x {name} to {kind}, mailcutover", messages, total, raw)
                again = _mailcutover(folder, kind, source, there, user)
                _print(again, f"{messages} x {name} to {kind}, again", messages, total)
    finally:
        exchange.stop()
        source.remove()
        target.remove()
        shutil.rmtree(folder)
    return 0


def _print(figures: Figures, name: str, messages: int, size: int, limit: Figures | None = None) -> None:
    sys.stdout.write(figures.row(name, messages, size, limit) + "\n")
    sys.stdout.flush()


def _fill(server: Dovecot, user: str, messages: int, size: int) -> int:
    """Write the mail into the Maildir; returns its bytes."""
    home = server.home(user)
    for part in ("cur", "new", "tmp"):
        (home / "Maildir" / part).mkdir(parents=True)
    text = _LINE * (size // len(_LINE))
    total = 0
    for number in range(messages):
        head = f"From: a@old.example\r\nSubject: message {number}\r\nMessage-ID: <{number}.{size}@old.example>\r\n\r\n"
        path = home / "Maildir" / "cur" / f"{_BORN + number}.{number}.bench:2,S"
        path.write_bytes(head.encode() + text)
        os.utime(path, (_BORN + number, _BORN + number))
        total += len(head) + len(text)
    for path in (home, *home.rglob("*")):
        shutil.chown(path, "nobody")
    return total


def _mailcutover(folder: Path, kind: str, source: Dovecot, port: int, user: str) -> Figures:
    """One pass by the program, in a process of its own; its start is part of the time."""
    mailbox = {"source": user, "password": "env:PASSWORD", "destination": f"{user}@new.example"}
    destination = {
        "url": f"http://127.0.0.1:{port}/EWS/Exchange.asmx",
        "username": "svc",
        "password": "env:PASSWORD",
    }
    if kind == "imap":
        mailbox |= {"destination": f"{user}-new", "destination_password": "env:PASSWORD"}
        destination = {"kind": "imap", "host": "127.0.0.1", "port": port, "security": "none"}  # type: ignore[dict-item]
    file = folder / f"{kind}.toml"
    file.write_text(
        tomli_w.dumps(
            {
                "name": f"bench-{kind}-{user}",
                "source": {"host": "127.0.0.1", "port": source.port, "security": "none"},
                "destination": destination,
                "mailboxes": [mailbox],
            }
        )
    )
    environment = os.environ | {"PASSWORD": source.password, "MAILCUTOVER_STATE": str(folder / "state")}
    return run([sys.executable, "-P", "-m", "core", "run", str(file)], environment)


if __name__ == "__main__":
    sys.exit(main())
