"""A mailbox that is written to over IMAP (core.ports.destination).

A folder is known by its name on the wire, a message by ``uidvalidity:uid``, a mark is ``uidvalidity:uidnext``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.imap import lookup, moving
from core.imap.answers import failure_of
from core.imap.append import Letter, Pipeline, appended, nearest_sure_date, unasked
from core.imap.asking import short_sets
from core.imap.connection import Connection
from core.imap.keeping import NOBODY, Keeping, Kept
from core.imap.selection import Selection, open_folder
from core.imap.tree import FolderTree, name_of
from core.imap.wire import Completion, Response, number
from core.mail.flags import SEEN, Flags
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder, Doubt, Limits, Outgoing, Present, Shown, Written
from core.ports.failure import Action, EndpointError, Failure, about
from core.ports.guard import Guard
from core.ports.lifeline import ABORTED

#: As many as go out in one breath: at 40 ms round trip, waiting for their answers costs a tenth of the time (measured).
_BATCH = Limits(batch_messages=1000, batch_bytes=4 << 20)
_GONE = frozenset({"NONEXISTENT", "TRYCREATE"})
_APPENDLIMIT = re.compile(rb"\bAPPENDLIMIT (\d+)", re.IGNORECASE)


#: After messages were refused together, at least so many go apart, then twice as many each time.
_APART = 64
_MOST_APART = 8192

_NOT_SENT = Failure(
    Action.RETRY,
    "UNANSWERED",
    "the connection was closed because the server did not understand a message before this one",
)
_UNANSWERED = replace(_NOT_SENT, in_doubt=True)
_MISCOUNTED = Failure(
    Action.SPLIT,
    "APPENDUID",
    "the server names other messages than were sent to it together",
    in_doubt=True,
    together=True,
)


@dataclass(slots=True)
class _Opened:
    """The selected folder. `uidnext` is a lower bound: messages that come later have this UID or a higher one.

    `unseen`: messages were appended of which the server need not have told this session.
    """

    selection: Selection
    keeping: Keeping
    uidnext: int
    unseen: bool = False


class ImapDestination:
    """Writes one mailbox over one connection (`core.ports.destination.Destination`)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tree = FolderTree(connection)
        self._opened: _Opened | None = None
        self._limits = _BATCH
        self._apart = 0  # so many messages are still to go in a command each
        self._next_apart = _APART

    @property
    def limits(self) -> Limits:
        """What one `write` may carry; the largest message once the server has told its APPENDLIMIT (RFC 7889)."""
        return self._limits

    def guard(self, guard: Guard) -> None:
        """Ask this before anything more leaves."""
        self._connection.guard = guard

    def connect(self) -> None:
        """Sign in and see that INBOX may be written to."""
        done = self._connection.order(b"SELECT INBOX", otherwise=Action.STOP_MAILBOX)
        self._connection.selected = None
        if done.code == "READ-ONLY":
            raise EndpointError(
                Failure(
                    Action.STOP_MAILBOX,
                    done.code,
                    "the mailbox may only be read",
                    said=done.said,
                    cure="grant this account the right to write to it",
                    side=self._connection.side,
                )
            )
        self._limits = replace(_BATCH, max_message=self._largest())

    def heard(self) -> Sequence[str]:
        """What the server wanted people to read (ALERT)."""
        return self._connection.heard()

    def folders(self) -> Sequence[DestinationFolder]:
        """All folders of the personal namespace that can hold messages."""
        return self._tree.list()

    def create_folder(self, path: FolderPath, role: Role | None, *, subscribed: bool = True) -> DestinationFolder:
        """The folder at `path` or of that role, made when it is not there.

        Where the server cannot take the name, the path that comes back is spelt otherwise (core.imap.naming).
        """
        with about(path):
            return self._tree.create(path, role, subscribed=subscribed)

    def rename_folder(self, folder: DestinationFolder, path: FolderPath) -> DestinationFolder:
        """Give a folder another path, with what hangs below it.

        It comes back as it was, where the server refuses or would number its messages anew (core.imap.renaming).
        """
        self._opened = None
        with about(folder.path):
            return self._tree.rename(folder, path)

    def mark(self, folder: DestinationFolder) -> str:
        """UIDVALIDITY and a UIDNEXT that no later message will be below."""
        opened = self._open(folder)
        return f"{opened.selection.uidvalidity}:{opened.uidnext}"

    def write(self, folder: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        """Append these messages. A lost link raises EndpointError, in doubt unless nothing had been sent."""
        opened = self._open(folder)
        kept = [opened.keeping.sort(message.flags) for message in batch]
        letters = [
            Letter(message.body, keeps.flags, message.received, ask=keeps.unsure)
            for message, keeps in zip(batch, kept, strict=True)
        ]
        answers: Sequence[Completion | None] = ()
        begun: set[int] = set()
        multi = self._connection.has("MULTIAPPEND") and not self._apart
        self._apart = max(0, self._apart - len(batch))
        try:
            with self._connection.live(changing=True) as wire:
                free = unasked(self._connection.capabilities)
                pipeline = Pipeline(wire, opened.selection.name, letters, free, multi=multi)
                answers, begun = pipeline.answers, pipeline.begun
                opened.unseen = True
                pipeline.run()
        except EndpointError as error:
            self._opened = None
            # A server that asks for time often hangs up at once: its hint is worth more than the lost link.
            asked = None if error.failure.code == ABORTED else self._asked(answers)
            raise EndpointError(replace(asked or error.failure, in_doubt=bool(begun))) from error
        if pipeline.bad:
            # What comes after may be read as commands, or have been.
            self._connection.drop()
        asked = self._asked(answers)
        written: list[Written] = []
        for group in pipeline.groups:
            answer = answers[group[0]]
            if answer is None:
                failures = [_UNANSWERED if index in begun else asked or _NOT_SENT for index in group]
                written += [Written(batch[i].token, failure=why) for i, why in zip(group, failures, strict=True)]
            elif len(group) > 1:
                written += self._written_together([(batch[index], kept[index]) for index in group], answer)
            else:
                (index,) = group
                written.append(self._written(batch[index], kept[index], answer, redated=index in pipeline.redated))
        written += [Written(message.token, failure=asked or _NOT_SENT) for message in batch[len(written) :]]
        self._advance(opened, written)
        return written

    def look_up(self, folder: DestinationFolder, doubts: Sequence[Doubt], claimed: frozenset[str]) -> dict[str, str]:
        """Which of these are there, among what came after their marks. In a folder made anew, none is."""
        opened = self._seen(folder)
        if opened is None:
            return {}
        validity = opened.selection.uidvalidity
        known = [(uid, doubt) for doubt in doubts if (uid := _uid(doubt.mark, validity)) is not None]
        taken = {uid for item in claimed if (uid := _uid(item, validity)) is not None}
        found = lookup.find(self._connection, known, taken)
        return {token: f"{validity}:{uid}" for token, uid in found.items()}

    def present(self, folder: DestinationFolder) -> Iterator[Present]:
        r"""Every message with its canonical fingerprint, but those flagged \Deleted, which are on their way out."""
        opened = self._seen(folder)
        if opened is None or not opened.selection.exists:
            return
        validity = opened.selection.uidvalidity
        for window in short_sets(lookup.undeleted(self._connection), lookup.BODIES):
            # Whoever takes these may have turned to another folder meanwhile.
            if self._open(folder).selection.uidvalidity != validity:
                return
            for uid, print_ in lookup.fingerprints(self._connection, window, whole=True).items():
                yield Present(f"{validity}:{uid}", canonical=print_)

    def shown(self, folder: DestinationFolder, items: Sequence[str]) -> dict[str, Shown]:
        """The flags of these items now."""
        opened = self._seen(folder)
        if opened is None:
            return {}
        validity = opened.selection.uidvalidity
        uids = {uid: item for item in items if (uid := _uid(item, validity)) is not None}
        found = lookup.flags(self._connection, sorted(uids))
        return {uids[uid]: Shown(flags) for uid, flags in found.items()}

    def change_flags(self, folder: DestinationFolder, item: str, add: Flags, remove: Flags) -> tuple[str, ...]:
        """Add and remove flags of one item, nothing else; returns those that the folder does not let us change."""
        opened = self._told(folder)
        uid = _uid(item, opened.selection.uidvalidity)
        if uid is None:
            return ()
        added = opened.keeping.sort(add)
        left = list(added.dropped)
        for sign, flags in ((b"+", added.flags), (b"-", opened.keeping.sort(remove).flags)):
            done = self._connection.run(_store(uid, sign, flags)) if flags else None
            if done is None or done.ok:
                continue
            failure = failure_of(done, self._connection.side, otherwise=Action.REJECT)
            if failure.action is not Action.REJECT:
                raise EndpointError(failure)
            left.extend(flags)
        return tuple(left)

    def move(
        self, item: str, folder: DestinationFolder, to: DestinationFolder, *, copy: str | None = None
    ) -> str | None:
        """Move one item to another folder; None where it no longer is where we put it.

        None, too, where the server could not say what it is there (no UIDPLUS): then it stays. Without MOVE it is
        copied and then expunged alone.
        """
        if not self._connection.has("UIDPLUS"):
            return copy
        uid = _uid(item, self._told(folder).selection.uidvalidity)
        if uid is None:
            return copy
        if copy is None and self._connection.has("MOVE"):
            return moving.move(self._connection, uid, name_of(to))
        copy = copy or moving.copy(self._connection, uid, name_of(to))
        if copy is not None:
            moving.expunge(self._connection, uid)
        return copy

    def abort(self, *, finish: bool = False) -> None:
        """End it for good, from any thread; with `finish`, after the change that is under way."""
        self._connection.abort(finish=finish)

    def close(self) -> None:
        """Sign out; never raises."""
        self._connection.close()
        self._opened = None

    # --- folders and messages ---------------------------------------------------------------------------------------

    def _open(self, folder: DestinationFolder) -> _Opened:
        """The folder, selected; as it was when it was selected, if it still is."""
        opened = self._opened
        selected = self._connection.selected
        if opened is not None and selected is opened.selection and opened.selection.name == name_of(folder):
            return opened
        self._opened = None
        with about(folder.path):
            selection = open_folder(self._connection, name_of(folder), read_only=False)
        uidnext = selection.uidnext or (lookup.last(self._connection) + 1 if selection.exists else 1)
        self._opened = _Opened(selection, Keeping(selection.permanent, self._takes), uidnext)
        return self._opened

    def _told(self, folder: DestinationFolder) -> _Opened:
        """The folder, selected, with what we appended: Courier carries out nothing on messages it has not shown yet."""
        opened = self._open(folder)
        if opened.unseen:
            self._connection.order(b"NOOP")
            opened.unseen = False
        return opened

    def _seen(self, folder: DestinationFolder) -> _Opened | None:
        """The folder as it is now; None when it is gone."""
        self._opened = None
        try:
            return self._open(folder)
        except EndpointError as error:
            if error.failure.code in _GONE:
                return None
            raise

    def _takes(self, keyword: str) -> bool | None:
        """Whether the selected folder takes a new keyword: tried on a message that cannot exist."""
        if self._connection.run(_store(NOBODY, b"+", (keyword,))).ok:
            return True
        # Refused for the keyword, or because there is no such message?
        return False if self._connection.run(_store(NOBODY, b"+", (SEEN,))).ok else None

    def _written(self, message: Outgoing, kept: Kept, answer: Completion, *, redated: bool) -> Written:
        if answer.ok:
            date = nearest_sure_date(message.received) if redated and message.received is not None else None
            items = appended(answer) or []
            return Written(message.token, items[0] if len(items) == 1 else None, dropped=kept.dropped, redated=date)
        failure = failure_of(answer, self._connection.side, otherwise=Action.REJECT, size=message.body.size)
        return Written(message.token, failure=failure)

    def _written_together(self, group: Sequence[tuple[Outgoing, Kept]], answer: Completion) -> list[Written]:
        """One answer to several messages. Refused, they may have been stored in part, whatever RFC 3502 says."""
        if answer.ok:
            self._next_apart = _APART
            items = appended(answer)
            if items is None or len(items) == len(group):
                return [
                    Written(message.token, None if items is None else items[place], dropped=kept.dropped)
                    for place, (message, kept) in enumerate(group)
                ]
            failure = _MISCOUNTED
        else:
            failure = failure_of(answer, self._connection.side, otherwise=Action.REJECT)
            # Where it is full there may be room for some of them.
            action = Action.SPLIT if failure.action is Action.REJECT or failure.quota else failure.action
            failure = replace(failure, action=action, in_doubt=True, together=True)
            self._apart += self._next_apart
            self._next_apart = min(2 * self._next_apart, _MOST_APART)
        return [Written(message.token, failure=failure) for message, _ in group]

    def _asked(self, answers: Sequence[Completion | None]) -> Failure | None:
        """What the server asked for, if one of these answers asks for time."""
        for answer in answers:
            if answer is not None and not answer.ok:
                failure = failure_of(answer, self._connection.side, otherwise=Action.REJECT)
                if failure.action is Action.WAIT:
                    return failure
        return None

    def _advance(self, opened: _Opened, written: Sequence[Written]) -> None:
        """What comes next has a higher UID; where that is not known, the folder is selected anew."""
        for one in written:
            uid = None if one.item is None else _uid(one.item, opened.selection.uidvalidity)
            if uid is not None:
                opened.uidnext = max(opened.uidnext, uid + 1)
            elif one.failure is None or one.failure.together or one.failure.code in _GONE:
                self._opened = None

    def _largest(self) -> int | None:
        """The largest message that the server takes, in bytes, where it tells (RFC 7889)."""
        for capability in self._connection.capabilities:
            name, _, size = capability.partition("=")
            if name == "APPENDLIMIT" and (most := number(size.encode())) is not None:
                return most
        if not self._connection.has("APPENDLIMIT"):
            return None
        said: list[int | None] = []

        def take(response: Response) -> None:
            found = _APPENDLIMIT.search(response.text) if response.kind == b"STATUS" else None
            said.extend([number(found[1])] if found else [])

        self._connection.order(b"STATUS INBOX (APPENDLIMIT)", take)
        return said[0] if said else None


def _uid(item: str, uidvalidity: int) -> int | None:
    """The number after the colon of an item or a mark; None when it is of another UIDVALIDITY."""
    validity, _, uid = item.partition(":")
    return int(uid) if validity == str(uidvalidity) else None


def _store(uid: int, sign: bytes, flags: Sequence[str]) -> bytes:
    return b"UID STORE %d %bFLAGS.SILENT (%b)" % (uid, sign, " ".join(flags).encode("ascii"))
