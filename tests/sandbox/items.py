"""Items as rows: storing them, reading them, changing them."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from tests.sandbox.folders import FolderRow
from tests.sandbox.message import head
from tests.sandbox.message.parsed import Parsed
from tests.sandbox.message.regenerate import regenerate
from tests.sandbox.soap import RefusedError

#: PidTagMessageFlags (MS-OXCMSG 2.2.1.6).
READ: Final = 0x1
UNSENT: Final = 0x8
HAS_ATTACH: Final = 0x10
EVER_READ: Final = 0x400

MESSAGE_FLAGS: Final = "0x0e07 Integer"
DELIVERY_TIME: Final = "0x0e06 SystemTime"
SUBMIT_TIME: Final = "0x0039 SystemTime"
FLAG_STATUS: Final = "0x1090 Integer"

_COLUMNS = (
    "id, folder, change, class, created, modified, received, sent, flags, size, subject, message_id, categories, "
    "settings, explicit"
)


@dataclass(slots=True)
class Draft:
    """An item to be stored. `explicit` names, in order, everything that the client set itself."""

    mime: bytes
    item_class: str = "IPM.Note"
    flags: int | None = None  # PR_MESSAGE_FLAGS as given; None makes a draft
    is_read: bool | None = None
    received: str | None = None
    sent: str | None = None
    categories: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    explicit: list[str] = field(default_factory=list)


@dataclass
class Item:
    """One stored item. Its MIME and properties are read when first asked for."""

    db: sqlite3.Connection
    id: int
    folder: int
    change: int
    item_class: str
    created: str
    modified: str
    received: str
    sent: str | None
    flags: int
    size: int
    subject: str
    message_id: str
    categories: tuple[str, ...]
    settings: Mapping[str, str]
    explicit: tuple[str, ...]

    @property
    def is_read(self) -> bool:
        """Whether it is shown as read."""
        return bool(self.flags & READ)

    @property
    def is_draft(self) -> bool:
        """Whether it was never sent, and so opens in an editor."""
        return bool(self.flags & UNSENT)

    @cached_property
    def mime(self) -> bytes:
        """The MIME as it came."""
        row = self.db.execute("SELECT mime FROM content WHERE item = ?", (self.id,)).fetchone()
        return bytes(row[0])

    @cached_property
    def parsed(self) -> Parsed:
        """The MIME, read."""
        return Parsed(self.mime)

    @cached_property
    def regenerated(self) -> bytes:
        """The MIME as Exchange hands it out."""
        return regenerate(self.mime, self.settings, self.sent)

    @cached_property
    def properties(self) -> Mapping[str, str]:
        """The extended properties that were set: key to kept value."""
        rows = self.db.execute("SELECT path, value FROM property WHERE item = ?", (self.id,))
        return {str(path): str(value) for path, value in rows}


def now() -> str:
    """The present, as kept."""
    return head.stamp(datetime.now(tz=UTC))


def create(db: sqlite3.Connection, folder: FolderRow, draft: Draft) -> tuple[int, int]:
    """Store an item; its row number and change number."""
    flags = UNSENT if draft.flags is None else draft.flags & ~(HAS_ATTACH | EVER_READ)
    if draft.is_read is not None:  # wins over the read bit
        flags = flags | READ if draft.is_read else flags & ~READ
    block = head.head(draft.mime)
    present = now()
    row = db.execute(
        "INSERT INTO item(folder, class, created, modified, received, sent, flags, size, subject, message_id,"
        " categories, settings, explicit) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            folder.id,
            draft.item_class,
            present,
            present,
            draft.received or present,
            draft.sent or head.instant(head.field(block, "date")),
            flags,
            len(draft.mime),
            draft.settings.get("Subject", head.field(block, "subject")),
            draft.settings.get("InternetMessageId", head.field(block, "message-id")),
            json.dumps(draft.categories),
            json.dumps(draft.settings),
            json.dumps(draft.explicit),
        ),
    )
    number = row.lastrowid or 0
    db.execute("INSERT INTO content(item, mime) VALUES(?, ?)", (number, draft.mime))
    db.executemany(
        "INSERT INTO property(item, path, value) VALUES(?, ?, ?)",
        [(number, path, value) for path, value in draft.properties.items()],
    )
    db.execute("UPDATE mailbox SET used = used + ? WHERE id = ?", (len(draft.mime), folder.mailbox))
    return number, 1


def get(db: sqlite3.Connection, number: int) -> Item:
    """The item with that row number. Raises RefusedError(ErrorItemNotFound)."""
    found = select(db, "id = ?", [number])
    if not found:
        raise RefusedError("ErrorItemNotFound", "The specified object was not found in the store.")
    return found[0]


def select(
    db: sqlite3.Connection, where: str, values: Sequence[object], *, order: str = "id", limit: int = -1, offset: int = 0
) -> list[Item]:
    """The items for which an SQL condition holds."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM item WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?", (*values, limit, offset)
    )
    return [_item(db, row) for row in rows]


def _item(db: sqlite3.Connection, row: sqlite3.Row) -> Item:
    return Item(
        db=db,
        id=row["id"],
        folder=row["folder"],
        change=row["change"],
        item_class=row["class"],
        created=row["created"],
        modified=row["modified"],
        received=row["received"],
        sent=row["sent"],
        flags=row["flags"],
        size=row["size"],
        subject=row["subject"],
        message_id=row["message_id"],
        categories=tuple(json.loads(row["categories"])),
        settings=json.loads(row["settings"]),
        explicit=tuple(json.loads(row["explicit"])),
    )


def change(db: sqlite3.Connection, number: int, **columns: object) -> None:
    """Set columns of an item; it is a changed item from now on."""
    names = "".join(f"{name} = ?, " for name in columns)
    db.execute(
        f"UPDATE item SET {names}modified = ?, change = change + 1 WHERE id = ?", (*columns.values(), now(), number)
    )


def set_property(db: sqlite3.Connection, number: int, path: str, value: str | None) -> None:
    """Set an extended property of an item, or take it away."""
    if value is None:
        db.execute("DELETE FROM property WHERE item = ? AND path = ?", (number, path))
    else:
        db.execute("INSERT OR REPLACE INTO property(item, path, value) VALUES(?, ?, ?)", (number, path, value))


def move(db: sqlite3.Connection, number: int, folder: int) -> int:
    """Move an item; as in Exchange it has another id there, which is returned."""
    new = db.execute("SELECT seq + 1 FROM sqlite_sequence WHERE name = 'item'").fetchone()[0]
    db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'item'", (new,))
    db.execute("UPDATE item SET id = ?, folder = ?, change = change + 1 WHERE id = ?", (new, folder, number))
    return int(new)


def delete(db: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Take items away for good."""
    for number in numbers:
        db.execute(
            "UPDATE mailbox SET used = used - (SELECT size FROM item WHERE id = ?)"
            " WHERE id = (SELECT f.mailbox FROM item i JOIN folder f ON f.id = i.folder WHERE i.id = ?)",
            (number, number),
        )
        db.execute("DELETE FROM item WHERE id = ?", (number,))


def read_properties(db: sqlite3.Connection, found: Sequence[Item]) -> None:
    """Read the extended properties of many items at once."""
    kept: dict[int, dict[str, str]] = {item.id: {} for item in found}
    marks = ", ".join("?" * len(kept))
    for number, path, value in db.execute(
        f"SELECT item, path, value FROM property WHERE item IN ({marks})", list(kept)
    ):
        kept[number][path] = value
    for item in found:
        item.__dict__["properties"] = kept[item.id]
