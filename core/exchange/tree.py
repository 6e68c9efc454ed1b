"""The folders of one Exchange mailbox as a tree: from ids to paths and back. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from core.exchange.soap import clean
from core.mail.folder import FolderPath, Role
from core.ports.destination import DestinationFolder

#: Added to a name that a calendar, an address book or the like has already.
_MAIL_SUFFIX: Final = " (mail)"
#: Characters of a folder's display name that every Exchange keeps.
_LONGEST: Final = 250


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder. `ref` and `parent` are EWS ids; `mail` says that it is for messages."""

    ref: str
    parent: str
    name: str
    mail: bool = True
    messages: int = 0
    role: Role | None = None


def fitting(name: str) -> str:
    """A name that Exchange takes. One that had to be changed gets a mark, so that no two become one.

    IMAP allows control characters, blanks alone, and more than a folder's display name holds.
    """
    fits = clean(name)
    fits = fits if fits.strip() else "_"
    if fits == name and len(name) <= _LONGEST:
        return name
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{fits[: _LONGEST - 11]} ({mark})"


class FolderTree:
    """Folders by id and by place. Names are compared without case, as Exchange does."""

    def __init__(self, root: str) -> None:
        self.root = root
        self._folders: dict[str, Folder] = {}
        self._below: dict[str, dict[str, str]] = defaultdict(dict)

    def __contains__(self, ref: object) -> bool:
        return ref in self._folders

    def add(self, folder: Folder) -> Folder:
        """Take a folder in, or anew where its id is known."""
        self._folders[folder.ref] = folder
        # Of two names that are the same to us, the mail folder is the one that counts.
        known = self._folders.get(self._below[folder.parent].get(folder.name.casefold(), ""))
        if known is None or not known.mail:
            self._below[folder.parent][folder.name.casefold()] = folder.ref
        return folder

    def find_archive(self) -> None:
        """Once all are in: give the archive its role. Exchange knows it by its name only."""
        archive = self.child(self.root, "Archive")
        if archive is not None and archive.mail and archive.role is None:
            self._folders[archive.ref] = replace(archive, role=Role.ARCHIVE)

    def child(self, parent: str, name: str) -> Folder | None:
        """The folder of this name below another."""
        ref = self._below[parent].get(name.casefold())
        return None if ref is None else self._folders[ref]

    def place(self, parent: str, name: str) -> tuple[str, Folder | None]:
        """The name that a mail folder gets below another one, and the folder itself if it is there."""
        name = fitting(name)
        folder = self.child(parent, name)
        if folder is not None and not folder.mail:
            name += _MAIL_SUFFIX
            folder = self.child(parent, name)
        return name, folder

    def of_role(self, role: Role) -> Folder | None:
        """The default folder of a role."""
        return next((folder for folder in self._folders.values() if folder.role is role), None)

    def path(self, folder: Folder) -> FolderPath:
        """The names from the root down."""
        names = [folder.name]
        seen = {folder.ref}
        above = self._folders.get(folder.parent)
        while above is not None and above.ref not in seen:
            seen.add(above.ref)
            names.append(above.name)
            above = self._folders.get(above.parent)
        return FolderPath(tuple(reversed(names)))

    def shown(self, folder: Folder) -> DestinationFolder:
        """A folder as the port shows it."""
        return DestinationFolder(self.path(folder), folder.ref, folder.role, folder.messages)

    def mail(self) -> Iterator[Folder]:
        """All mail folders."""
        return (folder for folder in self._folders.values() if folder.mail)
