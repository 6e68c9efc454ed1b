"""The folders of a mailbox by their paths: personal namespace, default folders, views (contract, section 3)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.imap import roles, utf7
from core.imap.connection import Connection
from core.imap.listing import Listed, Namespace, list_folders, namespaces
from core.mail.folder import FolderPath, Role
from core.ports.failure import Action, EndpointError, Failure

_INBOX = b"INBOX"


@dataclass(frozen=True, slots=True)
class Place:
    r"""A folder and where it stands. `view`: \All, \Flagged, \Important, whose messages are other folders' messages."""

    listed: Listed
    path: FolderPath
    role: Role | None = None
    view: bool = False


def personal_folders(connection: Connection, root: str | None = None) -> list[Place]:
    """Every folder of the personal namespace, or of the tree below `root`, sorted by path; no two share one.

    `root` is written with ``/``. Raises EndpointError, also when nothing hangs below `root`, and when there is nothing
    at all: INBOX always is (RFC 3501, 5.1).
    """
    if root is not None and (levels := tuple(level for level in root.split("/") if level)):
        return _placed(_below(list_folders(connection), levels, connection))
    spaces = namespaces(connection)
    found = list_folders(connection, _patterns(spaces.personal))
    if not found:
        raise EndpointError(
            Failure(
                Action.RETRY,
                "NO-FOLDERS",
                "the server lists no folder at all, not even INBOX",
                cure="if this stays so, look at the mailbox with a mail program",
                side=connection.side,
            )
        )
    listed = [folder for folder in found if not _foreign(folder, spaces.personal, spaces.others)]
    personal = spaces.personal or _guessed(listed)
    return _placed((folder, _without_prefix(folder, personal)) for folder in listed)


def namespace_of(connection: Connection) -> Namespace:
    """Where new folders are made: the first personal namespace; without NAMESPACE, what the listing suggests."""
    spaces = namespaces(connection).personal
    if not spaces:
        listed = list_folders(connection)
        separator = next((folder.separator for folder in listed if folder.separator), b"")
        spaces = _guessed(listed) or (Namespace(b"", separator),)
    return spaces[0]


def wire_name(path: FolderPath, space: Namespace) -> bytes:
    """The name that a path has on the wire in a namespace.

    Raises ValueError when a name of it holds the separator, which no encoding can carry, or when the namespace has no
    levels and the path does.
    """
    if path.parts == ("INBOX",):
        return _INBOX
    names = [utf7.encode(part) for part in path.parts]
    if any(space.separator in name for name in names) if space.separator else len(names) > 1:
        raise ValueError(f"{path} cannot be named with the separator {space.separator!r}")
    return space.prefix + space.separator.join(names)


def _patterns(spaces: Sequence[Namespace]) -> list[bytes]:
    if not spaces or any(not space.prefix for space in spaces):
        return [b"*"]
    return [_INBOX, *(space.prefix + b"*" for space in spaces)]


def _foreign(folder: Listed, personal: Sequence[Namespace], others: Sequence[Namespace]) -> bool:
    """Whether a folder belongs to somebody else, or is where such folders hang; the longest prefix decides."""

    def longest(spaces: Sequence[Namespace]) -> int:
        name = folder.name + folder.separator
        return max((len(space.prefix) for space in spaces if space.prefix and name.startswith(space.prefix)), default=0)

    return longest(others) > longest(personal)


def _guessed(listed: Iterable[Listed]) -> tuple[Namespace, ...]:
    """Without NAMESPACE: a server with ``.`` that shows nothing beside INBOX's children has the prefix ``INBOX.``."""
    others = [folder for folder in listed if folder.name.upper() != _INBOX]
    if others and all(folder.separator == b"." and folder.name.upper().startswith(b"INBOX.") for folder in others):
        return (Namespace(others[0].name[:6], b"."),)
    return ()


def _without_prefix(folder: Listed, spaces: Sequence[Namespace]) -> tuple[str, ...]:
    """The names of a folder from the top of its personal namespace."""
    name = folder.name
    if name.upper() == _INBOX:
        return ("INBOX",)
    for space in sorted(spaces, key=lambda space: -len(space.prefix)):
        if space.prefix and name.startswith(space.prefix) and len(name) > len(space.prefix):
            name = name[len(space.prefix) :]
            break
    return _levels(name, folder.separator)


def _levels(name: bytes, separator: bytes) -> tuple[str, ...]:
    """Names from the top; empty ones (a separator at either end) say nothing."""
    levels = name.split(separator) if separator else [name]
    return tuple(utf7.decode(level) for level in levels if level) or (utf7.decode(name),)


def _below(
    listed: Iterable[Listed], root: tuple[str, ...], connection: Connection
) -> list[tuple[Listed, tuple[str, ...]]]:
    """What hangs below a user's root; the root itself, where it holds messages, is that user's INBOX."""
    found = []
    own = None
    for folder in listed:
        levels = _levels(folder.name, folder.separator)
        if levels[: len(root)] == root:
            if len(levels) > len(root):
                found.append((folder, levels[len(root) :]))
            elif folder.selectable:
                own = folder
    if own is not None:
        has_inbox = any(levels[0].upper() == "INBOX" and len(levels) == 1 for _, levels in found)
        found.append((own, root[-1:] if has_inbox else ("INBOX",)))
    if not found:
        raise EndpointError(
            Failure(
                Action.STOP_MAILBOX,
                "ROOT",
                f"there is no folder at or below {'/'.join(root)}",
                cure="correct the mailbox's root, or check what the account may see",
                side=connection.side,
            )
        )
    return found


def _placed(folders: Iterable[tuple[Listed, tuple[str, ...]]]) -> list[Place]:
    """Paths, made different where two names come out as one; then roles and views."""
    places: dict[FolderPath, Listed] = {}
    # A name as we would write it ourselves keeps its path; then the order of the names decides, which is stable.
    for folder, levels in sorted(folders, key=lambda pair: (not _plain(*pair), pair[0].name)):
        path = FolderPath(levels)
        if path in places:
            mark = hashlib.sha256(folder.name).hexdigest()[:8]
            path = FolderPath((*levels[:-1], f"{levels[-1]} ({mark})"))
        places[path] = folder
    real = {
        path: folder.attributes
        for path, folder in places.items()
        if folder.selectable and not folder.attributes & roles.VIEWS
    }
    known = roles.assign(real)
    return [
        Place(folder, path, known.get(path), bool(folder.attributes & roles.VIEWS))
        for path, folder in sorted(places.items())
    ]


def _plain(folder: Listed, levels: tuple[str, ...]) -> bool:
    return folder.name.endswith(folder.separator.join(utf7.encode(level) for level in levels))
