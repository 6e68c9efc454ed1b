"""Whether a server leaves messages their UIDs when their folder is renamed.

RFC 3501 does not ask for it, and Courier 5.0 gives all new ones with a new UIDVALIDITY (measured): what is known of the
messages would be lost, and one in doubt could not be found. So it is tried on an empty folder first.
"""

import re
import secrets

from core.imap.connection import Connection
from core.imap.counts import message_counts
from core.imap.listing import Namespace, list_folders
from core.imap.wire import Response, astring, number

_NAME = b"mailcutover-"
_TRIED = re.compile(_NAME + rb"[0-9a-f]{8}(-renamed)?")
_UIDVALIDITY = re.compile(rb"\bUIDVALIDITY (\d+)", re.IGNORECASE)


def keeps_uids(connection: Connection, space: Namespace) -> bool:
    """Make an empty folder, rename it, look whether its UIDVALIDITY is the same, and delete it."""
    _clear(connection, space)
    name = space.prefix + _NAME + secrets.token_hex(4).encode("ascii")
    if not connection.run(b"CREATE " + astring(name)).ok:
        return False
    before = _uidvalidity(connection, name)
    new = name + b"-renamed"
    renamed = connection.run(b"RENAME " + astring(name) + b" " + astring(new)).ok
    after = _uidvalidity(connection, new) if renamed else None
    connection.run(b"DELETE " + astring(new if renamed else name))
    return before is not None and before == after


def _clear(connection: Connection, space: Namespace) -> None:
    """Delete what tries that were cut off have left."""
    listed = [folder.name for folder in list_folders(connection, [space.prefix + _NAME + b"*"])]
    tried = [name for name in listed if _TRIED.fullmatch(name.removeprefix(space.prefix))]
    for name, messages in message_counts(connection, tried).items() if tried else ():
        if not messages:
            connection.run(b"DELETE " + astring(name))


def _uidvalidity(connection: Connection, name: bytes) -> int | None:
    found: list[int | None] = []

    def take(response: Response) -> None:
        match = _UIDVALIDITY.search(response.text) if response.kind == b"STATUS" else None
        found.extend([number(match[1])] if match else [])

    connection.run(b"STATUS " + astring(name) + b" (UIDVALIDITY)", take)
    return found[0] if found else None
