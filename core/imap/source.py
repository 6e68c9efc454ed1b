"""A mailbox on an IMAP server as a `core.ports.source.Source`: EXAMINE and BODY.PEEK, nothing that could change it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from core.imap.answers import failure_of
from core.imap.asking import Ask, listed_uids, short_sets
from core.imap.connection import Connection
from core.imap.description import WINDOW, described, still
from core.imap.fetch import Bodies
from core.imap.flags import flags_of
from core.imap.folders import personal_folders
from core.imap.items import items_of, uid_of
from core.imap.listing import is_there
from core.imap.provisional import FIRST, UNNUMBERED, Numbered, provisional, same
from core.imap.selection import Selection, open_folder
from core.imap.wire import Completion, Response
from core.mail.flags import Flags
from core.ports.failure import Action, EndpointError, Failure, FolderChangedError, Side, about
from core.ports.source import Fetched, OpenFolder, SourceFolder, SourceMessage

#: Flags listed with one command.
_FLAGS_WINDOW = 5000
#: How often a list of UIDs that is too short is asked for.
_LOOKS = 3

_GONE = frozenset({"NONEXISTENT", "TRYCREATE"})


@dataclass(slots=True)
class _Look:
    """One look at a folder: its UIDVALIDITY as we tell it, and what has no lasting UID; None: not asked yet."""

    selection: Selection
    uidvalidity: int
    numbered: dict[int, Numbered] | None


class ImapSource:
    """One signed-in mailbox. `root` is Microsoft's UserRoot: where its folders hang in a tree of several users."""

    def __init__(self, connection: Connection, *, root: str | None = None) -> None:
        assert connection.side is Side.SOURCE
        self._connection = connection
        self._root = root
        self._look: _Look | None = None

    def connect(self) -> None:
        """Sign in now, so that a wrong password shows before anything else is done."""
        self._connection.connect()

    def abort(self) -> None:
        """End it for good, from any thread."""
        self._connection.abort()

    def close(self) -> None:
        """Sign out; never raises."""
        self._connection.close()

    def heard(self) -> Sequence[str]:
        """What the server wanted people to read (ALERT)."""
        return self._connection.heard()

    def folders(self) -> Sequence[SourceFolder]:
        """All folders of the personal namespace, or of the tree below the root, sorted by path."""
        return [
            SourceFolder(
                place.path,
                place.listed.name,
                place.role,
                selectable=place.listed.selectable,
                subscribed=place.listed.subscribed,
                view=place.view,
            )
            for place in personal_folders(self._connection, self._root)
        ]

    def examine(self, folder: SourceFolder) -> OpenFolder:
        """Open a folder read-only. Raises FolderChangedError when it is gone."""
        look = self._examine(folder)
        return OpenFolder(
            folder,
            look.uidvalidity,
            look.selection.uidnext,
            look.selection.exists,
            look.selection.highestmodseq if self._connection.has("CONDSTORE") else None,
        )

    def uids(self, folder: OpenFolder) -> Sequence[int]:
        """Every UID, ascending; above them the numbers of messages without a lasting one (core.imap.provisional).

        Raises EndpointError when these are fewer than EXISTS, however often it is asked.
        """
        with about(folder.folder.path):
            for _ in range(_LOOKS):
                look = self._opened(folder)
                found = self._uids(folder)
                numbered = self._numbered(folder)
                if self._look is look and numbered.keys() <= set(found):
                    return sorted(numbered[uid].number if uid in numbered else uid for uid in found)
        raise FolderChangedError(f"{folder.folder.path}: the server numbers its messages anew each time")

    def messages(self, folder: OpenFolder, uids: Sequence[int]) -> Iterator[SourceMessage]:
        """Size, date and flags. What is gone is left out; what the server lists but cannot describe has size 0."""
        lasting = sorted(uid for uid in uids if uid < FIRST)
        with about(folder.folder.path):
            yield from described(self._asking(folder), lasting)
            if len(lasting) == len(uids):
                return
            now = {numbered.number: uid for uid, numbered in self._numbered(folder).items()}
            numbers = {now[number]: number for number in uids if number in now}
            for message in described(self._pinned(folder), sorted(numbers)):
                yield replace(message, uid=numbers[message.uid])

    def flags(self, folder: OpenFolder, changed_since: int | None) -> Iterator[tuple[int, Flags]]:
        """UID and flags of every message, or only of those changed since a HIGHESTMODSEQ."""
        # A HIGHESTMODSEQ that went back was made anew, and says nothing about what we know.
        since = changed_since if changed_since is not None and changed_since <= (folder.highestmodseq or 0) else None
        with about(folder.folder.path):
            changed = None if since is None else self._changed(folder, since)
            yield from self._all_flags(folder) if changed is None else changed.items()

    def fetch(self, folder: OpenFolder, messages: Iterable[SourceMessage]) -> Iterator[Fetched]:
        """The bytes of these messages, in their order; the caller closes each body."""
        with about(folder.folder.path):
            for lasting, some in groupby(messages, lambda message: message.uid < FIRST):
                if lasting:
                    yield from Bodies(self._asking(folder), self._connection.spool).fetch(some)
                else:
                    yield from self._fetch_numbered(folder, list(some))

    # --- in a folder ----------------------------------------------------------------------------------------------

    def _asking(self, folder: OpenFolder) -> Ask:
        return lambda command, take: self._ask(folder, command, take)

    def _pinned(self, folder: OpenFolder) -> Ask:
        """As `_asking`, for UIDs that mean something in this look only. Raises FolderChangedError after it."""
        look = self._opened(folder)
        numbered = look.numbered

        def ask(command: bytes, take: Callable[[Response], None] | None) -> Completion:
            done = self._ask(folder, command, take)
            if self._look is not look or look.numbered is not numbered:
                raise FolderChangedError(f"{folder.folder.path} was opened anew, and so its new messages numbered anew")
            return done

        return ask

    def _ask(self, folder: OpenFolder, command: bytes, take: Callable[[Response], None] | None = None) -> Completion:
        """Run a command in this folder, which is opened anew where it has to be."""
        look = self._opened(folder)
        if command == b"NOOP":
            look.numbered = None if look.selection.uidnext is None else look.numbered  # they may get others now
        done = self._connection.run(command, take)
        if self._connection.uidvalidity != look.selection.uidvalidity:  # said in the middle of a session
            self._connection.selected = None
            raise FolderChangedError(f"{folder.folder.path}: UIDVALIDITY was {folder.uidvalidity}, is another")
        return done

    def _opened(self, folder: OpenFolder) -> _Look:
        """The folder, open."""
        look = self._look
        if look is None or self._connection.selected is not look.selection or look.selection.name != folder.folder.name:
            look = self._examine(folder.folder)
        if look.uidvalidity != folder.uidvalidity:
            raise FolderChangedError(
                f"{folder.folder.path}: UIDVALIDITY was {folder.uidvalidity}, is {look.uidvalidity}"
            )
        return look

    def _examine(self, folder: SourceFolder) -> _Look:
        self._look = None
        try:
            with about(folder.path):
                selection = open_folder(self._connection, folder.name, read_only=True)
        except EndpointError as error:
            refused = self._connection.is_open and error.failure.action in {Action.RETRY, Action.REJECT}
            if refused and (error.failure.code in _GONE or not is_there(self._connection, folder.name)):
                raise FolderChangedError(f"{folder.path} is gone") from error
            if refused and not error.failure.cure:
                cure = "repair the folder at the server, or leave it out (options.exclude_folders)"
                raise EndpointError(replace(error.failure, cure=cure)) from error
            raise
        look = _Look(selection, selection.uidvalidity, {})
        if selection.uidnext is None:
            look.numbered = None
            if len(listed_uids(self._connection.run, b"RECENT")) >= selection.exists:
                look.uidvalidity = UNNUMBERED
        self._look = look
        return look

    def _numbered(self, folder: OpenFolder) -> dict[int, Numbered]:
        """The messages of this look that have no lasting UID, by the UID that they have now."""
        look = self._opened(folder)
        if look.numbered is None:
            look.numbered = provisional(self._pinned(folder))
        return look.numbered

    def _fetch_numbered(self, folder: OpenFolder, messages: Sequence[SourceMessage]) -> Iterator[Fetched]:
        """The bytes of messages without a lasting UID, which are compared with what they are known by."""
        path = folder.folder.path
        known = {numbered.number: (uid, numbered) for uid, numbered in self._numbered(folder).items()}
        if not known.keys() >= {message.uid for message in messages}:
            raise FolderChangedError(f"{path}: new messages are gone, or numbered for good")
        ask = self._pinned(folder)
        asked = [replace(message, uid=known[message.uid][0]) for message in messages]
        for message, fetched in zip(messages, Bodies(ask, self._connection.spool).fetch(asked), strict=True):
            uid, numbered = known[message.uid]
            body = fetched.body
            if fetched.failure is None and not (body and (numbered.is_in(body) or same(ask, uid, numbered))):
                if body is not None:
                    body.close()
                raise FolderChangedError(f"{path}: the server numbered new messages anew")
            yield replace(fetched, uid=message.uid)

    def _uids(self, folder: OpenFolder) -> Sequence[int]:
        """Every UID that the server has now, ascending."""
        for _ in range(_LOOKS):
            found, exists = self._search(folder)
            if len(found) >= exists:
                return found
            # Messages may go between two answers: let the server tell, then compare again.
            self._ask(folder, b"NOOP")
            exists = min(exists, self._connection.exists)
            if len(found) >= exists:
                return found
            self._connection.selected = None  # the next look is at the folder opened anew
        raise _short(len(found), exists)

    def _search(self, folder: OpenFolder) -> tuple[list[int], int]:
        """Every UID, ascending, and how many messages there were when the answer came."""
        exists: list[int] = []

        def ask(command: bytes, take: Callable[[Response], None] | None) -> Completion:
            def counting(response: Response) -> None:
                if response.kind == b"SEARCH":
                    exists.append(self._connection.exists)
                if take is not None:
                    take(response)

            return self._ask(folder, command, counting)

        found = listed_uids(ask, b"ALL")
        return found, (exists or [self._connection.exists])[-1]

    def _flags(self, ask: Ask, command: bytes) -> dict[int, Flags]:
        """Flags by UID; FETCH responses without a UID are about numbers that mean nothing here."""
        found: dict[int, Flags] = {}

        def take(response: Response) -> None:
            if response.kind == b"FETCH":
                items = items_of(response)
                uid, flags = uid_of(items), items.get(b"FLAGS")
                if uid and isinstance(flags, bytes):
                    found[uid] = flags_of(flags)

        done = ask(command, take)
        if not done.ok:
            raise EndpointError(failure_of(done, Side.SOURCE))
        return found

    def _all_flags(self, folder: OpenFolder) -> Iterator[tuple[int, Flags]]:
        """UID and flags of every message."""
        missing: list[int] = []
        uids = self._uids(folder)
        numbered = self._numbered(folder)
        ask = self._pinned(folder) if numbered else self._asking(folder)
        for start in range(0, len(uids), _FLAGS_WINDOW):
            window = uids[start : start + _FLAGS_WINDOW]
            found = self._flags(ask, b"UID FETCH %d:%d (FLAGS)" % (window[0], window[-1]))
            yield from ((numbered[uid].number if uid in numbered else uid, flags) for uid, flags in found.items())
            missing += [uid for uid in window if uid not in found]
        if missing:
            self._ask(folder, b"NOOP")  # the server may now say what is gone
            for some in short_sets(missing, WINDOW):
                if left := still(self._asking(folder), some):
                    raise _short(len(uids) - len(left), len(uids))

    def _changed(self, folder: OpenFolder, since: int) -> dict[int, Flags] | None:
        """Flags changed since a HIGHESTMODSEQ (RFC 7162, 3.1.4.1); None where the server will not say."""
        if not folder.exists:
            return {}
        try:
            return self._flags(self._asking(folder), b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % since)
        except EndpointError as error:
            if error.failure.code in {"NO", "BAD"}:
                return None
            raise


def _short(found: int, exists: int) -> EndpointError:
    return EndpointError(
        Failure(
            Action.RETRY,
            "SHORT-LIST",
            f"the server says that the folder holds {exists} messages and lists {found}",
            cure="if this stays so, let the server's administrator check the folder's index",
            side=Side.SOURCE,
        )
    )
