"""UID FETCH so that every UID asked for is accounted for, one spoiled message among hundreds included."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from core.imap.answers import failure_of
from core.imap.items import Items, items_of, uid_of
from core.imap.wire import Completion, Response, number
from core.ports.failure import Action, EndpointError, Failure, Side

#: Runs a command in the folder in question.
Ask = Callable[[bytes, Callable[[Response], None] | None], Completion]
#: Takes what came for a UID; says whether that was all that was asked for.
Keep = Callable[[int, Items], bool]

#: RFC 2683 asks for short command lines; RFC 7162 lets servers stop at 8192.
_LONGEST_SET = 4000
#: What a failure is called when the server ended the connection (`core.imap.answers`).
HUNG_UP = frozenset({"LOST", "BYE"})
#: So many refusals and not one message: that is the server, not the messages.
_ALL_REFUSED = 20


def uid_set(uids: Sequence[int]) -> bytes:
    """Ascending UIDs as a sequence set, runs as ranges."""
    pieces = []
    first = last = uids[0]
    for uid in uids[1:]:
        if uid != last + 1:
            pieces.append(_run(first, last))
            first = uid
        last = uid
    pieces.append(_run(first, last))
    return b",".join(pieces)


def _run(first: int, last: int) -> bytes:
    return b"%d" % first if first == last else b"%d:%d" % (first, last)


def short_sets(uids: Iterable[int], most: int) -> Iterator[list[int]]:
    """Ascending UIDs in windows of at most `most`, each short enough for one command line."""
    window: list[int] = []
    length = 0
    for uid in uids:
        starts = not window or uid != window[-1] + 1
        # A run's end is written once, whatever its length.
        length += (2 * len(str(uid)) + 2) if starts else 0
        if window and (len(window) >= most or length > _LONGEST_SET):
            yield window
            window, length = [], 2 * len(str(uid)) + 2
        window.append(uid)
    if window:
        yield window


def fetch_each(ask: Ask, uids: Sequence[int], what: bytes, keep: Keep) -> dict[int, Failure]:
    """UID FETCH of `what` for ascending UIDs. Returns those that the server will not give, and why.

    What it says nothing about is left to the caller. After a NO the request is halved until the spoiled message is
    alone. Raises EndpointError when the answer is about the server and not about a message. FETCH responses that
    nobody asked for, without a UID or without what was asked, change nothing.
    """
    refused = _fetch(_after_refusals(ask), uids, what, keep)
    if len(refused) == len(uids) >= _ALL_REFUSED:
        cause = "the source cannot read any of its messages"
        raise EndpointError(replace(next(iter(refused.values())), action=Action.RETRY, cause=cause))
    return refused


def _after_refusals(ask: Ask) -> Ask:
    """As `ask`, but a server that hangs up after refusals, as some do after so many, is asked over a new connection."""
    refused = False

    def asking(command: bytes, take: Callable[[Response], None] | None) -> Completion:
        nonlocal refused
        try:
            done = ask(command, take)
        except EndpointError as error:
            if not refused or error.failure.code not in HUNG_UP:
                raise
            refused = False
            done = ask(command, take)
        refused = refused or not done.ok
        return done

    return asking


def _fetch(ask: Ask, uids: Sequence[int], what: bytes, keep: Keep) -> dict[int, Failure]:
    left = set(uids)

    def take(response: Response) -> None:
        if response.kind == b"FETCH":
            items = items_of(response)
            uid = uid_of(items)
            if uid in left and keep(uid, items):
                left.discard(uid)
                return
        response.close()

    done = ask(b"UID FETCH %b %b" % (uid_set(uids), what), take)
    if done.ok or not left or done.code == "EXPUNGEISSUED":
        return {}
    failure = failure_of(done, Side.SOURCE, otherwise=Action.REJECT)
    if failure.action in {Action.WAIT, Action.STOP_MAILBOX, Action.STOP_BATCH}:
        raise EndpointError(failure)
    rest = sorted(left)
    if len(rest) < len(uids):  # the server gave what it could: perhaps it gives the rest now
        return _fetch(ask, rest, what, keep)
    if len(rest) == 1:
        return {rest[0]: replace(failure, action=Action.REJECT, cause="the source cannot read this message")}
    half = len(rest) // 2
    return _fetch(ask, rest[:half], what, keep) | _fetch(ask, rest[half:], what, keep)


def listed_uids(ask: Ask, which: bytes) -> list[int]:
    """The UIDs that a search finds in the folder, ascending; `which` is ``ALL`` or ``UID`` and a set."""
    found: set[int] = set()

    def take(response: Response) -> None:
        if response.kind == b"SEARCH":
            found.update(uid for word in response.text.split() if (uid := number(word)))

    done = ask(b"UID SEARCH " + which, take)
    if not done.ok:
        raise EndpointError(failure_of(done, Side.SOURCE))
    return sorted(found)
