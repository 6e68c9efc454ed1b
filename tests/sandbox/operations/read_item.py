"""FindItem and GetItem, and GetAttachment for what GetItem lists.

Source: MS-OXWSSRCH (FindItem), MS-OXWSCORE (GetItem), MS-OXWSATT.
"""

import base64

from lxml import etree

from tests.sandbox import folders, ids, items, restriction
from tests.sandbox.message import fields
from tests.sandbox.operations.call import Call, shape
from tests.sandbox.soap import Answer, M, RefusedError, T, text

EMPTY_ITEMS = "<m:Items/>"
EMPTY_ATTACHMENTS = "<m:Attachments/>"

#: EWSFindCountLimit, as it is by default.
FIND_LIMIT = 1000


def find_item(call: Call) -> list[Answer]:
    """A page of each folder's items, newest first unless asked otherwise."""
    wanted = shape(call.child("ItemShape"), find=True)
    view = call.payload.find(f"{M}IndexedPageItemView")
    size = FIND_LIMIT if view is None else min(int(view.get("MaxEntriesReturned", FIND_LIMIT)), FIND_LIMIT)
    start = 0 if view is None else int(view.get("Offset", 0))
    if size <= 0 or start < 0:
        raise RefusedError("ErrorInvalidPagingMaxRows", "The paging view is not valid.")
    condition = restriction.item_condition(call.payload.find(f"{M}Restriction"))
    order = restriction.item_order(call.payload.find(f"{M}SortOrder"))
    if call.payload.find(f"{M}QueryString") is not None:
        raise RefusedError("ErrorInvalidOperation", "Query strings are not supported.")
    shallow = call.payload.get("Traversal") == "Shallow"

    def one(element: etree._Element) -> Answer:
        folder = call.folder(element)
        where = f"folder = ? AND {condition.text}" if shallow else f"0 = ? AND {condition.text}"
        values = [folder.id, *condition.values]
        total = call.db.execute(f"SELECT count(*) FROM item WHERE {where}", values).fetchone()[0]
        page = items.select(call.db, where, values, order=order, limit=size, offset=start)
        if wanted.properties:
            items.read_properties(call.db, page)
        inner = "".join(fields.xml(item, folder.mailbox, wanted) for item in page)
        end = start + len(page)
        return Answer(
            f'<m:RootFolder IndexedPagingOffset="{end}" TotalItemsInView="{total}" '
            f'IncludesLastItemInRange="{str(end >= total).lower()}"><t:Items>{inner}</t:Items></m:RootFolder>'
        )

    return call.each(call.child("ParentFolderIds"), one, "")


def get_item(call: Call) -> list[Answer]:
    """Each item, with what its shape asks for."""
    wanted = shape(call.child("ItemShape"), find=False)

    def one(element: etree._Element) -> Answer:
        item, mailbox = call.item(element)
        return Answer(f"<m:Items>{fields.xml(item, mailbox.id, wanted)}</m:Items>")

    return call.each(call.child("ItemIds"), one, EMPTY_ITEMS)


def get_attachment(call: Call) -> list[Answer]:
    """Each attachment's bytes."""

    def one(element: etree._Element) -> Answer:
        found = ids.parse(element.get("Id", ""), "A")
        item = items.get(call.db, found.mailbox)
        folder = folders.get(call.db, item.folder)
        if not call.access.may(call.actor, folders.mailbox_of(call.db, folder.mailbox)):
            raise RefusedError("ErrorAccessDenied", "Access is denied. Check credentials and try again.")
        entry = item.parsed.attachments[found.number]
        inner = (
            f'<t:AttachmentId Id="{element.get("Id")}"/><t:Name>{text(entry.name or "attachment")}</t:Name>'
            f"<t:ContentType>{text(entry.content_type)}</t:ContentType>"
            f"<t:Content>{base64.b64encode(entry.data).decode()}</t:Content>"
        )
        return Answer(f"<m:Attachments><t:FileAttachment>{inner}</t:FileAttachment></m:Attachments>")

    return call.each(call.child("AttachmentIds").iterchildren(f"{T}AttachmentId"), one, EMPTY_ATTACHMENTS)
