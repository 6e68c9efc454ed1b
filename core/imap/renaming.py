"""Whether a server leaves messages their UIDs when their folder is renamed.

RFC 3501 does not ask for it, and Courier 5.0 gives all new ones with a new UIDVALIDITY (measured): what is known of the
messages would be lost, and one in doubt could not be found. So it is tried on an empty folder first.
"""

import re
import secrets

from core.imap.connection import Connection
from core.imap.listing import Namespace
from core.imap.wire import Response, astring, number

_UIDVALIDITY = re.compile(rb"\bUIDVALIDITY (\d+)", re.IGNORECASE)


def keeps_uids(connection: Connection, space: Namespace) -> bool:
    """Make an empty folder, rename it, look whether its UIDVALIDITY is the same, and delete it."""
    name = space.prefix + b"mailcutover-" + secrets.token_hex(4).encode("ascii")
    if not connection.run(b"CREATE " + astring(name)).ok:
        return False
    before = _uidvalidity(connection, name)
    new = name + b"-renamed"
    renamed = connection.run(b"RENAME " + astring(name) + b" " + astring(new)).ok
    after = _uidvalidity(connection, new) if renamed else None
    connection.run(b"DELETE " + astring(new if renamed else name))
    return before is not None and before == after


def _uidvalidity(connection: Connection, name: bytes) -> int | None:
    found: list[int | None] = []

    def take(response: Response) -> None:
        match = _UIDVALIDITY.search(response.text) if response.kind == b"STATUS" else None
        found.extend([number(match[1])] if match else [])

    connection.run(b"STATUS " + astring(name) + b" (UIDVALIDITY)", take)
    return found[0] if found else None
