"""Looking into a mailbox past the protocol: what is really there, and what a user does to it meanwhile."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.sandbox import folders, ids, items
from tests.sandbox.database import Database
from tests.sandbox.folders import FolderRow
from tests.sandbox.items import READ, Draft, Item
from tests.sandbox.message import head


@dataclass(frozen=True, slots=True)
class FolderView:
    """One folder: its path below the top, names joined by ``/`` (a slash in a name as ``\\/``)."""

    path: str
    role: str | None
    folder_class: str
    items: int
    unread: int
    id: str


@dataclass(frozen=True, slots=True)
class ItemView:
    """One item as it is kept. `mime` is as it came, `regenerated` as a client reads it.

    `properties` holds extended properties by key (``0x1090 Integer``, ``{guid}/name String``), as they were set;
    `explicit` names everything that the client set itself, in order. Times are UTC.
    """

    id: str
    folder: str
    mime: bytes
    regenerated: bytes
    received: datetime
    sent: datetime | None
    created: datetime
    flags: int
    is_read: bool
    is_draft: bool
    subject: str
    categories: tuple[str, ...]
    settings: Mapping[str, str]
    properties: Mapping[str, str]
    explicit: tuple[str, ...]


class Mailbox:
    """One mailbox. Folders are named by distinguished id (``inbox``) or by path (``Projects/Old``)."""

    def __init__(self, database: Database, address: str) -> None:
        self._database = database
        with database.reading() as db:
            found = folders.find_mailbox(db, address)
        if found is None:
            raise KeyError(address)
        self.address = found.address
        self._id = found.id

    def limit(self, *, message: int | None = None, quota: int | None = None) -> None:
        """Set the largest message and the quota, in bytes; None for none."""
        with self._database.writing() as db:
            db.execute("UPDATE mailbox SET message_limit = ?, quota = ? WHERE id = ?", (message, quota, self._id))

    @property
    def receipts(self) -> tuple[str, ...]:
        """The Message-IDs for which a read receipt would have been sent."""
        with self._database.reading() as db:
            rows = db.execute("SELECT message_id FROM receipt WHERE mailbox = ? ORDER BY id", (self._id,))
            return tuple(str(row[0]) for row in rows)

    def folders(self) -> tuple[FolderView, ...]:
        """Every folder below the top of the mailbox, parents first."""
        with self._database.reading() as db:
            found = []
            for folder, path in self._paths(db):
                numbers = folders.counts(db, folder.id)
                identifier = ids.Id("F", self._id, folder.id).text()
                found.append(
                    FolderView(path, folder.role, folder.folder_class, numbers.items, numbers.unread, identifier)
                )
            return tuple(found)

    def items(self, folder: str | None = None) -> tuple[ItemView, ...]:
        """The items of a folder, in the order they were stored; of the whole mailbox without one."""
        with self._database.reading() as db:
            chosen = self._paths(db) if folder is None else [(self._folder(db, folder), folder)]
            return tuple(
                self._view(item, path) for row, path in chosen for item in items.select(db, "folder = ?", [row.id])
            )

    def count(self, folder: str | None = None) -> int:
        """How many items a folder holds, or the whole mailbox."""
        with self._database.reading() as db:
            chosen = self._paths(db) if folder is None else [(self._folder(db, folder), folder)]
            return sum(folders.counts(db, row.id).items for row, _path in chosen)

    # What a user does

    def put(
        self,
        folder: str,
        mime: bytes,
        *,
        read: bool = True,
        received: datetime | None = None,
        properties: Mapping[str, str] | None = None,
        categories: Sequence[str] = (),
    ) -> str:
        """Store a message as if it had come by itself; its item id."""
        draft = Draft(
            mime,
            flags=READ if read else 0,
            received=None if received is None else head.stamp(received),
            categories=tuple(categories),
            properties=dict(properties or {}),
        )
        with self._database.writing() as db:
            number, _change = items.create(db, self._folder(db, folder), draft)
        return ids.Id("I", self._id, number).text()

    def make_folder(self, path: str, folder_class: str = "IPF.Note") -> None:
        """Make a folder; its parent must be there."""
        parent, _slash, name = path.rpartition("/")
        with self._database.writing() as db:
            folders.create(db, self._folder(db, parent or "msgfolderroot"), name, folder_class)

    def move(self, item: str, folder: str) -> str:
        """Move an item to another folder; its new id."""
        with self._database.writing() as db:
            new = items.move(db, ids.parse(item, "I").number, self._folder(db, folder).id)
        return ids.Id("I", self._id, new).text()

    def delete(self, item: str) -> None:
        """Delete an item for good."""
        with self._database.writing() as db:
            items.delete(db, [ids.parse(item, "I").number])

    def mark_read(self, item: str, *, read: bool = True) -> None:
        """Mark an item read or unread."""
        with self._database.writing() as db:
            found = items.get(db, ids.parse(item, "I").number)
            items.change(db, found.id, flags=found.flags | READ if read else found.flags & ~READ)

    def set_property(self, item: str, key: str, value: str | None) -> None:
        """Set an extended property of an item, or take it away: ``0x1090 Integer`` is the follow-up flag."""
        with self._database.writing() as db:
            number = ids.parse(item, "I").number
            items.set_property(db, number, key, value)
            items.change(db, number)

    def set_categories(self, item: str, *names: str) -> None:
        """Give an item these categories and no others."""
        with self._database.writing() as db:
            items.change(db, ids.parse(item, "I").number, categories=json.dumps(names))

    def _paths(self, db: sqlite3.Connection) -> list[tuple[FolderRow, str]]:
        """Every folder below the top with its path, parents first."""
        top = folders.by_role(db, self._id, "msgfolderroot")
        paths = {top.id: ""}
        found = []
        for folder in folders.below(db, top.id):
            above = paths[folder.parent or 0]
            name = folder.name.replace("/", "\\/")
            paths[folder.id] = f"{above}/{name}" if above else name
            found.append((folder, paths[folder.id]))
        return found

    def _folder(self, db: sqlite3.Connection, name: str) -> FolderRow:
        """The folder of that distinguished id or path. Raises KeyError."""
        by_role = db.execute("SELECT id FROM folder WHERE mailbox = ? AND role = ?", (self._id, name)).fetchone()
        if by_role is not None:
            return folders.get(db, by_role[0])
        for folder, path in self._paths(db):
            if path == name:
                return folder
        raise KeyError(name)

    def _view(self, item: Item, path: str) -> ItemView:
        return ItemView(
            id=ids.Id("I", self._id, item.id).text(),
            folder=path,
            mime=item.mime,
            regenerated=item.regenerated,
            received=datetime.fromisoformat(item.received),
            sent=None if item.sent is None else datetime.fromisoformat(item.sent),
            created=datetime.fromisoformat(item.created),
            flags=item.flags,
            is_read=item.is_read,
            is_draft=item.is_draft,
            subject=item.subject,
            categories=item.categories,
            settings=item.settings,
            properties=item.properties,
            explicit=item.explicit,
        )
