r"""Messages that the server has not numbered for good.

Courier numbers new mail when somebody opens the folder to write to it. Until then each look (EXAMINE) numbers it anew,
in memory: a UID that stood for one message stands for another when the first has gone or an earlier one has come, under
the same UIDVALIDITY (measured with 5.0). Such a server tells no UIDNEXT, and flags these messages \Recent.

Taken at their UIDs, one of them would some day pass for another that has been copied, and be lost. So each is known by
a number made of what it is, above every UID there can be. When the server has numbered it for good, it is gone under
that number and new under its UID, with bytes that are known.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass

from core.imap.asking import Ask, fetch_each, listed_uids, short_sets
from core.imap.items import Items
from core.imap.wire import number
from core.mail.body import Body

#: Numbers from here to 2**53, so that a JSON reader that knows only floating-point numbers reads them whole.
FIRST = 1 << 52
#: The UIDVALIDITY of a folder of which no message has a lasting UID: the server makes one up each time.
UNNUMBERED = 1
#: A header may be so long before it is looked for at the server again.
_HEADER = 1 << 20

#: Messages in one command.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Numbered:
    """One message: its number, and what the server says of it."""

    number: int
    date: bytes
    size: int
    header: bytes  # its SHA-256

    def is_in(self, body: Body) -> bool:
        """Whether these bytes begin with its header, and are as many."""
        if body.size != self.size:
            return False
        start = b""
        for piece in body.chunks():
            start += piece
            end = start.find(b"\r\n\r\n")
            if end >= 0:
                return hashlib.sha256(start[: end + 4]).digest() == self.header
            if len(start) > _HEADER:
                return False
        return hashlib.sha256(start).digest() == self.header


def provisional(ask: Ask) -> dict[int, Numbered]:
    """The messages of a folder that have no lasting UID, by the UID that they have now.

    Two that look the same get numbers made of all their bytes; real duplicates are numbered in the order of their UIDs.
    """
    seen = _looked_at(ask, listed_uids(ask, b"RECENT"))
    alike: dict[tuple[bytes, int, bytes], list[int]] = defaultdict(list)
    for uid, look in sorted(seen.items()):
        alike[look].append(uid)
    found: dict[int, Numbered] = {}
    taken: set[int] = set()
    for look, uids in alike.items():
        bodies = {} if len(uids) == 1 else _bytes_of(ask, uids)
        for uid in uids:
            number = _number(look, bodies.get(uid, b""), taken)
            taken.add(number)
            found[uid] = Numbered(number, *look)
    return found


def same(ask: Ask, uid: int, known: Numbered) -> bool:
    """Whether this UID still stands for that message."""
    return _looked_at(ask, [uid]).get(uid) == (known.date, known.size, known.header)


def _number(look: tuple[bytes, int, bytes], body: bytes, taken: Collection[int]) -> int:
    date, size, header = look
    copy = 0
    while True:
        digest = hashlib.sha256(b"%b %d %d\n%b%b" % (date, size, copy, header, body)).digest()
        number = FIRST | int.from_bytes(digest[:8]) >> 12
        if number not in taken:
            return number
        copy += 1


def _looked_at(ask: Ask, uids: Collection[int]) -> dict[int, tuple[bytes, int, bytes]]:
    """Date, size and the header's hash; messages that the server does not show are left out."""
    found: dict[int, tuple[bytes, int, bytes]] = {}

    def keep(uid: int, items: Items) -> bool:
        date, size = items.get(b"INTERNALDATE"), number(items.get(b"RFC822.SIZE"))
        if b"BODY[HEADER]" not in items or size is None or not isinstance(date, bytes):
            return False
        found[uid] = (date, size, _sha256(items, b"BODY[HEADER]"))
        return True

    for window in short_sets(sorted(uids), _AT_ONCE):
        fetch_each(ask, window, b"(INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER])", keep)
    return found


def _bytes_of(ask: Ask, uids: Collection[int]) -> Mapping[int, bytes]:
    """The hash of each message, one message in memory at a time."""
    found: dict[int, bytes] = {}

    def keep(uid: int, items: Items) -> bool:
        if b"BODY[]" not in items:
            return False
        found[uid] = _sha256(items, b"BODY[]")
        return True

    for window in short_sets(sorted(uids), _AT_ONCE):
        fetch_each(ask, window, b"(BODY.PEEK[])", keep)
    return found


def _sha256(items: Items, name: bytes) -> bytes:
    value = items[name]
    body = value if isinstance(value, Body) else Body.of(value or b"")
    with closing(body):
        return body.sha256()
