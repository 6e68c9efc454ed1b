"""Folders: default ones in the mailbox's language, names, moves, deletions."""

import pytest

from tests.sandbox.mailbox import Mailbox
from tests.sandbox.raw import RawAnswer, RawClient, equal, folder_xml, tag
from tests.sandbox.server import PracticeExchange

SHAPE = (
    "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>"
    '<t:FieldURI FieldURI="folder:DisplayName"/><t:FieldURI FieldURI="folder:TotalCount"/>'
    '<t:FieldURI FieldURI="folder:FolderClass"/><t:FieldURI FieldURI="folder:ParentFolderId"/>'
    "</t:AdditionalProperties></m:FolderShape>"
)


def get(client: RawClient, *names: str) -> RawAnswer:
    return client.call(
        f"<m:GetFolder>{SHAPE}<m:FolderIds>{''.join(map(folder_xml, names))}</m:FolderIds></m:GetFolder>"
    )


def find(client: RawClient, parent: str, traversal: str = "Deep", size: int = 1000, start: int = 0) -> RawAnswer:
    view = f'<m:IndexedPageFolderView MaxEntriesReturned="{size}" Offset="{start}" BasePoint="Beginning"/>'
    return client.call(
        f'<m:FindFolder Traversal="{traversal}">{SHAPE}{view}'
        f"<m:ParentFolderIds>{folder_xml(parent)}</m:ParentFolderIds></m:FindFolder>"
    )


def create(client: RawClient, parent: str, *names: str) -> RawAnswer:
    made = "".join(f"<t:Folder><t:DisplayName>{name}</t:DisplayName></t:Folder>" for name in names)
    return client.call(
        f"<m:CreateFolder><m:ParentFolderId>{folder_xml(parent)}</m:ParentFolderId><m:Folders>{made}</m:Folders>"
        "</m:CreateFolder>"
    )


def rename(client: RawClient, folder: str, name: str) -> RawAnswer:
    field = '<t:FieldURI FieldURI="folder:DisplayName"/>'
    change = f"<t:SetFolderField>{field}<t:Folder><t:DisplayName>{name}</t:DisplayName></t:Folder></t:SetFolderField>"
    return client.call(
        f"<m:UpdateFolder><m:FolderChanges><t:FolderChange>{folder_xml(folder)}<t:Updates>{change}</t:Updates>"
        "</t:FolderChange></m:FolderChanges></m:UpdateFolder>"
    )


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("en", ["Inbox", "Sent Items", "Drafts", "Junk Email", "Calendar"]),
        ("de", ["Posteingang", "Gesendete Elemente", "Entwürfe", "Junk-E-Mail", "Kalender"]),
        ("fr", ["Boîte de réception", "Éléments envoyés", "Brouillons", "Courrier indésirable", "Calendrier"]),
    ],
)
def test_default_folders_speak_the_mailbox_language(
    practice_exchange: PracticeExchange, language: str, names: list[str]
) -> None:
    practice_exchange.add_mailbox("bea@example.com", language=language)
    with RawClient(practice_exchange.url, "svc", "secret", mailbox="bea@example.com") as client:
        answer = get(client, "inbox", "sentitems", "drafts", "junkemail", "calendar", "voicemail")
        assert answer.codes == ["NoError"] * 5 + ["ErrorFolderNotFound"]
        assert answer.values("DisplayName") == names


def test_a_name_is_taken_once_whatever_its_case(client: RawClient, ann: Mailbox) -> None:
    answer = create(client, "msgfolderroot", "Projekte", "PROJEKTE", "inBOX", "a/b", "a\\b", " ")
    assert answer.codes == [
        "NoError",
        "ErrorFolderExists",
        "ErrorFolderExists",
        "NoError",
        "NoError",
        "ErrorFolderSavePropertyError",
    ]
    made = [folder.path for folder in ann.folders() if folder.role is None]
    assert made == ["Projekte", "a\\/b", "a\\b"]
    assert {folder.folder_class for folder in ann.folders() if folder.role is None} == {"IPF.Note"}


def test_finds_deep_and_shallow_in_pages(client: RawClient) -> None:
    outer = create(client, "inbox", "outer").ids("FolderId")[0][0]
    create(client, outer, "inner")
    assert find(client, "inbox", "Shallow").values("DisplayName") == ["outer"]
    assert find(client, "inbox").values("DisplayName") == ["outer", "inner"]
    every = find(client, "msgfolderroot").values("DisplayName")
    pages = [find(client, "msgfolderroot", size=4, start=start) for start in range(0, len(every), 4)]
    assert [name for page in pages for name in page.values("DisplayName")] == every
    assert [page.attribute("IncludesLastItemInRange") for page in pages] == ["false"] * (len(pages) - 1) + ["true"]


