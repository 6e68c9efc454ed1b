"""Mail as files: a mailbox of any size is written in no time, and what arrived is counted without asking a server."""

import os
import re
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.measure import FailedError
from tests.bench.works import Mail
from tests.servers.dovecot import Dovecot

_LINE = b"A line of text that goes on for a while, says little, and ends where lines end.\n"
_BORN = int(datetime(2017, 7, 14, tzinfo=UTC).timestamp())
_SIZE = re.compile(r",W=(\d+)")  # with CRLF, whatever the file has
_KEEPERS = ("cur", "new")


def fill_all(server: Dovecot, name: str, mail: Mail) -> list[str]:
    """Write mailboxes and have the server index them, which otherwise the first tool would wait for. The logins."""
    logins = [f"{name}-{number}" for number in range(mail.mailboxes)]
    for number, login in enumerate(logins):
        sizes = [mail.size] * mail.messages + [mail.huge] * (number == 0 and mail.huge > 0)
        fill(server.home(login), sizes, number * mail.messages)
        with server.client(login) as client:
            client.select("INBOX", readonly=True)
            if sizes:
                client.fetch("1:*", "(UID FLAGS INTERNALDATE RFC822.SIZE)")
    return logins


def fill(home: Path, sizes: Sequence[int], first: int = 0) -> None:
    """Write a mailbox of messages of so many bytes each. `first` is the number of the first one."""
    folder = home / "Maildir"
    for part in (*_KEEPERS, "tmp"):
        (folder / part).mkdir(parents=True)
    for number, size in enumerate(sizes, first):
        data = message(number, size)
        lines = data.count(b"\n")
        name = f"{_BORN + number}.{number}.bench,S={len(data)},W={len(data) + lines}:2,S"
        path = folder / "cur" / name
        path.write_bytes(data)
        os.utime(path, (_BORN + number, _BORN + number))
    for path in (home, *home.rglob("*")):
        shutil.chown(path, "nobody")


def message(number: int, size: int) -> bytes:
    """A message of about `size` bytes, its lines ended with LF."""
    head = (
        f"From: Ann <ann@old.example>\nTo: Bob <bob@old.example>\nSubject: message {number}\n"
        f"Date: Fri, 14 Jul 2017 02:40:00 +0000\nMessage-ID: <{number}.{size}@old.example>\n\n"
    ).encode()
    return head + _LINE * max(1, (size - len(head)) // (len(_LINE) + 1))


def held(home: Path) -> tuple[int, int]:
    """How many messages a mailbox holds, in all its folders, and their bytes with CRLF line ends."""
    names = [
        entry.name
        for folder, _, _ in os.walk(home)
        if Path(folder).name in _KEEPERS
        for entry in os.scandir(folder)
        if entry.is_file()
    ]
    return len(names), sum(int(found[1]) for name in names if (found := _SIZE.search(name)))


def counted(tool: str, sources: Sequence[Path], targets: Sequence[Path]) -> None:
    """See that all arrived: as many messages, and at least as many bytes, as tools may add to a header.

    Raises FailedError.
    """
    for source, target in zip(sources, targets, strict=True):
        (count, size), (arrived, bytes_arrived) = held(source), held(target)
        if arrived != count or bytes_arrived < size:
            raise FailedError(
                f"{tool}: {arrived} messages of {bytes_arrived} bytes arrived in {target.name}, not {count} of {size}"
            )
