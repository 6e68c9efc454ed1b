"""CreateItem: messages from MIME, with the properties set beside it.

Source: MS-OXWSCORE 3.1.4.2 (CreateItem), MS-OXWSMSG; drafts by PR_MESSAGE_FLAGS (MS-OXCMSG).
"""

import base64
import binascii
from email.message import EmailMessage

from lxml import etree

from tests.sandbox import extended, folders, ids, items
from tests.sandbox.folders import FolderRow, MailboxRow
from tests.sandbox.items import Draft
from tests.sandbox.message import form
from tests.sandbox.operations.call import Call
from tests.sandbox.soap import Answer, M, RefusedError, SoapFaultError, T

EMPTY = "<m:Items/>"

#: Elements whose text is kept as a setting that wins over the MIME.
_SETTINGS = {
    "Subject",
    "Sensitivity",
    "Importance",
    "InReplyTo",
    "ReminderIsSet",
    "ReminderMinutesBeforeStart",
    "IsReadReceiptRequested",
    "IsDeliveryReceiptRequested",
    "InternetMessageId",
    "IsResponseRequested",
    "References",
    "Culture",
}
_BOOLEAN = {"true": "true", "1": "true", "false": "false", "0": "false"}
_FLAG = {"Flagged": "2", "Complete": "1"}


def create_item(call: Call) -> list[Answer]:
    """Store each message, or say why not."""
    if call.payload.get("MessageDisposition") is None:
        raise SoapFaultError("ErrorMessageDispositionRequired", "Message disposition is required for messages.")
    elements = call.child("Items")
    try:
        saved = call.payload.find(f"{M}SavedItemFolderId")
        folder = None if saved is None else call.folder_in("SavedItemFolderId")
        if folder is None:
            folder = folders.by_role(call.db, call.access.own(call.db, call.actor).id, "drafts")
        mailbox = folders.mailbox_of(call.db, folder.mailbox)
    except RefusedError as refusal:
        return [Answer(EMPTY, refusal.code, refusal.text, "Error") for _element in elements]
    if call.payload.get("MessageDisposition") != "SaveOnly":
        text = "Sending is not allowed here."
        return [Answer(EMPTY, "ErrorAccessDenied", text, "Error") for _element in elements]
    return call.each(elements, lambda element: _create(call, element, folder, mailbox), EMPTY)


def _create(call: Call, element: etree._Element, folder: FolderRow, mailbox: MailboxRow) -> Answer:
    if element.tag != f"{T}Message":
        raise RefusedError("ErrorInvalidItemForOperationCreateItem", "Only messages can be created here.")
    draft = draft_of(element)
    size = len(draft.mime)
    if mailbox.message_limit is not None and size > mailbox.message_limit:
        raise RefusedError("ErrorMessageSizeExceeded", "The message exceeds the maximum supported size.")
    if mailbox.quota is not None:
        used = call.db.execute("SELECT used FROM mailbox WHERE id = ?", (mailbox.id,)).fetchone()[0]
        if used + size > mailbox.quota:
            raise RefusedError("ErrorQuotaExceeded", "The mailbox has exceeded its quota.")
    wrong = form.fault(draft.mime) if call.strict and "MimeContent" in draft.explicit else None
    if wrong is not None:
        raise RefusedError(*wrong)
    number, change = items.create(call.db, folder, draft)
    return Answer(f"<m:Items><t:Message>{ids.item_id(mailbox.id, number, change)}</t:Message></m:Items>")


def draft_of(element: etree._Element) -> Draft:
    """What a Message element says. Raises RefusedError for values that Exchange does not take."""
    draft = Draft(b"")
    for child in element:
        name = etree.QName(child).localname
        said = child.text or ""
        if name == "ExtendedProperty":
            _extended(draft, child)
            continue
        draft.explicit.append(name)
        if name == "MimeContent":
            draft.mime = _mime(said)
        elif name == "ItemClass":
            draft.item_class = said
        elif name == "IsRead":
            draft.is_read = said.strip() in {"true", "1"}
        elif name == "Categories":
            draft.categories = tuple(dict.fromkeys(entry.text or "" for entry in child))
        elif name == "Flag":
            draft.properties[items.FLAG_STATUS] = _FLAG.get(child.findtext(f"{T}FlagStatus") or "", "0")
        elif name in _SETTINGS:
            draft.settings[name] = _BOOLEAN.get(said, said) if name.startswith("Is") else said
    if "MimeContent" not in draft.explicit:
        draft.mime = _composed(element)
    return draft


def _extended(draft: Draft, element: etree._Element) -> None:
    uri = element.find(f"{T}ExtendedFieldURI")
    assert uri is not None  # the schema demands it; without schemas the request is broken
    path = extended.path(uri)
    kept = extended.value(path, element)
    draft.explicit.append(path.key)
    if path.key == items.MESSAGE_FLAGS:
        draft.flags = int(kept)
    elif path.key == items.DELIVERY_TIME:
        draft.received = kept
    elif path.key == items.SUBMIT_TIME:
        draft.sent = kept
    else:
        draft.properties[path.key] = kept


def _mime(said: str) -> bytes:
    try:
        try:
            mime = base64.b64decode(said, validate=True)
        except binascii.Error:  # in lines, perhaps
            mime = base64.b64decode("".join(said.split()), validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError("ErrorMimeContentInvalidBase64String", "The MIME content is not valid base64.") from None
    if not mime:
        raise RefusedError("ErrorMimeContentInvalid", "The MIME content is empty or not valid.")
    return mime


def _composed(element: etree._Element) -> bytes:
    """MIME for a message that was given by its properties."""
    message = EmailMessage()
    for field, name in (("To", "ToRecipients"), ("Cc", "CcRecipients"), ("From", "From")):
        found = [entry.text or "" for entry in element.findall(f"{T}{name}//{T}EmailAddress")]
        if found:
            message[field] = ", ".join(found)
    message["Subject"] = " ".join((element.findtext(f"{T}Subject") or "").split())
    body = element.find(f"{T}Body")
    html = body is not None and body.get("BodyType") == "HTML"
    message.set_content((body.text if body is not None else "") or "", subtype="html" if html else "plain")
    return bytes(message)
