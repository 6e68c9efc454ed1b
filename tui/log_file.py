"""Files with what a log says: printable lines made from the events, not from the screen, for the user's eyes only."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from core.errors import UserError
from core.event import Event
from core.store.events import EventLog
from tui.tick import Focus

_PAGE = 5000  # events read at a time
#: Characters that go to the clipboard at most; terminals take no more of OSC 52, or hang on it.
CLIPBOARD = 8_000


def text_of(event: Event) -> str:
    """An event as `mailcutover log` prints it."""
    from core.cli.event_line import event_text

    return event_text(event)


def write(path: Path, events: Iterable[Event]) -> tuple[Path, int]:
    """Write events into a new file of mode 0600; its whole path, and how many. Raises UserError when that cannot be."""
    path = path.expanduser().resolve()
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        count = 0
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            for event in events:
                file.write(text_of(event) + "\n")
                count += 1
    except FileExistsError:
        raise UserError(f"{path}: is there already; name another file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); name another file") from error
    return path, count


def whole(log: EventLog, focus: Focus) -> Iterator[Event]:
    """All events of the log that is looked at, oldest first, up to the newest there is now."""
    mailbox = focus.mailbox if focus.only else None
    newest = max((number for number, _ in log.last(None, 1)), default=0)
    after = 0
    while True:
        page = log.read(focus.batch, after=after, limit=_PAGE, level=focus.level, mailbox=mailbox)
        yield from (event for number, event in page if number <= newest)
        if len(page) < _PAGE or page[-1][0] >= newest:
            return
        after = page[-1][0]


def name_for(folder: Path, focus: Focus, now: datetime, what: str = "log") -> Path:
    """A name that says whose log it is and when it was written, below the state folder."""
    whose = [focus.batch or "all", *([focus.mailbox] if focus.only and focus.mailbox else [])]
    words = [_short("".join(c if c.isalnum() or c in "@.-_" else "_" for c in word)) for word in whose]
    return folder / "exports" / "-".join([what, *words, f"{now.astimezone():%Y%m%d-%H%M%S}.txt"])


def _short(word: str) -> str:
    """As much of it as a file's name has room for: 255 bytes, for all of its words."""
    return word.encode()[:60].decode(errors="ignore")


def clip(lines: Iterable[str]) -> tuple[str, int]:
    """Whole lines for the clipboard, as many as it takes; and how many those are."""
    taken: list[str] = []
    room = CLIPBOARD
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            break
        taken.append(line)
    return "".join(f"{line}\n" for line in taken), len(taken)
