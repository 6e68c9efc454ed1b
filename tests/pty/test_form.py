"""A batch from nothing to its end, by keys alone, the terminal lost in the middle."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.pty.terminal import Terminal
from tests.pty.test_moving import SECRETS, status
from tests.sandbox.outcomes import Held
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record

COUNT = 60
ADDRESSES = ("ann@new.example", "ben@new.example")


@pytest.fixture
def users(dovecot: Dovecot, user: str, practice_exchange: PracticeExchange) -> tuple[str, str]:
    """Two mailboxes with mail, and where they are to go."""
    both = (user, f"{user}b")
    for name, address in zip(both, ADDRESSES, strict=True):
        practice_exchange.add_mailbox(address, "secret")
        head = f"From: {name}@old.example\r\nSubject: number"
        dovecot.load(name, (Record(f"{head} {number}\r\n\r\nText\r\n".encode()) for number in range(COUNT)))
    return both


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder; whoever still runs a batch of it in the end is ended."""
    folder = tmp_path / "state"
    yield folder
    with suppress(subprocess.CalledProcessError, IndexError):
        runner = status(folder, "by-hand")["runner"]
        if runner is not None:
            os.kill(runner["pid"], signal.SIGKILL)


class Keys:
    """Types into the form: a key of the file is found by going down from the top."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def fill(self, place: str, text: str, down: int) -> None:
        """Write a value so many lines below the top."""
        since = len(self._terminal.output)
        self._terminal.press("g" + "j" * down + "\r")
        self._terminal.shows(f"{place} =", since)
        self._terminal.press(f"\x15{text}\r")
        self._terminal.shows("Save", since)  # the hints are back

    def take(self, down: int) -> None:
        """Take the next word of a choice."""
        self._terminal.press("g" + "j" * down + " ")

    def paste(self, text: str) -> None:
        """As a terminal hands over what was pasted (bracketed paste)."""
        self._terminal.press(f"\x1b[200~{text}\x1b[201~")


def stored(exchange: PracticeExchange, address: str) -> list[int]:
    """The numbers in the subjects of what a mailbox holds, sorted."""
    items = exchange.mailbox(address).items("Inbox")
    return sorted(int(re.findall(rb"Subject: number (\d+)", item.mime)[0]) for item in items)


def standing(state: Path) -> list[tuple[str, str | None]]:
    """Status and condition of each mailbox, as another process sees them."""
    return [(mailbox["status"], mailbox["condition"]) for mailbox in status(state, "by-hand")["mailboxes"]]


def test_made_started_paused_lost_found_again_and_finished(
    tmp_path: Path, dovecot: Dovecot, users: tuple[str, str], practice_exchange: PracticeExchange, state: Path
) -> None:
    folder = tmp_path / "batches"
    folder.mkdir()
    console = [sys.executable, "-m", "tui", "--state", str(state)]
    held = Held()
    practice_exchange.next("CreateItem", held, after=1)
    start = [sys.executable, "-c", "import os, sys; os.chdir(sys.argv[1]); os.execv(sys.argv[2], sys.argv[2:])"]
    with Terminal([*start, str(folder), *console], env=SECRETS) as terminal:
        terminal.shows("No batch yet")
        terminal.press("a")
        terminal.shows("New batch")
        keys = Keys(terminal)
        keys.fill("name", "by-hand", 0)
        keys.fill("source.host", "127.0.0.1", 3)
        keys.take(4)  # tls
        keys.take(4)  # starttls, then none
        keys.fill("source.port", str(dovecot.port), 5)
        keys.fill("destination.url", practice_exchange.url, 17)
        keys.fill("destination.username", "svc", 20)
        keys.fill("destination.password", "env:EXCHANGE_PASSWORD", 21)
        keys.fill("destination.max_connections", "1", 25)  # one request at a time
        keys.fill("options.mailboxes_at_once", "1", 40)
        terminal.press("g" + "j" * 27 + "\r")
        terminal.shows("Nothing here yet")
        rows = zip(users, ADDRESSES, strict=True)
        keys.paste("".join(f"{name}\t{address}\tenv:OLD_PASSWORD\r" for name, address in rows))
        terminal.shows("2 rows pasted")
        terminal.shows("nothing wrong")
        terminal.press("\x13")  # Ctrl+s
        terminal.shows("saved as")
        terminal.press("\x1b")
        terminal.press("\x1b")
        terminal.shows("Created")
        terminal.press("s")
        terminal.until(held.arrived.is_set, "a second request")
        terminal.press("2")
        terminal.press("p")
        terminal.shows("pausing; what is in flight finishes")
        terminal.until(lambda: standing(state)[0][1] == "paused", "a run that has heard of it")
        terminal.hang_up()
        held.release.set()
        terminal.end_unread()
    assert (folder / "by-hand.toml").exists()

    with Terminal(console, env=SECRETS) as terminal:
        terminal.shows("by-hand")
        terminal.until(lambda: standing(state) == [("Stopped", "paused"), ("Synced", None)], "one paused, one done")
        assert 0 < len(stored(practice_exchange, ADDRESSES[0])) < COUNT
        terminal.press("2")
        terminal.press("r")
        terminal.until(lambda: status(state, "by-hand")["status"] == "Synced", "the end")
        terminal.press("q")
        assert terminal.end() == 0
        assert terminal.restored
    assert [stored(practice_exchange, address) for address in ADDRESSES] == [list(range(COUNT))] * 2
