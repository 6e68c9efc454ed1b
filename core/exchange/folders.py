"""Folders over EWS: reading them all at once, making, renaming and moving one.

exchangelib's own folder calls read some fifty folders and the whole mailbox for each new folder (measured, 5.6).
"""

from collections.abc import Iterator
from typing import Final

from core.exchange import answers
from core.exchange.session import Session
from core.exchange.soap import MESSAGES, TYPES, Answer, Element, Request, attribute, text
from core.exchange.tree import Folder, FolderTree
from core.mail.folder import Role
from core.ports.failure import Action, EndpointError, Failure

_ROOT: Final = "msgfolderroot"
#: The default folders' own names, which no language changes. Exchange has none for the archive folder.
_WELL_KNOWN: Final = {
    "inbox": Role.INBOX,
    "sentitems": Role.SENT,
    "drafts": Role.DRAFTS,
    "junkemail": Role.JUNK,
    "deleteditems": Role.TRASH,
}
_PAGE: Final = 1000
_ID_ONLY: Final = "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
_SHAPE: Final = (
    "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
    + "".join(
        f'<t:FieldURI FieldURI="folder:{name}"/>'
        for name in ("ParentFolderId", "FolderClass", "DisplayName", "TotalCount")
    )
    + "</t:AdditionalProperties></m:FolderShape>"
)
#: Mail goes to folders of these classes, or of none; the others hold appointments, contacts, tasks, notes.
_MAIL: Final = ("IPF.Note", "IPF.Imap")


def check_access(session: Session) -> None:
    """Sign in and see that the mailbox exists and may be written to. Raises EndpointError."""
    shape = (
        "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
        '<t:FieldURI FieldURI="folder:EffectiveRights"/></t:AdditionalProperties></m:FolderShape>'
    )
    ids = f"<m:FolderIds>{session.well_known(_ROOT)}</m:FolderIds>"
    answer = session.call(_request("GetFolder", f"{shape}{ids}"))[0]
    if answer.code in {"ErrorFolderNotFound", "ErrorItemNotFound"}:  # what a stranger is told
        raise EndpointError(answers.of_call(Answer("ErrorAccessDenied", answer.said)))
    if not answer.ok:
        raise EndpointError(answers.of_call(answer))
    rights = answer.first(f".//{TYPES}EffectiveRights")
    if rights is not None and rights.findtext(f"{TYPES}CreateHierarchy") == "false":
        raise EndpointError(answers.of_call(Answer("ErrorCreateSubfolderAccessDenied")))


def read_tree(session: Session) -> FolderTree:
    """All folders below the root: one request for the default ones, one for each thousand of the rest."""
    root, roles = _well_known(session)
    tree = FolderTree(root)
    for element in _find(session, session.well_known(_ROOT), "Deep"):
        tree.add(_folder(element, roles))
    tree.find_archive()
    return tree


def read_children(session: Session, tree: FolderTree, parent: str) -> None:
    """Bring a tree up to date below one folder, and only there."""
    for element in _find(session, f"<t:FolderId Id={attribute(parent)}/>", "Shallow"):
        folder = _folder(element, {})
        if folder.ref not in tree:
            tree.add(folder)


def create(session: Session, parent: str, name: str) -> Folder | None:
    """Make a mail folder; None when there is one of this name already."""
    body = (
        f"<m:ParentFolderId><t:FolderId Id={attribute(parent)}/></m:ParentFolderId><m:Folders><t:Folder>"
        f"<t:FolderClass>IPF.Note</t:FolderClass><t:DisplayName>{text(name)}</t:DisplayName></t:Folder></m:Folders>"
    )
    answer = session.call(_request("CreateFolder", body, writes=True))[0]
    if answer.code == "ErrorFolderExists":
        return None
    return Folder(_ref(_good(answer)), parent, name)


