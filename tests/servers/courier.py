"""A real Courier IMAP, unpacked beside Dovecot: ``INBOX.`` and ``.``, UIDPLUS, and nothing younger than that.

No LITERAL+, MULTIAPPEND, MOVE, CONDSTORE, SPECIAL-USE, LIST-EXTENDED; LOGIN is the only way to sign in.
"""

import itertools
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.servers.imap_server import UNPACKED, ImapServer, libraries, unpacked
from tests.servers.process import free_port

_ROOT = UNPACKED / "courier"
_NOBODY = 65534


def unavailable() -> str | None:
    """Why Courier cannot be started here; None when it can."""
    return unpacked("courier", "usr/bin/imapd")


class Courier(ImapServer):
    """One server, with Debian's own settings."""

    def __init__(self) -> None:
        super().__init__(".", "INBOX.")
        self._delivered = itertools.count()

    def home(self, user: str) -> Path:
        """Where a user's mail lies."""
        return self.folder / "mail" / user / "Maildir"

    def deliver(self, user: str, data: bytes, *, at: int) -> Path:
        """Mail comes in past IMAP, at a second since 1970; `data` has LF alone, as it lies on a disk."""
        self.client(user).logout()  # makes his mailbox, if need be
        name = f"{at}.M{next(self._delivered)}.example.org"
        file = self.home(user) / "tmp" / name
        file.write_bytes(data)
        os.utime(file, (at, at))
        os.chown(file, _NOBODY, _NOBODY)
        return file.rename(self.home(user) / "new" / name)

    def taken(self, user: str, delivered: Path) -> None:
        """Somebody takes that mail away past IMAP, as POP does."""
        (found,) = self.home(user).glob(f"*/{delivered.name}*")
        found.unlink()

    def _prepare(self) -> None:
        (self.folder / "mail").mkdir()
        shutil.chown(self.folder / "mail", _NOBODY)

    def _configure(self) -> tuple[list[str], int]:
        port = self.port or free_port()
        options: Mapping[str, object] = {
            "root": _ROOT,
            "mail": self.folder / "mail",
            "port": port,
            "uid": _NOBODY,
            "gid": _NOBODY,
        }
        door = Path(__file__).with_name("courier_login.py")
        return [sys.executable, "-P", str(door), *(f"--{name}={value}" for name, value in options.items())], port

    def _environment(self) -> Mapping[str, str]:
        return libraries(_ROOT) | {"COURIER_PASSWORD": self.password}
