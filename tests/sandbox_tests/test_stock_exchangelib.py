"""A client that we did not write reads everything."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sandbox import stock
from tests.sandbox.mailbox import Mailbox
from tests.sandbox.server import PracticeExchange

MIME = (
    b"Received: from there\r\nX-Own: 1\r\nFrom: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\r\n"
    b"To: a@example.org, Bea <b@example.org>\r\nCc: c@example.org\r\nSubject: =?iso-8859-1?q?Gr=FC=DFe?=\r\n"
    b"Message-ID: <1@example.org>\r\nIn-Reply-To: <0@example.org>\r\nDate: Mon, 4 Mar 2019 05:06:07 +0100\r\n"
    b"Importance: high\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; "
    b"charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSch\xf6n\r\n--b\r\n"
    b'Content-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nUERGAP8=\r\n--b--\r\n'
)


@pytest.fixture
def account(practice_exchange: PracticeExchange, ann: Mailbox) -> Any:
    with stock.account(practice_exchange.url, ann.address, username="svc", password="secret") as found:
        yield found


def test_reads_a_message_whole(account: Any, ann: Mailbox) -> None:
    ann.put("inbox", MIME, received=datetime(2019, 3, 4, 4, 6, 8, tzinfo=UTC), categories=["rot"])
    (item,) = account.inbox.all()
    assert item.mime_content == ann.items("inbox")[0].regenerated
    assert (item.subject, item.body.strip(), item.is_read, item.is_draft) == ("Grüße", "Schön", True, False)
    assert (item.author.name, item.author.email_address) == ("Jürgen", "j@example.org")
    assert [entry.email_address for entry in item.to_recipients] == ["a@example.org", "b@example.org"]
    assert [entry.email_address for entry in item.cc_recipients] == ["c@example.org"]
    assert (item.datetime_received, item.datetime_sent) == (
        datetime(2019, 3, 4, 4, 6, 8, tzinfo=UTC),
        datetime(2019, 3, 4, 4, 6, 7, tzinfo=UTC),
    )
    assert (item.message_id, item.in_reply_to) == ("<1@example.org>", "<0@example.org>")
    assert (item.importance, item.sensitivity, item.categories) == ("High", "Normal", ["rot"])
    assert {header.name: header.value for header in item.headers}["X-Own"] == "1"
    ((name, content),) = [(entry.name, entry.content) for entry in item.attachments]
    assert (name, content) == ("a.pdf", b"PDF\x00\xff")


def test_stock_defaults_override_what_the_mime_says(account: Any, ann: Mailbox) -> None:
    from exchangelib import Message

    account.bulk_create(account.inbox, [Message(mime_content=MIME)])
    (item,) = ann.items("inbox")
    assert item.settings["Importance"] == "Normal"
    assert b"Importance" not in item.regenerated
    assert "IsReadReceiptRequested" in item.explicit
    assert item.is_draft


def test_finds_changes_moves_and_deletes(account: Any, ann: Mailbox) -> None:
    from exchangelib import Folder

    for name in ("one", "two"):
        ann.put("inbox", MIME, properties={"{6f1f9a52-0f0d-4f7e-9b0a-2f5f4f0a7c11}/k String": name})
    description = {
        "property_set_id": "6f1f9a52-0f0d-4f7e-9b0a-2f5f4f0a7c11",
        "property_name": "k",
        "property_type": "String",
    }
    with stock.property_of_messages("x_key", **description):
        assert account.inbox.filter(x_key__in=["one", "none"]).count() == 1
        assert {item.x_key for item in account.inbox.filter(x_key__startswith="t")} == {"two"}
        item = account.inbox.get(x_key="one")
        item.is_read = False
        item.categories = ["b"]
        item.save(update_fields=["is_read", "categories"])
        folder = Folder(parent=account.msg_folder_root, name="Ä/b")
        folder.save()
        item.move(folder)
        assert [(found.x_key, found.is_read, found.categories) for found in folder.all()] == [("one", False, ["b"])]
        folder.name = "c"
        folder.save()
        account.inbox.get(x_key="two").delete()
    assert [(folder.path, folder.items) for folder in ann.folders() if folder.role is None] == [("c", 1)]
    assert ann.count() == 1


def test_sees_the_tree_of_a_german_mailbox(practice_exchange: PracticeExchange) -> None:
    practice_exchange.add_mailbox("otto@example.com", language="de").make_folder("Projekte")
    with stock.account(practice_exchange.url, "otto@example.com", username="svc", password="secret") as account:
        names = {folder.name for folder in account.msg_folder_root.children}
        assert {"Posteingang", "Projekte", "Kalender"} <= names
        assert account.sent.name == "Gesendete Elemente"


def test_ntlm_and_delegate(practice_exchange: PracticeExchange, ann: Mailbox) -> None:
    practice_exchange.add_account("EXAMPLE\\del", "secret", impersonation=False)
    practice_exchange.grant("EXAMPLE\\del", ann.address)
    ann.put("inbox", MIME)
    with stock.account(
        practice_exchange.url, ann.address, username="EXAMPLE\\del", password="secret", access="delegate", auth="ntlm"
    ) as account:
        assert [item.subject for item in account.inbox.all()] == ["Grüße"]


def test_reads_every_message(account: Any, ann: Mailbox, corpus: list[bytes]) -> None:
    for mime in corpus:
        ann.put("inbox", mime or b"\r\n")
    seen = list(account.inbox.all())
    assert len(seen) == len(corpus)
    by_id = {item.id: item.regenerated for item in ann.items("inbox")}
    assert {item.id: item.mime_content for item in seen} == by_id


def test_guesses_the_version_by_itself(practice_exchange: PracticeExchange, ann: Mailbox) -> None:
    from exchangelib import IMPERSONATION, Account, Configuration, Credentials
    from exchangelib.protocol import CachingProtocol

    try:
        configuration = Configuration(service_endpoint=practice_exchange.url, credentials=Credentials("svc", "secret"))
        account = Account(ann.address, config=configuration, access_type=IMPERSONATION)
        assert account.version.build.major_version == 15
        assert [zone.id for zone in account.protocol.get_timezones()] == ["UTC"]
    finally:
        CachingProtocol.clear_cache()
