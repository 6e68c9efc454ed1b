"""CreateItem: what is stored, what becomes a draft, what is refused."""

import base64
from datetime import UTC, datetime

import pytest

from tests.sandbox.mailbox import Mailbox
from tests.sandbox.raw import RawClient, extended, message, named, tag
from tests.sandbox.server import PracticeExchange

MIME = (
    b"From: a@example.org\r\nSubject: Hello\r\nMessage-ID: <1@example.org>\r\n"
    b"Date: Mon, 4 Mar 2019 05:06:07 +0100\r\n\r\nHi\r\n"
)


def test_stores_the_bytes_and_what_was_set(client: RawClient, ann: Mailbox) -> None:
    more = extended(tag(0x1090, "Integer"), "2") + "<t:IsRead>true</t:IsRead>"
    answer = client.create([message(MIME, key="1/1", received="2019-03-04T04:06:07Z", more=more)])
    assert answer.codes == ["NoError"]
    (item,) = ann.items("inbox")
    assert item.mime == MIME
    assert item.id == answer.ids()[0][0]
    assert item.received == datetime(2019, 3, 4, 4, 6, 7, tzinfo=UTC)
    assert item.sent == datetime(2019, 3, 4, 4, 6, 7, tzinfo=UTC)
    assert item.subject == "Hello"
    assert (item.is_read, item.is_draft, item.flags) == (True, False, 1)
    key = "{6f1f9a52-0f0d-4f7e-9b0a-2f5f4f0a7c11}/source-key String"
    assert item.properties == {key: "1/1", "0x1090 Integer": "2"}
    assert item.explicit == ("MimeContent", key, "0x0e07 Integer", "0x0e06 SystemTime", "0x1090 Integer", "IsRead")
    assert item.settings == {}


def test_without_message_flags_it_is_a_draft_for_good(client: RawClient, ann: Mailbox) -> None:
    client.create([message(MIME, flags=None, more="<t:IsRead>true</t:IsRead>")])
    (item,) = ann.items("inbox")
    assert (item.is_draft, item.is_read) == (True, True)
    change = (
        f"<t:SetItemField>{tag(0x0E07, 'Integer')}<t:Message>{extended(tag(0x0E07, 'Integer'), '1')}</t:Message>"
        "</t:SetItemField>"
    )
    answer = client.call(_update(item.id, change))
    assert answer.codes == ["ErrorInvalidPropertySet"]
    assert ann.items("inbox")[0].is_draft


@pytest.mark.parametrize(("flags", "element", "read"), [(0, "true", True), (1, "false", False), (1, None, True)])
def test_the_element_wins_over_the_read_bit(
    client: RawClient, ann: Mailbox, flags: int, element: str | None, *, read: bool
) -> None:
    client.create([message(MIME, flags=flags, more=f"<t:IsRead>{element}</t:IsRead>" if element else "")])
    assert ann.items("inbox")[0].is_read is read


def test_without_delivery_time_it_is_received_now_whatever_the_date_says(client: RawClient, ann: Mailbox) -> None:
    before = datetime.now(tz=UTC).replace(microsecond=0)
    client.create([message(MIME)])
    assert before <= ann.items("inbox")[0].received <= datetime.now(tz=UTC)


def test_the_message_flags_read_back_with_the_server_bits(client: RawClient) -> None:
    mime = (
        b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nHi\r\n--b\r\n"
        b"Content-Type: application/pdf; name=a.pdf\r\n\r\nPDF\r\n--b--\r\n"
    )
    item = client.create([message(mime)]).ids()[0][0]
    assert client.get(item, tag(0x0E07, "Integer")).values("Value") == [str(0x1 | 0x10 | 0x400)]


def test_base64_may_come_in_lines(client: RawClient, ann: Mailbox) -> None:
    content = base64.encodebytes(MIME).decode().replace("\n", "\r\n")
    assert client.create([f"<t:MimeContent>\n{content}</t:MimeContent>"]).codes == ["NoError"]
    assert ann.items("inbox")[0].mime == MIME


def test_each_item_has_its_own_answer(client: RawClient, ann: Mailbox) -> None:
    bad = "<t:MimeContent>!</t:MimeContent>"
    wrong = message(MIME, more=extended(tag(0x1090, "Integer"), "two"))
    answer = client.create([message(MIME), "<t:MimeContent/>", bad, wrong, message(MIME)])
    assert answer.codes == [
        "NoError",
        "ErrorMimeContentInvalid",
        "ErrorMimeContentInvalidBase64String",
        "ErrorInvalidExtendedPropertyValue",
        "NoError",
    ]
    assert ann.count("inbox") == 2


