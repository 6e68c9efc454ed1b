"""Small messages of our own making, each unlike every other, so that each can be counted."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.servers.mail import Record

FIRST = datetime(2021, 4, 5, 6, 7, 8, tzinfo=UTC)


def letter(name: str, *, folder: str = "INBOX", flags: Iterable[str] = (), days: float = 0, filler: int = 0) -> Record:
    """One message, received `days` after `FIRST`; with about `filler` bytes more."""
    received = FIRST + timedelta(days=days)
    text = ("." * 76 + "\r\n") * (filler // 78)
    data = (
        f"Message-ID: <{name.replace(' ', '.')}@old.example>\r\n"
        f"Date: {received:%d %b %Y %H:%M:%S} +0000\r\n"
        f"From: Ann <ann@old.example>\r\nSubject: {name}\r\n\r\n{name}\r\n{text}"
    )
    return Record(data.encode(), folder, frozenset(flags), received)


def letters(count: int, folder: str = "INBOX", *, name: str = "letter", filler: int = 0) -> list[Record]:
    """So many messages, a day apart."""
    return [letter(f"{name} {number}", folder=folder, days=number, filler=filler) for number in range(count)]


def spread(records: Iterable[Record], *folders: str) -> list[Record]:
    """The same messages over several folders in turn; in the order of the folders."""
    over = [replace(record, folder=folders[number % len(folders)]) for number, record in enumerate(records)]
    return sorted(over, key=lambda record: folders.index(record.folder))