def rename(session: Session, ref: str, name: str) -> str:
    """Give a folder another name. Returns its id, which may be a new one."""
    body = (
        f"<m:FolderChanges><t:FolderChange><t:FolderId Id={attribute(ref)}/><t:Updates><t:SetFolderField>"
        '<t:FieldURI FieldURI="folder:DisplayName"/>'
        f"<t:Folder><t:DisplayName>{text(name)}</t:DisplayName></t:Folder>"
        "</t:SetFolderField></t:Updates></t:FolderChange></m:FolderChanges>"
    )
    return _ref(_good(session.call(_request("UpdateFolder", body, writes=True))[0]))


def move(session: Session, ref: str, parent: str) -> str:
    """Hang a folder below another one. Returns its id, which may be a new one."""
    body = (
        f"<m:ToFolderId><t:FolderId Id={attribute(parent)}/></m:ToFolderId>"
        f"<m:FolderIds><t:FolderId Id={attribute(ref)}/></m:FolderIds>"
    )
    return _ref(_good(session.call(_request("MoveFolder", body, writes=True))[0]))


def _well_known(session: Session) -> tuple[str, dict[str, Role]]:
    """The root's id, and the default folders' ids with their roles; a mailbox may lack some."""
    names = (_ROOT, *_WELL_KNOWN)
    ids = "".join(session.well_known(name) for name in names)
    request = _request("GetFolder", f"{_ID_ONLY}<m:FolderIds>{ids}</m:FolderIds>", answers=len(names))
    root, *rest = session.call(request)
    roles = {}
    for name, answer in zip(_WELL_KNOWN, rest, strict=True):
        if answer.code in {"ErrorFolderNotFound", "ErrorItemNotFound"}:
            continue
        roles[_ref(_good(answer))] = _WELL_KNOWN[name]
    return _ref(_good(root)), roles


def _find(session: Session, parent: str, traversal: str) -> Iterator[Element]:
    offset = 0
    while True:
        answer = session.call(
            _request(
                "FindFolder",
                f'{_SHAPE}<m:IndexedPageFolderView MaxEntriesReturned="{_PAGE}" Offset="{offset}"'
                f' BasePoint="Beginning"/><m:ParentFolderIds>{parent}</m:ParentFolderIds>',
                f' Traversal="{traversal}"',
            )
        )[0]
        page = _good(answer).first(f"{MESSAGES}RootFolder")
        if page is None:
            raise EndpointError(_incomplete("a list of folders is missing"))
        found = list(page.iterfind(f"{TYPES}Folders/*"))
        yield from found
        offset += len(found)
        if page.get("IncludesLastItemInRange") == "true":
            return
        if not found:
            raise EndpointError(_incomplete("a list of folders breaks off"))


def _incomplete(cause: str) -> Failure:
    return Failure(Action.RETRY, "Incomplete", cause)


def _folder(element: Element, roles: dict[str, Role]) -> Folder:
    found = element.find(f"{TYPES}FolderId")
    above = element.find(f"{TYPES}ParentFolderId")
    ref = "" if found is None else found.get("Id") or ""
    kind = element.findtext(f"{TYPES}FolderClass") or ""
    return Folder(
        ref,
        "" if above is None else above.get("Id") or "",
        element.findtext(f"{TYPES}DisplayName") or "",
        mail=element.tag == f"{TYPES}Folder" and (not kind or kind.startswith(_MAIL)),
        messages=int(element.findtext(f"{TYPES}TotalCount") or 0),
        role=roles.get(ref),
    )


def _good(answer: Answer) -> Answer:
    if not answer.ok:
        raise EndpointError(answers.of_call(answer, writes=True))
    return answer


def _ref(answer: Answer) -> str:
    found = answer.first(f"{MESSAGES}Folders/*/{TYPES}FolderId")
    ref = None if found is None else found.get("Id")
    if not ref:
        raise EndpointError(_incomplete("a folder came without its id"))
    return ref


def _request(operation: str, body: str, attributes: str = "", *, answers: int = 1, writes: bool = False) -> Request:
    xml = f"<m:{operation}{attributes}>{body}</m:{operation}>"
    return Request(operation, (xml.encode(),), answers=answers, writes=writes)
