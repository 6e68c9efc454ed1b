"""One Exchange mailbox as a destination."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

from core.exchange import create_item, find, folders, items
from core.exchange.pace import Pace
from core.exchange.sessions import Sessions
from core.exchange.settings import Settings
from core.exchange.tree import Folder, FolderTree
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder, Doubt, Limits, Outgoing, Present, Shown, Written
from core.ports.failure import Action, EndpointError, Failure, about
from core.ports.guard import Guard

#: 64 MiB a request (maxAllowedContentLength, Exchange 2013 to SE), less the envelope; base64 makes 4 bytes of 3.
_LARGEST: Final = ((64 << 20) - (1 << 16)) // 4 * 3


@cache  # asked for with every message
def _limits(messages: int) -> Limits:
    return Limits(messages, 4 << 20, _LARGEST, keyed=True, folds_case=True, at_once=4)


class ExchangeDestination:
    """A mailbox reached by EWS; `core.ports.destination.Destination` says what each method does.

    `address` is its primary SMTP address. A folder's `ref` is its EWS FolderId, an item's id its EWS ItemId. Every
    message carries its token as a named property, so `look_up` needs no mark.
    """

    def __init__(self, settings: Settings, address: str) -> None:
        self._sessions = Sessions(settings, address)
        self._session = self._sessions.first
        self._tree: FolderTree | None = None
        self._fared = create_item.Fared()
        self._pace = Pace()

    def guard(self, guard: Guard) -> None:
        """Ask this before anything more leaves."""
        self._sessions.guard(guard)

    @property
    def limits(self) -> Limits:
        """Four requests at once of 4 MB and as many messages as the server's pace bears; one of 48 MB at most."""
        return _limits(self._pace.messages)

    def connect(self) -> None:
        """Sign in and see that the mailbox exists and may be written to."""
        folders.check_access(self._session)

    def heard(self) -> Sequence[str]:
        """Nothing: Exchange has no words for people."""
        return ()

    def folders(self) -> Sequence[DestinationFolder]:
        """All mail folders under their own names, which depend on the mailbox's language; roles do not."""
        tree = self._tree = folders.read_tree(self._session)
        return sorted((tree.shown(folder) for folder in tree.mail()), key=lambda shown: shown.path)

    def create_folder(self, path: FolderPath, role: Role | None, *, subscribed: bool = True) -> DestinationFolder:
        """The folder of that role, or at `path`. Exchange knows no subscriptions.

        Where a calendar or the like has the name already, the folder is called "... (mail)".
        """
        del subscribed
        tree = self._tree = self._tree or folders.read_tree(self._session)
        if role is not None:
            default = tree.of_role(role)
            if default is not None:
                return tree.shown(default)
        with about(path):
            folder = self._folder(tree, path)
        if role is Role.ARCHIVE:
            folder = tree.add(replace(folder, role=role))
        return tree.shown(folder)

    def rename_folder(self, folder: DestinationFolder, path: FolderPath) -> DestinationFolder:
        """Hang it elsewhere, call it otherwise, or both."""
        tree = folders.read_tree(self._session)
        above = path.parent
        with about(folder.path):
            parent = None if above is None else self._folder(tree, above)
            name, _there = tree.place(parent.ref if parent else tree.root, path.name)
            ref = folder.ref
            if above != folder.path.parent:
                ref = folders.move(self._session, ref, parent.ref if parent else tree.root)
            if name != folder.path.name:
                ref = folders.rename(self._session, ref, name)
        self._tree = None  # ids below it may have changed
        names = (*tree.path(parent).parts, name) if parent else (name,)
        return replace(folder, path=FolderPath(names), ref=ref)

    def mark(self, folder: DestinationFolder) -> str:
        """Nothing: `look_up` goes by token."""
        del folder
        return ""

    def write(self, folder: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        """One CreateItem request, sent once; several threads may do so at once."""
        with self._sessions.one() as session, self._pace.taken(len(batch)):
            return create_item.create(session, folder.ref, batch, self._fared)

    def look_up(self, folder: DestinationFolder, doubts: Sequence[Doubt], claimed: frozenset[str]) -> dict[str, str]:
        """Search the folder for the tokens."""
        found: dict[str, str] = {}
        for item, token in find.by_key(self._session, folder.ref, [doubt.token for doubt in doubts]):
            if item not in claimed:
                found.setdefault(token, item)
        return found

    def present(self, folder: DestinationFolder) -> Iterator[Present]:
        """Every message that carries a token of ours."""
        return (Present(item, token) for item, token in find.keyed(self._session, folder.ref))

    def shown(self, folder: DestinationFolder, items_: Sequence[str]) -> dict[str, Shown]:
        """Flags from properties; a completed follow-up counts as touched."""
        return {
            item: Shown(state.flags, state.touched)
            for item, state in items.states(self._session, items_).items()
            if not state.folder or state.folder == folder.ref
        }

    def change_flags(self, folder: DestinationFolder, item: str, add: Flags, remove: Flags) -> tuple[str, ...]:
        r"""UpdateItem with what changes. \Draft is fixed once an item is saved."""
        del folder
        return items.change(self._session, item, add, remove)

    def move(
        self, item: str, folder: DestinationFolder, to: DestinationFolder, *, copy: str | None = None
    ) -> str | None:
        """MoveItem, if it is still where we put it. What has come to `to` has left `folder`."""
        return copy or items.move(self._session, item, folder.ref, to.ref)

    def abort(self, *, finish: bool = False) -> None:
        """End it for good, from any thread; with `finish`, after the change that is under way."""
        self._sessions.abort(finish=finish)

    def close(self) -> None:
        """Give the connections back."""
        self._sessions.close()

    def _folder(self, tree: FolderTree, path: FolderPath) -> Folder:
        """The folder at a path, made where it is missing, as are those above it."""
        parent, folder = tree.root, None
        for depth, name in enumerate(path.parts):
            inbox = tree.of_role(Role.INBOX) if depth == 0 and name == Role.INBOX.value else None
            folder = inbox or self._made(tree, parent, name)
            parent = folder.ref
        assert folder is not None, "a path has at least one name"
        return folder

    def _made(self, tree: FolderTree, parent: str, asked: str) -> Folder:
        """The folder of this name below `parent`, made if need be."""
        for _ in range(2):
            name, folder = tree.place(parent, asked)
            if folder is not None:
                return folder
            made = folders.create(self._session, parent, name)
            if made is not None:
                return tree.add(made)
            folders.read_children(self._session, tree, parent)  # somebody else made it meanwhile
        raise EndpointError(
            Failure(
                Action.STOP_MAILBOX,
                "ErrorFolderExists",
                "Exchange says that a folder is there already, and does not list it",
                said=asked,
                cure="give it another name with options.folder_map",
            )
        )
