"""How many messages folders hold (STATUS, RFC 3501, 6.3.10), many folders in one round trip."""

import re
from collections.abc import Callable, Sequence

from core.imap.connection import Connection
from core.imap.wire import Response, astring, number

_MESSAGES = re.compile(rb"\bMESSAGES (\d+)[^()]*\)\s*$", re.IGNORECASE)
#: Commands in flight; their answers fit into any socket buffer.
_IN_FLIGHT = 50


def message_counts(connection: Connection, names: Sequence[bytes]) -> dict[bytes, int]:
    """Folder name to number of messages; a folder that cannot be asked is left out."""
    counts: dict[bytes, int] = {}
    # Of the folder that is open STATUS may tell what this session has seen of it: Courier leaves out what we appended.
    connection.run(b"NOOP")
    commands = {name: b"STATUS " + astring(name) + b" (MESSAGES)" for name in names}
    # A name that goes as a literal waits for the server's go-ahead, so it goes alone.
    at_once = [name for name in names if b"\n" not in commands[name]]
    for start in range(0, len(at_once), _IN_FLIGHT):
        with connection.live() as wire:
            sent = []
            for name in at_once[start : start + _IN_FLIGHT]:
                sent.append((wire.tag(), name))
                wire.send(b"%b %b\r\n" % (sent[-1][0], commands[name]))
            for tag, name in sent:
                wire.finish(tag, _into(counts, name))
    for name in names:
        if b"\n" in commands[name]:
            connection.run(commands[name], _into(counts, name))
    return counts


def _into(counts: dict[bytes, int], name: bytes) -> Callable[[Response], None]:
    def take(response: Response) -> None:
        found = _MESSAGES.search(bytes(response.text)) if response.kind == b"STATUS" else None
        if found is not None:
            counts[name] = number(found[1]) or 0

    return take
