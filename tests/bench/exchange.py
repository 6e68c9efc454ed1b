"""The practice Exchange in a process of its own, and the tools beside us that write to it."""

import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.servers.process import Process, free_port

DOMAIN = "new.example"
PEERS = ("raw", "bulk_create")


class Exchange:
    """Use it in a `with` block. `item` is how many milliseconds it takes for each item; `users` have mailboxes."""

    def __init__(self, folder: Path, users: Sequence[str], password: str, item: int) -> None:
        self._folder = folder
        self._users = users
        self._password = password
        self._item = item
        self._port = free_port()

    def __enter__(self) -> Self:
        self._folder.mkdir()
        secret = self._folder / "password"
        secret.write_text(f"{self._password}\n")
        self._process = Process(
            [
                *(sys.executable, "-m", "tests.sandbox", "--data", str(self._folder), "--port", str(self._port)),
                *("--account", f"svc:{secret}", "--item-ms", str(self._item)),
                *(part for user in self._users for part in ("--mailbox", address(user))),
            ],
            self._folder / "log",
        )
        self._process.await_port(self._port, b"")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._port}/EWS/Exchange.asmx"

    def held(self, user: str) -> tuple[int, int]:
        """How many messages a mailbox holds, and their bytes."""
        connection = sqlite3.connect(self._folder / "exchange.db")
        try:
            count, size = connection.execute(
                "SELECT count(*), coalesce(sum(i.size), 0) FROM item i JOIN folder f ON f.id = i.folder"
                " JOIN mailbox m ON m.id = f.mailbox WHERE m.address = ?",
                (address(user),),
            ).fetchone()
            return int(count), int(size)
        finally:
            connection.close()

    def command(self, tool: str, user: str, mail: Path, together: int) -> list[str]:
        """What moves the messages of a Maildir into a user's inbox, `together` in a request where that can be told."""
        words = [self.url, address(user), self._password, str(mail)]
        return [sys.executable, "-m", f"tests.bench.ews_{tool}", *words, *([str(together)] * (tool == "raw"))]


def address(user: str) -> str:
    """A user's mailbox."""
    return f"{user}@{DOMAIN}"
