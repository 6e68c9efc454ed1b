"""The demo's source: pymap over Maildirs that are written here, so that it starts in a moment."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from pysasl.hashing import BuiltinHash

from tests.demo.mail import FOLDERS, Mail
from tests.servers.process import Process


def write_mailbox(base: Path, person: str, password: str, mails: Iterable[Mail]) -> int:
    """Make one account with its mail; returns how many messages."""
    home = base / person
    for folder in FOLDERS:
        for part in ("cur", "new", "tmp"):
            (_maildir(home, folder) / part).mkdir(parents=True, exist_ok=True)
        if folder != "INBOX":
            (_maildir(home, folder) / "maildirfolder").touch()
    count = 0
    for count, mail in enumerate(mails, 1):
        path = _maildir(home, mail.folder) / "cur" / f"{count:06d}.demo:2,{mail.flags}"
        path.write_bytes(mail.data)
        seconds = mail.received.timestamp()
        os.utime(path, (seconds, seconds))
    (home / "subscriptions").write_text("".join(f"{name}\r\n" for name in FOLDERS))
    with (base / "pymap-etc-passwd").open("a") as users:
        users.write(f"{person}:x::::{person}:\r\n")
    with (base / "pymap-etc-shadow").open("a") as passwords:
        passwords.write(f"{person}:{BuiltinHash().hash(password)}:::::::\r\n")
    return count


def _maildir(home: Path, folder: str) -> Path:
    if folder == "INBOX":
        return home
    return home / ("." + folder.replace("/", "."))


def serve(base: Path, port: int, log: Path) -> Process:
    """Start pymap over `base`."""
    program = str(Path(sys.executable).with_name("pymap"))
    return Process([program, "--no-tls", "--host", "127.0.0.1", "--port", str(port), "maildir", str(base)], log)
