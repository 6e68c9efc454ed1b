"""Real and nasty messages: each stored once, byte for byte as it came, and seen by a client that is not ours."""

from collections import Counter
from datetime import timedelta

from exchangelib import BASIC, IMPERSONATION, Account, Configuration, Credentials, Message, Version
from exchangelib.extended_properties import ExtendedProperty
from exchangelib.protocol import CachingProtocol
from exchangelib.version import Build

from core.ports.destination import Outgoing, Written
from tests.core.exchange.conftest import ADMIN, PASSWORD, WHEN, Box, inbox, outgoing

FLAGS: list[tuple[str, ...]] = [("\\Seen",), (), ("\\Flagged", "work"), ("\\Answered", "\\Seen"), ("\\Draft",)]
FIELDS = ["source_key", "flag_status", "is_read", "is_draft", "categories", "datetime_received", "mime_content"]


class SourceKey(ExtendedProperty):  # type: ignore[misc]
    property_set_id = "81c7b681-0256-4601-9598-9b7d7498820e"
    property_name = "mailcutover-source-key"
    property_type = "String"


class FlagStatus(ExtendedProperty):  # type: ignore[misc]
    property_tag = 0x1090
    property_type = "Integer"


def messages(corpus: list[bytes]) -> list[Outgoing]:
    """The corpus with dates and flags of all kinds."""
    return [
        outgoing(number, *FLAGS[number % len(FLAGS)], data=data, received=WHEN + timedelta(hours=number))
        for number, data in enumerate(corpus)
    ]


def write(box: Box, sent: list[Outgoing]) -> list[Written]:
    """Write in batches, as a pass does."""
    destination = box.connected()
    folder = inbox(destination)
    written: list[Written] = []
    while len(written) < len(sent):
        written += destination.write(folder, sent[len(written) :][: destination.limits.batch_messages])
    return written


def seen_by_exchangelib(box: Box) -> list[Message]:
    """What exchangelib, as it is, reads from the inbox."""
    Message.register("source_key", SourceKey)
    Message.register("flag_status", FlagStatus)
    try:
        account = Account(
            box.address,
            config=Configuration(
                service_endpoint=box.server.url,
                credentials=Credentials(ADMIN, PASSWORD.encode().decode("latin-1")),  # it writes Latin-1 only
                auth_type=BASIC,
                version=Version(build=Build(15, 1, 2507, 6), api_version="Exchange2016"),
            ),
            access_type=IMPERSONATION,
        )
        return list(account.inbox.all().only(*FIELDS))
    finally:
        Message.deregister("source_key")
        Message.deregister("flag_status")
        CachingProtocol.clear_cache()


def test_every_message_is_stored_once_as_it_came_and_another_client_sees_it(box: Box, corpus: list[bytes]) -> None:
    sent = messages(corpus)
    written = write(box, sent)
    refused = {each.token for each in written if each.failure}
    assert refused == {message.token for message in sent if not message.body.size}
    stored = {message.token: message for message in sent if message.token not in refused}
    items = box.mailbox.items("inbox")
    assert [each.item for each in written if each.item] == [item.id for item in items]
    assert Counter(box.tokens("inbox")) == Counter(stored.keys())
    kept = dict(zip(box.tokens("inbox"), items, strict=True))
    for token, message in stored.items():
        assert kept[token].mime == message.body.read()
    seen = seen_by_exchangelib(box)
    assert Counter(item.source_key for item in seen) == Counter(stored.keys())
    for item in seen:
        message = stored[item.source_key]
        assert message.received is not None
        assert item.datetime_received.timestamp() == message.received.timestamp()
        assert item.is_read == ("\\Seen" in message.flags)
        assert item.is_draft == ("\\Draft" in message.flags)
        assert (item.flag_status == 2) == ("\\Flagged" in message.flags)
        assert (item.categories or []) == message.flags.keywords
        assert item.mime_content == kept[item.source_key].regenerated
