"""An item as a `t:Message` element: which property stands where, in the schema's order.

Source: MS-OXWSCORE (ItemType), MS-OXWSMSG (MessageType).
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.sandbox import extended, ids, items
from tests.sandbox.items import Item
from tests.sandbox.message import words
from tests.sandbox.message.parsed import Address
from tests.sandbox.message.regenerate import importance_of, sensitivity_of
from tests.sandbox.soap import attribute, text


@dataclass(frozen=True, slots=True)
class Shape:
    """What a client asked for: field URIs and extended properties; `find` for the cut-down view of FindItem."""

    fields: frozenset[str]
    properties: Sequence[extended.Path] = ()
    find: bool = False


def xml(item: Item, mailbox: int, shape: Shape) -> str:
    """The item as an element."""
    parts = []
    for uri, write, complicated in _FIELDS:
        if uri == "item:ItemId":
            parts.append(ids.item_id(mailbox, item.id, item.change))
        elif uri == "item:ParentFolderId" and uri in shape.fields:
            parts.append(ids.folder_id(mailbox, item.folder, 1, element="ParentFolderId"))
        elif uri == "extended":
            parts += _extended(item, shape)
        elif uri in shape.fields and not (complicated and shape.find):
            parts.append(write(item))
    return f"<t:Message>{''.join(parts)}</t:Message>"


def kept(item: Item, path: extended.Path) -> str | None:
    """The value of an extended property: computed where Exchange computes it, else as it was set."""
    compute = COMPUTED.get(path.key)
    return item.properties.get(path.key) if compute is None else compute(item)


def _extended(item: Item, shape: Shape) -> list[str]:
    found = ((path, kept(item, path)) for path in shape.properties)
    return [extended.xml(path, value, find=shape.find) for path, value in found if value is not None]


def _flags(item: Item) -> str:
    """PR_MESSAGE_FLAGS as it reads back: with the bits that only the server sets."""
    more = items.HAS_ATTACH if item.parsed.attachments else 0
    return str(item.flags | more | (items.EVER_READ if item.is_read else 0))


#: Extended properties that the server works out; they are read-only once an item is there.
COMPUTED: Final[dict[str, Callable[[Item], str | None]]] = {
    items.MESSAGE_FLAGS: _flags,
    items.DELIVERY_TIME: lambda item: item.received,
    items.SUBMIT_TIME: lambda item: item.sent,
    "0x0037 String": lambda item: item.subject,
    "0x1035 String": lambda item: item.message_id or None,
    "0x001a String": lambda item: item.item_class,
    "0x0e08 Integer": lambda item: str(item.size),
    "0x0e08 Long": lambda item: str(item.size),
    "0x3007 SystemTime": lambda item: item.created,
    "0x3008 SystemTime": lambda item: item.modified,
    "0x007d String": lambda item: item.parsed.transport_headers,
    "0x0e23 Integer": lambda item: str(item.id),  # PidTagInternetArticleNumber: the IMAP UID
    "0x0e1b Boolean": lambda item: _boolean(bool(item.parsed.attachments)),
}


def _boolean(value: bool) -> str:
    return "true" if value else "false"


def _tag(name: str, value: str) -> str:
    return f"<t:{name}>{text(value)}</t:{name}>"


def _some(name: str, value: str | None) -> str:
    return _tag(name, value) if value else ""


def _mime(item: Item) -> str:
    return f'<t:MimeContent CharacterSet="UTF-8">{base64.b64encode(item.regenerated).decode()}</t:MimeContent>'


def _body(item: Item) -> str:
    kind, said = item.parsed.body
    return f'<t:Body BodyType="{kind}">{text(said)}</t:Body>'


def _attachments(item: Item) -> str:
    found = []
    for number, entry in enumerate(item.parsed.attachments):
        identifier = ids.attachment_id(item.id, number)
        inner = (
            f'<t:AttachmentId Id="{identifier}"/><t:Name>{text(entry.name or "attachment")}</t:Name>'
            f"<t:ContentType>{text(entry.content_type)}</t:ContentType>{_some('ContentId', entry.content_id)}"
            f"<t:Size>{len(entry.data)}</t:Size><t:IsInline>{_boolean(entry.inline)}</t:IsInline>"
        )
        found.append(f"<t:FileAttachment>{inner}</t:FileAttachment>")
    return f"<t:Attachments>{''.join(found)}</t:Attachments>" if found else ""


def _categories(item: Item) -> str:
    strings = "".join(f"<t:String>{text(name)}</t:String>" for name in item.categories)
    return f"<t:Categories>{strings}</t:Categories>" if strings else ""


def _headers(item: Item) -> str:
    found = "".join(
        f"<t:InternetMessageHeader HeaderName={attribute(name)}>{text(words.decode(value))}</t:InternetMessageHeader>"
        for name, value in item.parsed.headers
    )
    return f"<t:InternetMessageHeaders>{found}</t:InternetMessageHeaders>" if found else ""


def _flag(item: Item) -> str:
    status = {"2": "Flagged", "1": "Complete"}.get(item.properties.get(items.FLAG_STATUS, ""), "NotFlagged")
    return f"<t:Flag><t:FlagStatus>{status}</t:FlagStatus></t:Flag>"


def _mailbox(entry: Address) -> str:
    routing = "<t:RoutingType>SMTP</t:RoutingType>" if entry.address else ""
    inner = f"<t:Name>{text(entry.name or entry.address)}</t:Name>{_some('EmailAddress', entry.address)}{routing}"
    return f"<t:Mailbox>{inner}</t:Mailbox>"


def _one(name: str, field: str) -> Callable[[Item], str]:
    def write(item: Item) -> str:
        found = item.parsed.addresses(field) or item.parsed.addresses("From")
        return f"<t:{name}>{_mailbox(found[0])}</t:{name}>" if found else ""

    return write


def _many(name: str, field: str) -> Callable[[Item], str]:
    def write(item: Item) -> str:
        inner = "".join(_mailbox(entry) for entry in item.parsed.addresses(field))
        return f"<t:{name}>{inner}</t:{name}>" if inner else ""

    return write


def _display(name: str, field: str) -> Callable[[Item], str]:
    def write(item: Item) -> str:
        return _tag(name, "; ".join(entry.name or entry.address for entry in item.parsed.addresses(field)))

    return write


def _receipt(name: str, field: str) -> Callable[[Item], str]:
    def write(item: Item) -> str:
        return _tag(name, item.settings.get(name, _boolean(item.parsed.raw(field) is not None)))

    return write


def _nothing(item: Item) -> str:
    raise AssertionError(f"written elsewhere: {item.id}")


#: Field URI, how it is written, and whether FindItem leaves it out.
_FIELDS: Final[tuple[tuple[str, Callable[[Item], str], bool], ...]] = (
    ("item:MimeContent", _mime, True),
    ("item:ItemId", _nothing, False),
    ("item:ParentFolderId", _nothing, False),
    ("item:ItemClass", lambda item: _tag("ItemClass", item.item_class), False),
    ("item:Subject", lambda item: _some("Subject", item.subject), False),
    (
        "item:Sensitivity",
        lambda item: _tag("Sensitivity", item.settings.get("Sensitivity", sensitivity_of(item.parsed))),
        False,
    ),
    ("item:Body", _body, True),
    ("item:Attachments", _attachments, True),
    ("item:DateTimeReceived", lambda item: _tag("DateTimeReceived", item.received), False),
    ("item:Size", lambda item: _tag("Size", str(item.size)), False),
    ("item:Categories", _categories, False),
    (
        "item:Importance",
        lambda item: _tag("Importance", item.settings.get("Importance", importance_of(item.parsed))),
        False,
    ),
    (
        "item:InReplyTo",
        lambda item: _some("InReplyTo", item.settings.get("InReplyTo", item.parsed.text("In-Reply-To"))),
        False,
    ),
    ("item:IsSubmitted", lambda item: _tag("IsSubmitted", "false"), False),
    ("item:IsDraft", lambda item: _tag("IsDraft", _boolean(item.is_draft)), False),
    ("item:IsFromMe", lambda item: _tag("IsFromMe", "false"), False),
    ("item:IsResend", lambda item: _tag("IsResend", "false"), False),
    ("item:IsUnmodified", lambda item: _tag("IsUnmodified", "false"), False),
    ("item:InternetMessageHeaders", _headers, True),
    ("item:DateTimeSent", lambda item: _some("DateTimeSent", item.sent), False),
    ("item:DateTimeCreated", lambda item: _tag("DateTimeCreated", item.created), False),
    (
        "item:ReminderIsSet",
        lambda item: _tag("ReminderIsSet", item.settings.get("ReminderIsSet", "false")),
        False,
    ),
    (
        "item:ReminderMinutesBeforeStart",
        lambda item: _tag("ReminderMinutesBeforeStart", item.settings.get("ReminderMinutesBeforeStart", "0")),
        False,
    ),
    ("item:DisplayCc", _display("DisplayCc", "Cc"), False),
    ("item:DisplayTo", _display("DisplayTo", "To"), False),
    ("item:HasAttachments", lambda item: _tag("HasAttachments", _boolean(bool(item.parsed.attachments))), False),
    ("extended", _nothing, False),
    ("item:LastModifiedTime", lambda item: _tag("LastModifiedTime", item.modified), False),
    ("item:IsAssociated", lambda item: _tag("IsAssociated", "false"), False),
    ("item:Flag", _flag, False),
    ("message:Sender", _one("Sender", "Sender"), False),
    ("message:ToRecipients", _many("ToRecipients", "To"), True),
    ("message:CcRecipients", _many("CcRecipients", "Cc"), True),
    ("message:BccRecipients", _many("BccRecipients", "Bcc"), True),
    ("message:IsReadReceiptRequested", _receipt("IsReadReceiptRequested", "Disposition-Notification-To"), False),
    ("message:IsDeliveryReceiptRequested", _receipt("IsDeliveryReceiptRequested", "Return-Receipt-To"), False),
    ("message:ConversationTopic", lambda item: _some("ConversationTopic", item.subject), False),
    ("message:From", _one("From", "From"), False),
    ("message:InternetMessageId", lambda item: _some("InternetMessageId", item.message_id), False),
    ("message:IsRead", lambda item: _tag("IsRead", _boolean(item.is_read)), False),
    (
        "message:IsResponseRequested",
        lambda item: _tag("IsResponseRequested", item.settings.get("IsResponseRequested", "false")),
        False,
    ),
    (
        "message:References",
        lambda item: _some("References", item.settings.get("References", item.parsed.text("References"))),
        False,
    ),
    ("message:ReplyTo", _many("ReplyTo", "Reply-To"), True),
)

#: What the base shapes hold beside the id.
DEFAULT: Final = frozenset(
    f"item:{name}" for name in ("Subject", "Sensitivity", "DateTimeSent", "Size", "HasAttachments", "Importance")
) | frozenset(f"message:{name}" for name in ("From", "IsRead", "InternetMessageId"))
ALL: Final = frozenset(uri for uri, _write, _long in _FIELDS if ":" in uri) - {"item:MimeContent"}
