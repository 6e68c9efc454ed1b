"""One event as one line: for people, and as JSON."""

import json
from typing import Any

from core.cli.words import local
from core.event import Event, Level
from core.printable import printable
from core.store.times import rfc3339


def event_object(event: Event) -> dict[str, Any]:
    """An event as the contract writes it in JSON; what does not apply is null."""
    return {
        "time": rfc3339(event.time),
        "level": event.level.word,
        "batch": event.batch or None,
        "mailbox": event.mailbox or None,
        "folder": event.folder or None,
        "uid": event.uid,
        "event": event.kind.value,
        "text": event.text,
    }


def event_json(event: Event) -> str:
    """An event as a line of JSON."""
    return json.dumps(event_object(event))


def event_text(event: Event, *, date: bool = True) -> str:
    """An event as a line for people, its time on their own clock."""
    time = local(event.time)
    words = [time if date else time.partition(" ")[2]]
    if event.level >= Level.WARNING:
        words.append(event.level.word.upper())
    where = event.folder if event.uid is None else f"{event.folder}/{event.uid}"
    who = " ".join(name for name in (event.mailbox, where) if name)
    return printable(" ".join(words) + (f" {who}: {event.text}" if who else f" {event.text}"), None)