def test_renames_and_moves(client: RawClient, ann: Mailbox) -> None:
    one, two = (identifier for identifier, _key in create(client, "msgfolderroot", "one", "two").ids("FolderId"))
    assert rename(client, one, "Two").codes == ["ErrorFolderExists"]
    assert rename(client, one, "ONE").codes == ["NoError"]
    assert rename(client, "inbox", "Mine").codes == ["ErrorFolderSavePropertyError"]

    def move(folder: str, to: str) -> list[str]:
        return client.call(
            f"<m:MoveFolder><m:ToFolderId>{folder_xml(to)}</m:ToFolderId>"
            f"<m:FolderIds>{folder_xml(folder)}</m:FolderIds></m:MoveFolder>"
        ).codes

    assert move(one, two) == ["NoError"]
    assert move(two, one) == ["ErrorMoveCopyFailed"]
    assert move("inbox", two) == ["ErrorMoveDistinguishedFolder"]
    assert [folder.path for folder in ann.folders() if folder.role is None] == ["two", "two/ONE"]


def test_deletes_with_all_that_is_inside(client: RawClient, ann: Mailbox) -> None:
    ann.make_folder("a")
    ann.make_folder("a/b")
    ann.put("a/b", b"Subject: x\r\n\r\n")
    ids = {folder.path: folder.id for folder in ann.folders()}

    def delete(folder: str, kind: str) -> list[str]:
        return client.call(
            f'<m:DeleteFolder DeleteType="{kind}"><m:FolderIds>{folder_xml(folder)}</m:FolderIds></m:DeleteFolder>'
        ).codes

    assert delete("inbox", "HardDelete") == ["ErrorDeleteDistinguishedFolder"]
    assert delete(ids["a"], "MoveToDeletedItems") == ["NoError"]
    assert ann.count() == 1
    assert "Deleted Items/a/b" in [folder.path for folder in ann.folders()]
    assert delete(ids["a"], "HardDelete") == ["NoError"]
    assert (ann.count(), [folder.path for folder in ann.folders() if folder.role is None]) == (0, [])
    assert get(client, ids["a"]).codes == ["ErrorFolderNotFound"]


def test_counts(client: RawClient, ann: Mailbox) -> None:
    ann.put("inbox", b"Subject: x\r\n\r\n", read=False)
    ann.put("inbox", b"Subject: y\r\n\r\n")
    assert get(client, "inbox").values("TotalCount") == ["2"]
    assert next((folder.items, folder.unread) for folder in ann.folders() if folder.role == "inbox") == (2, 1)


KIND, ITEMS, UNREAD, BELOW, NEXT = (
    tag(number, kind)
    for number, kind in (
        (0x3613, "String"),
        (0x3602, "Integer"),
        (0x3603, "Integer"),
        (0x360A, "Boolean"),
        (0x6751, "Integer"),
    )
)


def search(client: RawClient, restriction: str) -> RawAnswer:
    return client.call(
        '<m:FindFolder Traversal="Shallow"><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>'
        f'<t:FieldURI FieldURI="folder:DisplayName"/>{KIND}{ITEMS}{UNREAD}{BELOW}{NEXT}'
        f"</t:AdditionalProperties></m:FolderShape><m:Restriction>{restriction}</m:Restriction>"
        f"<m:ParentFolderIds>{folder_xml('msgfolderroot')}</m:ParentFolderIds></m:FindFolder>"
    )


def test_folders_have_properties_too(client: RawClient, ann: Mailbox) -> None:
    ann.put("Inbox", b"Subject: x\r\n\r\n", read=False)
    ann.put("Inbox", b"Subject: y\r\n\r\n")
    answer = search(client, equal(tag(0x3001, "String"), "inbox"))
    assert answer.values("DisplayName") == ["Inbox"]
    kind, held, unread, below, following = answer.values("Value")
    assert (kind, held, unread, below) == ("IPF.Note", "2", "1", "false")
    assert int(following) > 2


def test_folders_are_found_by_a_property(client: RawClient) -> None:
    notes = set(search(client, equal(KIND, "ipf.note")).values("DisplayName"))
    assert {"Inbox", "Drafts"} <= notes
    assert "Calendar" not in notes
    there = set(search(client, f"<t:Exists>{KIND}</t:Exists>").values("DisplayName"))
    assert notes < there
    assert not there & set(search(client, f"<t:Not><t:Exists>{KIND}</t:Exists></t:Not>").values("DisplayName"))
    assert search(client, equal(tag(0x3602, "Integer"), "2")).codes == ["ErrorUnsupportedPathForQuery"]
