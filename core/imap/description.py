"""What the server says of messages: size, date, flags; and whether they are still there."""

from collections.abc import Iterator, Sequence

from core.imap.asking import Ask, fetch_each, listed_uids, short_sets, uid_set
from core.imap.flags import flags_of
from core.imap.items import Items
from core.imap.wire import number
from core.mail.dates import parse_internaldate
from core.mail.flags import Flags
from core.ports.source import SourceMessage

#: Messages described with one command.
WINDOW = 2000

_WHAT = b"(FLAGS INTERNALDATE RFC822.SIZE)"
#: No message is larger, whatever a server says.
_LARGEST = 1 << 40


def described(ask: Ask, uids: Sequence[int]) -> Iterator[SourceMessage]:
    """Size, date and flags of these UIDs, ascending, of the folder in which `ask` runs its commands.

    What is gone is left out; what the server lists but cannot describe has size 0.
    """
    for window in short_sets(uids, WINDOW):
        found: list[SourceMessage] = []

        def keep(uid: int, items: Items, found: list[SourceMessage] = found) -> bool:
            size, flags, date = number(items.get(b"RFC822.SIZE")), items.get(b"FLAGS"), items.get(b"INTERNALDATE")
            if size is None or size > _LARGEST or not isinstance(flags, bytes):
                return False
            received = parse_internaldate(date.decode("latin-1")) if isinstance(date, bytes) else None
            found.append(SourceMessage(uid, size, received, flags_of(flags)))
            return True

        refused = fetch_each(ask, window, _WHAT, keep)
        missing = set(window).difference(refused, (message.uid for message in found))
        if missing:
            refused |= fetch_each(ask, sorted(missing), _WHAT, keep)
            missing.difference_update(refused, (message.uid for message in found))
        left = still(ask, sorted(missing)) if missing else set()
        yield from found
        for uid in sorted(left.union(refused)):
            yield SourceMessage(uid, 0, None, Flags())


def still(ask: Ask, uids: Sequence[int]) -> set[int]:
    """Which of these the server still finds in the folder."""
    return set(listed_uids(ask, b"UID " + uid_set(uids))).intersection(uids)
