"""GetFolder, FindFolder, CreateFolder, UpdateFolder, MoveFolder, DeleteFolder.

Source: MS-OXWSFOLD.
"""

from lxml import etree

from tests.sandbox import extended, folders, items, restriction
from tests.sandbox.folders import FolderRow
from tests.sandbox.operations.call import Call
from tests.sandbox.soap import Answer, M, RefusedError, T

EMPTY = "<m:Folders/>"
_PAGE = 1000

_DEFAULT = frozenset(f"folder:{name}" for name in ("DisplayName", "TotalCount", "ChildFolderCount", "UnreadCount"))
_ALL = _DEFAULT | frozenset(
    f"folder:{name}" for name in ("ParentFolderId", "FolderClass", "EffectiveRights", "DistinguishedFolderId")
)

_SETTABLE = {"folder:DisplayName", "folder:FolderClass", "folder:PermissionSet"}


def get_folder(call: Call) -> list[Answer]:
    """Each folder asked for."""
    wanted = _wanted(call)

    def one(element: etree._Element) -> Answer:
        return Answer(f"<m:Folders>{folders.xml(call.db, call.folder(element), *wanted)}</m:Folders>")

    return call.each(call.child("FolderIds"), one, EMPTY)


def find_folder(call: Call) -> list[Answer]:
    """The folders below each folder: directly (Shallow), or all (Deep)."""
    wanted = _wanted(call)
    deep = call.payload.get("Traversal") == "Deep"
    view = call.payload.find(f"{M}IndexedPageFolderView")
    size, start = _page(view)
    condition = restriction.folder_condition(call.payload.find(f"{M}Restriction"))

    def one(element: etree._Element) -> Answer:
        parent = call.folder(element)
        found = folders.below(call.db, parent.id) if deep else folders.children(call.db, parent.id)
        found = [folder for folder in found if condition(folder)]
        page = found[start : start + size]
        inner = "".join(folders.xml(call.db, folder, *wanted) for folder in page)
        last = start + len(page) >= len(found)
        return Answer(
            f'<m:RootFolder IndexedPagingOffset="{start + len(page)}" TotalItemsInView="{len(found)}" '
            f'IncludesLastItemInRange="{str(last).lower()}"><t:Folders>{inner}</t:Folders></m:RootFolder>'
        )

    return call.each(call.child("ParentFolderIds"), one, "")


def create_folder(call: Call) -> list[Answer]:
    """Make folders below one."""
    elements = call.child("Folders")
    try:
        parent = call.folder_in("ParentFolderId")
    except RefusedError as refusal:
        return [Answer(EMPTY, refusal.code, refusal.text, "Error") for _element in elements]

    def one(element: etree._Element) -> Answer:
        name = element.findtext(f"{T}DisplayName") or ""
        kind = element.findtext(f"{T}FolderClass") or "IPF.Note"
        made = folders.create(call.db, parent, name, kind)
        return Answer(f"<m:Folders>{folders.xml(call.db, made, frozenset())}</m:Folders>")

    return call.each(elements, one, EMPTY)


def update_folder(call: Call) -> list[Answer]:
    """Rename folders; their class may be set too. Permissions are taken and have no effect here."""

    def one(element: etree._Element) -> Answer:
        folder = call.folder(element[0])
        with call.atomic():
            for update in element.iterfind(f"{T}Updates/*"):
                uri = update.find(f"{T}FieldURI")
                name = "" if uri is None else uri.get("FieldURI", "")
                if name not in _SETTABLE or (update.tag != f"{T}SetFolderField" and name != "folder:PermissionSet"):
                    raise RefusedError("ErrorInvalidPropertySet", f"The property of a folder cannot be set: {name}")
                if name == "folder:DisplayName":
                    folders.place(call.db, folder, name=update.findtext(f".//{T}DisplayName") or "")
                elif name == "folder:FolderClass":
                    folders.classify(call.db, folder, update.findtext(f".//{T}FolderClass") or "")
        return _placed(call, folder)

    return call.each(call.child("FolderChanges"), one, EMPTY)


def move_folder(call: Call) -> list[Answer]:
    """Put folders below another one, with all they hold."""
    elements = call.child("FolderIds")
    try:
        target = call.folder_in("ToFolderId")
    except RefusedError as refusal:
        return [Answer(EMPTY, refusal.code, refusal.text, "Error") for _element in elements]

    def one(element: etree._Element) -> Answer:
        folder = call.folder(element)
        if folder.mailbox != target.mailbox:
            raise RefusedError("ErrorMoveCopyFailed", "The move or copy operation failed.")
        folders.place(call.db, folder, parent=target)
        return _placed(call, folder)

    return call.each(elements, one, EMPTY)


def delete_folder(call: Call) -> list[Answer]:
    """Delete folders: to the deleted items, or for good with all they hold."""

    def one(element: etree._Element) -> Answer:
        folder = call.folder(element)
        if folder.role is not None:
            raise RefusedError("ErrorDeleteDistinguishedFolder", "A distinguished folder cannot be deleted.")
        if call.payload.get("DeleteType") == "MoveToDeletedItems":
            folders.place(call.db, folder, parent=folders.by_role(call.db, folder.mailbox, "deleteditems"))
            return Answer()
        for gone in [*reversed(folders.below(call.db, folder.id)), folder]:
            held = call.db.execute("SELECT id FROM item WHERE folder = ?", (gone.id,)).fetchall()
            items.delete(call.db, [row[0] for row in held])
            call.db.execute("DELETE FROM folder WHERE id = ?", (gone.id,))
        return Answer()

    return call.each(call.child("FolderIds"), one, "")


def _placed(call: Call, folder: FolderRow) -> Answer:
    return Answer(f"<m:Folders>{folders.xml(call.db, folders.get(call.db, folder.id), frozenset())}</m:Folders>")


def _wanted(call: Call) -> tuple[frozenset[str], list[extended.Path]]:
    """The field URIs and the extended properties that a FolderShape asks for."""
    shape = call.child("FolderShape")
    base = {"IdOnly": frozenset[str](), "AllProperties": _ALL}.get(shape.findtext(f"{T}BaseShape") or "", _DEFAULT)
    more = [] if (found := shape.find(f"{T}AdditionalProperties")) is None else list(found)
    properties = [extended.path(path) for path in more if path.tag == f"{T}ExtendedFieldURI"]
    return base | {path.get("FieldURI", "") for path in more}, properties


def _page(view: etree._Element | None) -> tuple[int, int]:
    """How many, and from where."""
    if view is None:
        return _PAGE, 0
    return min(int(view.get("MaxEntriesReturned", _PAGE)), _PAGE), int(view.get("Offset", 0))
