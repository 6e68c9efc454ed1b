"""The demo, as `make demo` does it where there is no terminal: embedded servers, our own mail, the real program."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests.demo.mail import PEOPLE, mailbox
from tests.sandbox.server import PracticeExchange
from tests.system.sides import Exchange


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.demo", str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def unfolded(data: bytes) -> bytes:
    """Without the carriage returns, which pymap leaves out."""
    return data.replace(b"\r\n", b"\n")


def test_every_message_once_and_nothing_in_the_second_demo(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    first = demo(folder)
    assert first.returncode == 0, first.stdout + first.stderr
    made = {person: list(mailbox(person)) for person in PEOPLE}
    total = sum(map(len, made.values()))
    assert f"demo: Synced. {total} messages copied." in first.stdout
    second = demo(folder)
    assert second.returncode == 0, second.stdout + second.stderr
    assert "demo: Synced. Nothing new." in second.stdout

    exchange = Exchange(PracticeExchange(folder / "exchange"))
    for person, mails in made.items():
        expected = Counter(
            (mail.folder.replace("Projects", "Archive/Projects"), unfolded(mail.data), "S" in mail.flags)
            for mail in mails
        )
        there = exchange.read(person)
        assert Counter((found.folder, unfolded(found.data), found.seen) for found in there) == expected
        assert "Empty" in exchange.folders(person)
    assert not list((folder / "state").glob("crash-*"))
