r"""What is in a folder: messages in doubt, messages that were there before us, and flags.

Nothing here changes a message: BODY.PEEK leaves \\Seen as it is. A message is fingerprinted as it comes and forgotten;
one at a time is in memory, a large one in its spool file.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from core.imap.answers import failure_of
from core.imap.append import SURE_DATES
from core.imap.asking import short_sets, uid_set
from core.imap.connection import Connection
from core.imap.flags import flags_of
from core.imap.items import items_of, uid_of
from core.imap.wire import Response, numbers
from core.mail.body import Body
from core.mail.dates import parse_internaldate
from core.mail.fingerprint import canonical, folded
from core.mail.flags import RECENT, Flags
from core.ports.destination import Doubt
from core.ports.failure import Action, EndpointError

#: Messages in one command for their fingerprints, and for their flags.
BODIES = 100
_FLAGS = 500


def find(connection: Connection, doubts: Sequence[tuple[int, Doubt]], claimed: Collection[int]) -> dict[str, int]:
    """Which doubts are in the selected folder: token to UID, each UID at most once. With each goes its lowest UID.

    A message is the one in doubt when its folded fingerprint is the same, and its INTERNALDATE the same instant. The
    date does not count where servers do not keep it: Dovecot makes the present of a date to come (measured).
    """
    if not doubts:
        return {}
    now = datetime.now(UTC)
    wanted = {doubt.received for _, doubt in doubts}
    any_date = any(not _kept(doubt.received, now) for _, doubt in doubts)
    lowest = min(first for first, _ in doubts)
    dates = {
        uid: date
        for uid, date in _dates(connection, b"%d:*" % lowest).items()
        # "*" is the last message, even where it comes before the lowest.
        if uid >= lowest and uid not in claimed and (any_date or date in wanted)
    }
    by_print: dict[bytes, list[int]] = defaultdict(list)
    for uid, print_ in fingerprints(connection, sorted(dates), whole=False).items():
        by_print[print_].append(uid)
    found: dict[str, int] = {}
    # Those whose date counts choose first, and of those who may have the fewest; each takes the lowest UID.
    for first, doubt in sorted(doubts, key=lambda pair: (not _kept(pair[1].received, now), -pair[0])):
        candidates = [uid for uid in by_print[doubt.folded] if uid >= first]
        same = [uid for uid in candidates if dates[uid] == doubt.received]
        if not same and not _kept(doubt.received, now):
            same = candidates
        if same:
            found[doubt.token] = same[0]
            by_print[doubt.folded].remove(same[0])
    return found


def fingerprints(connection: Connection, uids: Sequence[int], *, whole: bool) -> dict[int, bytes]:
    """Fingerprints of messages of the selected folder, by UID, ascending: canonical with `whole`, else folded.

    Messages that are gone are left out, and so are those that the server cannot read.
    """
    prints: dict[int, bytes] = {}

    def take(response: Response) -> None:
        if response.kind == b"FETCH":
            items = items_of(response)
            uid, data = uid_of(items), items.get(b"BODY[]")
            body = Body.of(data) if isinstance(data, bytes) else data
            if uid and body is not None:
                prints[uid] = canonical(body.read()) if whole else folded(body)
        response.close()

    pending = list(short_sets(uids, BODIES))
    while pending:
        window = pending.pop(0)
        done = connection.run(b"UID FETCH %b (UID BODY.PEEK[])" % uid_set(window), take)
        if done.ok:
            continue
        failure = failure_of(done, connection.side, otherwise=Action.REJECT)
        if failure.action is not Action.REJECT and failure.code != "EXPUNGEISSUED":
            raise EndpointError(failure)
        left = [uid for uid in window if uid not in prints]
        if len(window) > 1 and left:  # until the spoiled one is alone
            half = len(left) // 2
            pending[:0] = [part for part in (left[:half], left[half:]) if part]
    return dict(sorted(prints.items()))


def undeleted(connection: Connection) -> list[int]:
    r"""The UIDs of the selected folder that are not flagged \\Deleted, ascending."""
    uids: list[int] = []

    def take(response: Response) -> None:
        if response.kind == b"SEARCH":
            uids.extend(numbers(response.text.replace(b" ", b",")))

    connection.order(b"UID SEARCH UNDELETED", take)
    return sorted(set(uids))


def last(connection: Connection) -> int:
    """The highest UID in the selected folder; 0 when it is empty."""
    return max(_dates(connection, b"*"), default=0)


def flags(connection: Connection, uids: Sequence[int]) -> dict[int, Flags]:
    r"""The flags of these messages of the selected folder, without \Recent; those gone are left out."""
    found: dict[int, Flags] = {}

    def take(response: Response) -> None:
        if response.kind == b"FETCH":
            items = items_of(response)
            uid, value = uid_of(items), items.get(b"FLAGS")
            if uid and isinstance(value, bytes):
                found[uid] = Flags(flag for flag in flags_of(value) if flag != RECENT)

    for window in short_sets(uids, _FLAGS):
        connection.order(b"UID FETCH %b (UID FLAGS)" % uid_set(window), take)
    return {uid: found[uid] for uid in uids if uid in found}


def _kept(received: datetime | None, now: datetime) -> bool:
    """Whether every server keeps such a date; a day covers clocks that go wrong."""
    return received is not None and SURE_DATES[0] <= received < min(SURE_DATES[1], now - timedelta(days=1))


def _dates(connection: Connection, uids: bytes) -> dict[int, datetime | None]:
    """INTERNALDATE of these messages of the selected folder, by UID."""
    dates: dict[int, datetime | None] = {}

    def take(response: Response) -> None:
        if response.kind == b"FETCH":
            items = items_of(response)
            uid, date = uid_of(items), items.get(b"INTERNALDATE")
            if uid and isinstance(date, bytes):
                dates[uid] = parse_internaldate(date.decode("latin-1"))

    connection.order(b"UID FETCH %b (UID INTERNALDATE)" % uids, take)
    return dates
