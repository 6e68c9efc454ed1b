"""A mailbox on an IMAP server as a `core.ports.source.Source`: EXAMINE and BODY.PEEK, nothing that could change it."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from core.imap.answers import failure_of
from core.imap.asking import fetch_each, listed_uids, short_sets, uid_set
from core.imap.connection import Connection
from core.imap.fetch import Bodies
from core.imap.flags import flags_of
from core.imap.folders import personal_folders
from core.imap.items import items_of
from core.imap.listing import is_there
from core.imap.selection import Selection, open_folder
from core.imap.wire import Completion, Response
from core.mail.body import Body
from core.mail.dates import parse_internaldate
from core.mail.flags import Flags
from core.ports.failure import Action, EndpointError, Failure, FolderChangedError, Side, about
from core.ports.source import Fetched, OpenFolder, SourceFolder, SourceMessage

#: Messages listed with one command, and flags.
_WINDOW = 2000
_FLAGS_WINDOW = 5000
#: How often a list of UIDs that is too short is asked for.
_LOOKS = 3

_GONE = frozenset({"NONEXISTENT", "TRYCREATE"})

Items = dict[bytes, bytes | Body | None]


class ImapSource:
    """One signed-in mailbox. `root` is Microsoft's UserRoot: where its folders hang in a tree of several users."""

    def __init__(self, connection: Connection, *, root: str | None = None) -> None:
        assert connection.side is Side.SOURCE
        self._connection = connection
        self._root = root

    def connect(self) -> None:
        """Sign in now, so that a wrong password shows before anything else is done."""
        self._connection.connect()

    def abort(self) -> None:
        """End it for good, from any thread."""
        self._connection.abort()

    def close(self) -> None:
        """Sign out; never raises."""
        self._connection.close()

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
        selection = self._examine(folder)
        return OpenFolder(
            folder,
            selection.uidvalidity,
            selection.uidnext,
            selection.exists,
            selection.highestmodseq if self._connection.has("CONDSTORE") else None,
        )

    def uids(self, folder: OpenFolder) -> Sequence[int]:
        """Every UID, ascending. Raises EndpointError when these are fewer than EXISTS, however often it is asked."""
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
        raise _short(folder, len(found), exists)

    def messages(self, folder: OpenFolder, uids: Sequence[int]) -> Iterator[SourceMessage]:
        """Size, date and flags. What is gone is left out; what the server lists but cannot describe has size 0."""
        for window in short_sets(sorted(uids), _WINDOW):
            found: list[SourceMessage] = []

            def keep(uid: int, items: Items, found: list[SourceMessage] = found) -> bool:
                size, flags, date = items.get(b"RFC822.SIZE"), items.get(b"FLAGS"), items.get(b"INTERNALDATE")
                if not isinstance(size, bytes) or not size.isdigit() or not isinstance(flags, bytes):
                    return False
                received = parse_internaldate(date.decode("latin-1")) if isinstance(date, bytes) else None
                found.append(SourceMessage(uid, int(size), received, flags_of(flags)))
                return True

            refused = fetch_each(self._asking(folder), window, b"(FLAGS INTERNALDATE RFC822.SIZE)", keep)
            missing = set(window).difference(refused, (message.uid for message in found))
            if missing:
                again = sorted(missing)
                refused |= fetch_each(self._asking(folder), again, b"(FLAGS INTERNALDATE RFC822.SIZE)", keep)
                missing.difference_update(refused, (message.uid for message in found))
            left = self._still(folder, sorted(missing)) if missing else set()
            yield from found
            for uid in sorted(left.union(refused)):
                yield SourceMessage(uid, 0, None, Flags())

    def flags(self, folder: OpenFolder, changed_since: int | None) -> Iterator[tuple[int, Flags]]:
        """UID and flags of every message, or only of those changed since a HIGHESTMODSEQ."""
        # A HIGHESTMODSEQ that went back was made anew, and says nothing about what we know.
        if changed_since is not None and changed_since <= (folder.highestmodseq or 0):
            changed = self._changed(folder, changed_since)
            if changed is not None:
                yield from changed.items()
                return
        missing: list[int] = []
        uids = self.uids(folder)
        for start in range(0, len(uids), _FLAGS_WINDOW):
            window = uids[start : start + _FLAGS_WINDOW]
            found = self._flags(folder, b"UID FETCH %d:%d (FLAGS)" % (window[0], window[-1]))
            yield from found.items()
            missing += [uid for uid in window if uid not in found]
        if missing:
            self._ask(folder, b"NOOP")  # the server may now say what is gone
            for some in short_sets(missing, _WINDOW):
                if left := self._still(folder, some):
                    raise _short(folder, len(uids) - len(left), len(uids))

    def fetch(self, folder: OpenFolder, messages: Iterable[SourceMessage]) -> Iterator[Fetched]:
        """The bytes of these messages, in their order; the caller closes each body."""
        return Bodies(self._asking(folder), self._connection.spool).fetch(messages)

    # --- in a folder ----------------------------------------------------------------------------------------------

    def _asking(self, folder: OpenFolder) -> Callable[[bytes, Callable[[Response], None] | None], Completion]:
        return lambda command, take: self._ask(folder, command, take)

    def _ask(self, folder: OpenFolder, command: bytes, take: Callable[[Response], None] | None = None) -> Completion:
        """Run a command in this folder, which is opened anew where it has to be."""
        selection = self._connection.selected
        if not isinstance(selection, Selection) or selection.name != folder.folder.name:
            selection = self._examine(folder.folder)
        if selection.uidvalidity != folder.uidvalidity:
            raise FolderChangedError(
                f"{folder.folder.path}: UIDVALIDITY was {folder.uidvalidity}, is {selection.uidvalidity}"
            )
        return self._connection.run(command, take)

    def _examine(self, folder: SourceFolder) -> Selection:
        try:
            with about(folder.path):
                return open_folder(self._connection, folder.name, read_only=True)
        except EndpointError as error:
            refused = self._connection.is_open and error.failure.action in {Action.RETRY, Action.REJECT}
            if refused and (error.failure.code in _GONE or not is_there(self._connection, folder.name)):
                raise FolderChangedError(f"{folder.path} is gone") from error
            raise

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

    def _still(self, folder: OpenFolder, uids: Sequence[int]) -> set[int]:
        """Which of these the server still finds in the folder."""
        return set(listed_uids(self._asking(folder), b"UID " + uid_set(uids))).intersection(uids)

    def _flags(self, folder: OpenFolder, command: bytes) -> dict[int, Flags]:
        """Flags by UID; FETCH responses without a UID are about numbers that mean nothing here."""
        found: dict[int, Flags] = {}

        def take(response: Response) -> None:
            if response.kind == b"FETCH":
                items = items_of(response)
                uid, flags = items.get(b"UID"), items.get(b"FLAGS")
                if isinstance(uid, bytes) and uid.isdigit() and isinstance(flags, bytes):
                    found[int(uid)] = flags_of(flags)

        done = self._ask(folder, command, take)
        if not done.ok:
            raise EndpointError(failure_of(done, Side.SOURCE))
        return found

    def _changed(self, folder: OpenFolder, since: int) -> dict[int, Flags] | None:
        """Flags changed since a HIGHESTMODSEQ (RFC 7162, 3.1.4.1); None where the server will not say."""
        if not folder.exists:
            return {}
        try:
            return self._flags(folder, b"UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % since)
        except EndpointError as error:
            if error.failure.code in {"NO", "BAD"}:
                return None
            raise


def _short(folder: OpenFolder, found: int, exists: int) -> EndpointError:
    return EndpointError(
        Failure(
            Action.RETRY,
            "SHORT-LIST",
            f"the source says that {folder.folder.path} holds {exists} messages and lists {found}",
            cure="if this stays so, let the server's administrator check the folder's index",
            side=Side.SOURCE,
        )
    )
