"""UpdateItem, MoveItem, DeleteItem."""

import pytest

from tests.sandbox.mailbox import Mailbox
from tests.sandbox.raw import RawClient, extended, folder_xml, message, tag

MIME = b"From: a@example.org\r\nDisposition-Notification-To: a@example.org\r\nMessage-ID: <1@x>\r\n\r\nHi\r\n"
READ = (
    '<t:SetItemField><t:FieldURI FieldURI="message:IsRead"/>'
    "<t:Message><t:IsRead>{}</t:IsRead></t:Message></t:SetItemField>"
)


@pytest.fixture
def item(client: RawClient) -> str:
    return client.create([message(MIME)], "inbox").ids()[0][0]


def update(item: str, changes: str, *, key: str = "", mode: str = "AlwaysOverwrite", more: str = "") -> str:
    version = f' ChangeKey="{key}"' if key else ""
    change = f'<t:ItemChange><t:ItemId Id="{item}"{version}/><t:Updates>{changes}</t:Updates></t:ItemChange>'
    return (
        f'<m:UpdateItem ConflictResolution="{mode}" MessageDisposition="SaveOnly"{more}>'
        f"<m:ItemChanges>{change}</m:ItemChanges></m:UpdateItem>"
    )


def test_sets_and_takes_away(client: RawClient, ann: Mailbox, item: str) -> None:
    flag = tag(0x1090, "Integer")
    categories = '<t:FieldURI FieldURI="item:Categories"/>'
    changes = (
        f"<t:SetItemField>{categories}<t:Message><t:Categories><t:String>red</t:String><t:String>blau</t:String>"
        f"</t:Categories></t:Message></t:SetItemField>"
        f"<t:SetItemField>{flag}<t:Message>{extended(flag, '2')}</t:Message></t:SetItemField>"
    )
    assert client.call(update(item, READ.format("true") + changes)).codes == ["NoError"]
    (found,) = ann.items("inbox")
    assert (found.is_read, found.categories, found.properties["0x1090 Integer"]) == (True, ("red", "blau"), "2")
    assert client.get(item, '<t:FieldURI FieldURI="item:Flag"/>').values("FlagStatus") == ["Flagged"]
    gone = f"<t:DeleteItemField>{categories}</t:DeleteItemField><t:DeleteItemField>{flag}</t:DeleteItemField>"
    assert client.call(update(item, gone + READ.format("false"))).codes == ["NoError"]
    (found,) = ann.items("inbox")
    assert (found.is_read, found.categories, dict(found.properties)) == (False, (), {})


def test_an_update_is_done_whole_or_not_at_all(client: RawClient, ann: Mailbox, item: str) -> None:
    received = tag(0x0E06, "SystemTime")
    value = extended(received, "2001-01-01T00:00:00Z")
    wrong = f"<t:SetItemField>{received}<t:Message>{value}</t:Message></t:SetItemField>"
    assert client.call(update(item, READ.format("false") + wrong)).codes == ["ErrorInvalidPropertySet"]
    assert ann.items("inbox")[0].is_read


def test_the_change_key_decides_about_conflicts(client: RawClient, item: str) -> None:
    (_id, old) = client.get(item).ids()[0]
    (_id, new) = client.call(update(item, READ.format("false"), key=old, mode="NeverOverwrite")).ids()[0]
    assert new != old
    assert client.get(item).ids() == [(item, new)]
    assert client.call(update(item, READ.format("true"), key=old, mode="NeverOverwrite")).codes == [
        "ErrorIrresolvableConflict"
    ]
    assert client.call(update(item, READ.format("true"), mode="AutoResolve")).codes == [
        "ErrorChangeKeyRequiredForWriteOperations"
    ]
    assert client.call(update(item, READ.format("true"), key=old, mode="AutoResolve")).codes == ["NoError"]


def test_reading_sends_a_receipt_unless_told_not_to(client: RawClient, ann: Mailbox) -> None:
    first, second, third = (client.create([message(MIME, flags=0, more=more)]).ids()[0][0] for more in (
        "", "", "<t:IsReadReceiptRequested>false</t:IsReadReceiptRequested>"))  # fmt: skip
    client.call(update(first, READ.format("true"), more=' SuppressReadReceipts="true"'))
    client.call(update(third, READ.format("true")))
    assert list(ann.receipts) == []
    client.call(update(second, READ.format("true")))
    assert list(ann.receipts) == ["<1@x>"]


def test_a_moved_item_has_another_id(client: RawClient, ann: Mailbox, item: str) -> None:
    ann.make_folder("Old")
    target = next(folder.id for folder in ann.folders() if folder.path == "Old")
    answer = client.call(
        f"<m:MoveItem><m:ToFolderId>{folder_xml(target)}</m:ToFolderId>"
        f'<m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:MoveItem>'
    )
    assert [found.id for found in ann.items("Old")] == [answer.ids()[0][0]]
    assert answer.ids()[0][0] != item
    assert client.get(item).codes == ["ErrorItemNotFound"]
    assert ann.items("Old")[0].mime == MIME


@pytest.mark.parametrize(("kind", "left"), [("HardDelete", 0), ("SoftDelete", 0), ("MoveToDeletedItems", 1)])
def test_deletes(client: RawClient, ann: Mailbox, item: str, kind: str, left: int) -> None:
    answer = client.call(
        f'<m:DeleteItem DeleteType="{kind}"><m:ItemIds><t:ItemId Id="{item}"/></m:ItemIds></m:DeleteItem>'
    )
    assert answer.codes == ["NoError"]
    assert (ann.count("inbox"), ann.count("deleteditems")) == (0, left)
    assert client.get(item).codes == ["ErrorItemNotFound"]


def test_an_id_that_is_none(client: RawClient, item: str) -> None:
    damaged = item[:-8] + "AAAAAAA="
    for wrong in ("AAMk", "not base64", damaged):
        assert client.get(wrong).codes == ["ErrorInvalidIdMalformed"]