def test_the_limit_of_a_mailbox_and_its_quota(client: RawClient, ann: Mailbox) -> None:
    ann.limit(message=len(MIME) + 100, quota=3 * len(MIME))
    large = MIME + b"x" * 200
    assert client.create([message(MIME), message(large), message(MIME)]).codes == [
        "NoError",
        "ErrorMessageSizeExceeded",
        "NoError",
    ]
    assert client.create([message(MIME), message(MIME)]).codes == ["NoError", "ErrorQuotaExceeded"]
    ann.delete(ann.items("inbox")[0].id)
    assert client.create([message(MIME)]).codes == ["NoError"]


def test_only_saving_is_done(client: RawClient, ann: Mailbox) -> None:
    inner = f"<m:Items><t:Message>{message(MIME)}</t:Message></m:Items>"
    assert client.call(f'<m:CreateItem MessageDisposition="SendOnly">{inner}</m:CreateItem>').codes == [
        "ErrorAccessDenied"
    ]
    answer = client.call(f"<m:CreateItem>{inner}</m:CreateItem>")
    assert (answer.status, answer.is_fault, answer.codes) == (500, True, ["ErrorMessageDispositionRequired"])
    assert ann.count() == 0


def test_without_a_folder_it_goes_to_the_drafts(client: RawClient, ann: Mailbox) -> None:
    inner = f"<m:Items><t:Message>{message(MIME)}</t:Message></m:Items>"
    assert client.call(f'<m:CreateItem MessageDisposition="SaveOnly">{inner}</m:CreateItem>').codes == ["NoError"]
    assert ann.count("drafts") == 1


def test_an_order_that_the_schema_forbids_is_a_fault(
    client: RawClient, practice_exchange: PracticeExchange, ews_schemas: object, ann: Mailbox
) -> None:
    content = base64.b64encode(MIME).decode()
    answer = client.create([f"<t:IsRead>true</t:IsRead><t:MimeContent>{content}</t:MimeContent>"])
    assert (answer.status, answer.codes) == (500, ["ErrorSchemaValidation"])
    assert [len(answer.values(name)) for name in ("LineNumber", "LinePosition", "Violation")] == [1, 1, 1]
    assert ann.count() == 0
    assert practice_exchange.schema_errors == []


@pytest.mark.parametrize(
    "body", [b"", b"<", b"<a/>", b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>']
)
def test_what_is_no_envelope_is_a_fault(client: RawClient, body: bytes) -> None:
    answer = client.send(body)
    assert (answer.status, answer.codes) == (500, ["ErrorSchemaValidation"])


def test_an_unknown_operation_is_a_fault(client: RawClient) -> None:
    answer = client.call("<m:MakeCoffee/>")
    assert (answer.status, answer.codes) == (500, ["ErrorSchemaValidation"])


def test_every_message_is_taken_and_read_back(client: RawClient, ann: Mailbox, corpus: list[bytes]) -> None:
    taken = [mime for mime in corpus if mime]
    for start in range(0, len(taken), 50):
        batch = [message(mime, key=str(start + n)) for n, mime in enumerate(taken[start : start + 50])]
        assert set(client.create(batch).codes) == {"NoError"}
    assert [item.mime for item in ann.items("inbox")] == taken
    fields = "".join(
        f'<t:FieldURI FieldURI="{uri}"/>'
        for uri in ("item:Subject", "item:Body", "item:Attachments", "item:InternetMessageHeaders", "message:From")
    )
    shape = fields + tag(0x007D, "String") + named("source-key")
    for item in ann.items("inbox"):
        answer = client.get(item.id, shape, mime=True)
        assert answer.codes == ["NoError"]
        assert base64.b64decode(answer.values("MimeContent")[0]) == item.regenerated


def _update(item: str, change: str) -> str:
    return (
        '<m:UpdateItem ConflictResolution="AlwaysOverwrite" MessageDisposition="SaveOnly"><m:ItemChanges><t:ItemChange>'
        f'<t:ItemId Id="{item}"/><t:Updates>{change}</t:Updates></t:ItemChange></m:ItemChanges></m:UpdateItem>'
    )
