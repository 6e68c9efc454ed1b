"""UpdateItem, DeleteItem, MoveItem.

Source: MS-OXWSCORE 3.1.4.9, 3.1.4.3, 3.1.4.7.
"""

import json

from lxml import etree

from tests.sandbox import extended, folders, ids, items
from tests.sandbox.folders import MailboxRow
from tests.sandbox.items import READ, UNSENT, Item
from tests.sandbox.message import fields
from tests.sandbox.operations.call import Call
from tests.sandbox.soap import Answer, RefusedError, T

EMPTY = "<m:Items/>"
_TRUE = {"true", "1"}
_SETTINGS = {"item:Importance", "item:Sensitivity", "item:Subject", "item:InReplyTo", "message:References"}
_FLAGS = {"Flagged": "2", "Complete": "1", "NotFlagged": None}


def update_item(call: Call) -> list[Answer]:
    """Apply each item's changes; the change key decides about conflicts as ConflictResolution says."""

    def one(element: etree._Element) -> Answer:
        item, mailbox = call.item(element[0])
        _check_change_key(call, element[0], item)
        with call.atomic():
            for update in element.iterfind(f"{T}Updates/*"):
                _update(call, item, mailbox, update)
                item = items.get(call.db, item.id)
        inner = f"<t:Message>{ids.item_id(mailbox.id, item.id, item.change)}</t:Message>"
        return Answer(f"<m:Items>{inner}</m:Items><m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>")

    return call.each(call.child("ItemChanges"), one, EMPTY)


def delete_item(call: Call) -> list[Answer]:
    """Take items away: to the deleted items, to the recoverable ones, or for good."""
    kind = call.payload.get("DeleteType")

    def one(element: etree._Element) -> Answer:
        item, mailbox = call.item(element)
        if kind == "HardDelete":
            items.delete(call.db, [item.id])
        else:
            role = "deleteditems" if kind == "MoveToDeletedItems" else "recoverableitemsdeletions"
            items.move(call.db, item.id, folders.by_role(call.db, mailbox.id, role).id)
        return Answer()

    return call.each(call.child("ItemIds"), one, "")


def move_item(call: Call) -> list[Answer]:
    """Put items into another folder; they have another id there."""
    elements = call.child("ItemIds")
    try:
        target = call.folder_in("ToFolderId")
    except RefusedError as refusal:
        return [Answer(EMPTY, refusal.code, refusal.text, "Error") for _element in elements]

    def one(element: etree._Element) -> Answer:
        item, mailbox = call.item(element)
        if mailbox.id != target.mailbox:
            raise RefusedError("ErrorMoveCopyFailed", "The move or copy operation failed.")
        new = items.move(call.db, item.id, target.id)
        return Answer(f"<m:Items><t:Message>{ids.item_id(mailbox.id, new, item.change + 1)}</t:Message></m:Items>")

    return call.each(elements, one, EMPTY)


def _check_change_key(call: Call, element: etree._Element, item: Item) -> None:
    given, mode = element.get("ChangeKey"), call.payload.get("ConflictResolution")
    if mode == "AlwaysOverwrite":
        return
    if given is None:
        raise RefusedError("ErrorChangeKeyRequiredForWriteOperations", "A change key is required for this operation.")
    if given != ids.change_key(item.change) and mode == "NeverOverwrite":
        raise RefusedError("ErrorIrresolvableConflict", "The send or update operation could not be performed.")


def _update(call: Call, item: Item, mailbox: MailboxRow, update: etree._Element) -> None:
    if update.tag == f"{T}AppendToItemField":
        raise RefusedError("ErrorAppendNotSupported", "Append is not supported for this property.")
    gone = update.tag == f"{T}DeleteItemField"
    message = next((child for child in update if child.tag in {f"{T}Message", f"{T}Item"}), None)
    uri = update.find(f"{T}ExtendedFieldURI")
    if uri is not None:
        given = None if message is None else message.find(f"{T}ExtendedProperty")
        path = extended.path(uri)
        value = None if gone or given is None else extended.value(path, given)
        _set_extended(call, item, path, value)
        return
    field = update.find(f"{T}FieldURI")
    name = "" if field is None else field.get("FieldURI", "")
    said = None if gone or message is None or not len(message) else message[0]
    _set_field(call, item, mailbox, name, said)


def _set_extended(call: Call, item: Item, path: extended.Path, value: str | None) -> None:
    if path.key == items.MESSAGE_FLAGS:
        new = int(value or "0")
        if (new ^ item.flags) & UNSENT:  # decided at the first save, for good
            raise RefusedError(
                "ErrorInvalidPropertySet", "The message flags cannot be changed after the message was saved."
            )
        items.change(call.db, item.id, flags=item.flags & ~READ | new & READ)
    elif path.key in fields.COMPUTED:
        raise RefusedError("ErrorInvalidPropertySet", "The property is read-only.")
    else:
        items.set_property(call.db, item.id, path.key, value)
        items.change(call.db, item.id)


def _set_field(call: Call, item: Item, mailbox: MailboxRow, name: str, said: etree._Element | None) -> None:
    text = "" if said is None else said.text or ""
    if name == "message:IsRead" and said is not None:
        _set_read(call, item, mailbox, read=text.strip() in _TRUE)
    elif name == "item:Categories":
        strings = [] if said is None else list(dict.fromkeys(entry.text or "" for entry in said))
        items.change(call.db, item.id, categories=json.dumps(strings))
    elif name == "item:Flag":
        status = "NotFlagged" if said is None else said.findtext(f"{T}FlagStatus") or ""
        items.set_property(call.db, item.id, items.FLAG_STATUS, _FLAGS[status])
        items.change(call.db, item.id)
    elif name in _SETTINGS:
        settings = dict(item.settings)
        settings.pop(name.partition(":")[2], None)
        if said is not None:
            settings[name.partition(":")[2]] = text
        columns: dict[str, object] = {"settings": json.dumps(settings)}
        if name == "item:Subject":
            columns["subject"] = text
        items.change(call.db, item.id, **columns)
    else:
        raise RefusedError("ErrorInvalidPropertySet", f"The property cannot be set: {name}")


def _set_read(call: Call, item: Item, mailbox: MailboxRow, *, read: bool) -> None:
    """Mark an item read or unread; reading one that asks for a receipt sends it, unless that is suppressed."""
    items.change(call.db, item.id, flags=item.flags | READ if read else item.flags & ~READ)
    if not read or item.is_read or call.payload.get("SuppressReadReceipts", "").strip() in _TRUE:
        return
    asked = item.settings.get("IsReadReceiptRequested")
    wanted = item.parsed.raw("Disposition-Notification-To") is not None if asked is None else asked == "true"
    if wanted and not item.is_draft:
        call.db.execute("INSERT INTO receipt(mailbox, message_id) VALUES(?, ?)", (mailbox.id, item.message_id))
