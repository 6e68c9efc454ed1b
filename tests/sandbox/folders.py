"""Mailboxes and folders as rows: making them, finding them, counting what they hold."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from tests.sandbox import extended, ids, languages
from tests.sandbox.soap import RefusedError, text


@dataclass(frozen=True, slots=True)
class MailboxRow:
    """One mailbox. `message_limit` and `quota` are bytes, None for no limit."""

    id: int
    address: str
    language: str
    message_limit: int | None
    quota: int | None
    used: int


@dataclass(frozen=True, slots=True)
class FolderRow:
    """One folder; `role` is its distinguished id when it is a default folder."""

    id: int
    mailbox: int
    parent: int | None
    name: str
    folder_class: str
    role: str | None
    change: int


@dataclass(frozen=True, slots=True)
class FolderCounts:
    """What a folder holds."""

    items: int
    unread: int
    children: int


_LONGEST_NAME = 255
_FOLDER = "SELECT id, mailbox, parent, name, class, role, change FROM folder"
_MAILBOX = "SELECT id, address, language, message_limit, quota, used FROM mailbox"


def make_mailbox(db: sqlite3.Connection, address: str, language: str) -> None:
    """Make a mailbox with its default folders, when it is not there yet."""
    if find_mailbox(db, address) is not None:
        return
    mailbox = db.execute("INSERT INTO mailbox(address, language) VALUES(?, ?)", (address, language)).lastrowid
    names = languages.names(language)
    made: dict[str, int] = {}
    for entry in languages.DEFAULTS:
        name = names[entry.role]
        row = db.execute(
            "INSERT INTO folder(mailbox, parent, name, folded, class, role) VALUES(?, ?, ?, ?, ?, ?)",
            (mailbox, made.get(entry.parent or ""), name, name.casefold(), entry.folder_class, entry.role),
        )
        made[entry.role] = row.lastrowid or 0


def find_mailbox(db: sqlite3.Connection, address: str) -> MailboxRow | None:
    """The mailbox of that address, whatever its case."""
    row = db.execute(f"{_MAILBOX} WHERE address = ?", (address,)).fetchone()
    return None if row is None else MailboxRow(*row)


def mailbox_of(db: sqlite3.Connection, number: int) -> MailboxRow:
    """The mailbox with that row number. Raises RefusedError(ErrorNonExistentMailbox)."""
    row = db.execute(f"{_MAILBOX} WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise RefusedError("ErrorNonExistentMailbox", "No mailbox with such guid.")
    return MailboxRow(*row)


def get(db: sqlite3.Connection, number: int) -> FolderRow:
    """The folder with that row number. Raises RefusedError(ErrorFolderNotFound)."""
    row = db.execute(f"{_FOLDER} WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise RefusedError("ErrorFolderNotFound", "The specified folder could not be found in the store.")
    return FolderRow(*row)


def by_role(db: sqlite3.Connection, mailbox: int, role: str) -> FolderRow:
    """A default folder. Raises RefusedError(ErrorFolderNotFound) where this mailbox has none of that kind."""
    row = db.execute(f"{_FOLDER} WHERE mailbox = ? AND role = ?", (mailbox, role)).fetchone()
    if row is None:
        raise RefusedError("ErrorFolderNotFound", "The specified folder could not be found in the store.")
    return FolderRow(*row)


def children(db: sqlite3.Connection, parent: int) -> list[FolderRow]:
    """The folders directly below one, in the order they were made."""
    return [FolderRow(*row) for row in db.execute(f"{_FOLDER} WHERE parent = ? ORDER BY id", (parent,))]


def below(db: sqlite3.Connection, parent: int) -> list[FolderRow]:
    """All folders below one, parents first."""
    found: list[FolderRow] = []
    for child in children(db, parent):
        found += [child, *below(db, child.id)]
    return found


def _check(name: str) -> None:
    """Whether a folder may be called so."""
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise RefusedError("ErrorFolderSavePropertyError", "The folder display name is not valid.")


def create(db: sqlite3.Connection, parent: FolderRow, name: str, folder_class: str) -> FolderRow:
    """Make a folder. Raises RefusedError(ErrorFolderExists) for a name that is there, whatever its case."""
    _check(name)
    try:
        made = db.execute(
            "INSERT INTO folder(mailbox, parent, name, folded, class) VALUES(?, ?, ?, ?, ?)",
            (parent.mailbox, parent.id, name, name.casefold(), folder_class),
        ).lastrowid
    except sqlite3.IntegrityError:
        raise _exists() from None
    return get(db, made or 0)


def place(
    db: sqlite3.Connection, folder: FolderRow, *, name: str | None = None, parent: FolderRow | None = None
) -> None:
    """Rename or move a folder. Raises RefusedError(ErrorFolderExists, ErrorMoveDistinguishedFolder, ...)."""
    if parent is not None:
        if folder.role is not None:
            raise RefusedError("ErrorMoveDistinguishedFolder", "The specified folder is a distinguished folder.")
        if parent.id == folder.id or parent.id in {below.id for below in below(db, folder.id)}:
            raise RefusedError("ErrorMoveCopyFailed", "The move or copy operation failed.")
    elif folder.role is not None:
        raise RefusedError("ErrorFolderSavePropertyError", "A distinguished folder cannot be renamed.")
    new_name = folder.name if name is None else name
    _check(new_name)
    new_parent = folder.parent if parent is None else parent.id
    try:
        db.execute(
            "UPDATE folder SET name = ?, folded = ?, parent = ?, change = change + 1 WHERE id = ?",
            (new_name, new_name.casefold(), new_parent, folder.id),
        )
    except sqlite3.IntegrityError:
        raise _exists() from None


def classify(db: sqlite3.Connection, folder: FolderRow, folder_class: str) -> None:
    """Set what kind of items a folder is for."""
    db.execute("UPDATE folder SET class = ?, change = change + 1 WHERE id = ?", (folder_class, folder.id))


def counts(db: sqlite3.Connection, folder: int) -> FolderCounts:
    """How many items, unread ones and folders are directly in a folder."""
    items, read = db.execute(
        "SELECT count(*), coalesce(sum(flags & 1), 0) FROM item WHERE folder = ?", (folder,)
    ).fetchone()
    below = db.execute("SELECT count(*) FROM folder WHERE parent = ?", (folder,)).fetchone()[0]
    return FolderCounts(items, items - read, below)


def xml(
    db: sqlite3.Connection, folder: FolderRow, wanted: frozenset[str], properties: Sequence[extended.Path] = ()
) -> str:
    """The folder as an element; `wanted` are field URIs, the id always comes."""
    parts = [ids.folder_id(folder.mailbox, folder.id, folder.change)]
    if "folder:ParentFolderId" in wanted:
        above = get(db, folder.parent) if folder.parent is not None else folder
        parts.append(ids.folder_id(above.mailbox, above.id, above.change, element="ParentFolderId"))
    if "folder:FolderClass" in wanted and folder.folder_class:
        parts.append(f"<t:FolderClass>{text(folder.folder_class)}</t:FolderClass>")
    if "folder:DisplayName" in wanted:
        parts.append(f"<t:DisplayName>{text(folder.name)}</t:DisplayName>")
    numbers = counts(db, folder.id)
    if "folder:TotalCount" in wanted:
        parts.append(f"<t:TotalCount>{numbers.items}</t:TotalCount>")
    if "folder:ChildFolderCount" in wanted:
        parts.append(f"<t:ChildFolderCount>{numbers.children}</t:ChildFolderCount>")
    values = _kept(db, folder, numbers) if properties else {}
    parts += [extended.xml(path, values[path.key], find=False) for path in properties if path.key in values]
    if "folder:EffectiveRights" in wanted:
        parts.append(_RIGHTS)
    if "folder:DistinguishedFolderId" in wanted and folder.role is not None:
        parts.append(f"<t:DistinguishedFolderId>{folder.role}</t:DistinguishedFolderId>")
    element = languages.ELEMENTS.get(folder.folder_class, "Folder")
    if "folder:UnreadCount" in wanted and element not in {"ContactsFolder", "CalendarFolder"}:
        parts.append(f"<t:UnreadCount>{numbers.unread}</t:UnreadCount>")
    return f"<t:{element}>{''.join(parts)}</t:{element}>"


def _kept(db: sqlite3.Connection, folder: FolderRow, numbers: FolderCounts) -> dict[str, str]:
    """The properties of a folder by their tags (MS-OXPROPS); the IMAP numbers are those of the items' rows."""
    last, changed = db.execute("SELECT max(id), max(modified) FROM item WHERE folder = ?", (folder.id,)).fetchone()
    found = {
        "0x3001 String": folder.name,  # PidTagDisplayName
        "0x3602 Integer": str(numbers.items),  # PidTagContentCount
        "0x3603 Integer": str(numbers.unread),  # PidTagContentUnreadCount
        "0x360a Boolean": str(numbers.children > 0).lower(),  # PidTagSubfolders
        "0x6751 Integer": str((last or 0) + 1),  # PidTagArticleNumberNext
    }
    if folder.folder_class:
        found["0x3613 String"] = folder.folder_class  # PidTagContainerClass
    if changed is not None:
        found["0x670a SystemTime"] = found["0x3008 SystemTime"] = changed  # PidTagLocalCommitTimeMax, ...Modification
    return found


_RIGHTS = (
    "<t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated><t:CreateContents>true</t:CreateContents>"
    "<t:CreateHierarchy>true</t:CreateHierarchy><t:Delete>true</t:Delete><t:Modify>true</t:Modify>"
    "<t:Read>true</t:Read></t:EffectiveRights>"
)


def _exists() -> RefusedError:
    return RefusedError("ErrorFolderExists", "A folder with the specified name already exists.")
