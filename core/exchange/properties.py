"""A message's flags, keywords and date as Exchange keeps them (MS-OXPROPS), and back.

Only what the source says is written: an element that is not sent leaves the property as the MIME conversion made it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from core.exchange.soap import TYPES, Element, text
from core.mail.flags import ANSWERED, DRAFT, FLAGGED, FORWARDED, SEEN, Flags
from core.ports.destination import Outgoing

#: Our own property set; the name in it holds a message's source key (PS_PUBLIC_STRINGS would show it to users).
SOURCE_KEY: Final = (
    '<t:ExtendedFieldURI PropertySetId="81c7b681-0256-4601-9598-9b7d7498820e"'
    ' PropertyName="mailcutover-source-key" PropertyType="String"/>'
)

_MESSAGE_FLAGS: Final = 0x0E07  # PidTagMessageFlags: without it, Exchange makes a draft of a created item
_DELIVERY_TIME: Final = 0x0E06  # PidTagMessageDeliveryTime
_FLAG_STATUS: Final = 0x1090  # PidTagFlagStatus: 2 flagged, 1 completed
_FOLLOWUP_ICON: Final = 0x1095  # PidTagFollowupIcon: 6 red
_LAST_VERB: Final = 0x1081  # PidTagLastVerbExecuted
_LAST_VERB_TIME: Final = 0x1082  # PidTagLastVerbExecutionTime
_ICON: Final = 0x1080  # PidTagIconIndex
_TIMES: Final = frozenset({_DELIVERY_TIME, _LAST_VERB_TIME})

_READ, _UNSENT = 1, 8
_COMPLETED, _FLAGGED = 1, 2
_REPLIED, _REPLIED_ALL, _FORWARDED = 102, 103, 104
_ICONS: Final = {_REPLIED: 261, _FORWARDED: 262}

#: What a FILETIME can hold and Outlook does not take for "none" (the year 4501).
_FIRST, _LAST = datetime(1602, 1, 1, tzinfo=UTC), datetime(4500, 12, 31, 23, 59, 59, tzinfo=UTC)

#: What `State` is read from, as AdditionalProperties of a shape.
STATE: Final = '<t:FieldURI FieldURI="item:ParentFolderId"/><t:FieldURI FieldURI="item:Categories"/>' + "".join(
    f'<t:ExtendedFieldURI PropertyTag="0x{tag:04X}" PropertyType="Integer"/>'
    for tag in (_MESSAGE_FLAGS, _FLAG_STATUS, _LAST_VERB)
)


@dataclass(frozen=True, slots=True)
class State:
    """What an item shows now. `version` is its ChangeKey, `folder` the id of the folder that it is in."""

    item: str
    version: str
    folder: str
    flags: Flags
    touched: Flags
    categories: tuple[str, ...]


def created(message: Outgoing, *, keep_receipts: bool) -> tuple[str, tuple[str, ...]]:
    """What follows a new message's MimeContent, in the schema's order; and the keywords that cannot be kept."""
    shape = _shape(message.flags, keep_receipts)
    key = f"<t:ExtendedProperty>{SOURCE_KEY}<t:Value>{text(message.token)}</t:Value></t:ExtendedProperty>"
    when = _systime(message.received)
    times = "" if when is None else "".join(_property(tag, when) for tag in shape.times)
    return f"{shape.before}{key}{shape.properties}{times}{shape.after}", shape.dropped


@dataclass(frozen=True, slots=True)
class _Shape:
    """What does not depend on one message: XML in its order, and which properties are its time."""

    before: str
    properties: str
    after: str
    times: tuple[int, ...]
    dropped: tuple[str, ...]


@lru_cache(maxsize=4096)  # a mailbox has few sets of flags, and many messages
def _shape(flags: Flags, keep_receipts: bool) -> _Shape:
    seen, draft = SEEN in flags, DRAFT in flags
    categories, dropped = _categories(flags.keywords)
    values: dict[int, int] = {_MESSAGE_FLAGS: (_READ if seen else 0) | (_UNSENT if draft else 0)}
    if FLAGGED in flags:
        values |= {_FLAG_STATUS: _FLAGGED, _FOLLOWUP_ICON: 6}
    verb = _REPLIED if ANSWERED in flags else _FORWARDED if FORWARDED in flags else None
    if verb is not None:
        values |= _verb(verb)
    receipts = "" if keep_receipts else "<t:IsReadReceiptRequested>false</t:IsReadReceiptRequested>"
    if verb == _REPLIED and FORWARDED in flags:  # Exchange knows the last of the two only
        dropped = (*dropped, FORWARDED)
    return _Shape(
        f"<t:Categories>{_strings(categories)}</t:Categories>" if categories else "",
        "".join(_property(tag, value) for tag, value in values.items()),
        f"{receipts}<t:IsRead>{'true' if seen else 'false'}</t:IsRead>",
        # IMAP knows no time for the last verb: the message's own stands in.
        (_DELIVERY_TIME,) if verb is None else (_DELIVERY_TIME, _LAST_VERB_TIME),
        dropped,
    )


def nearest_time(moment: datetime) -> datetime:
    """The closest instant that Exchange can keep."""
    return min(max(moment, _FIRST), _LAST)


def needs_state(changed: Iterable[str]) -> bool:
    """Whether these flags can be changed only by who knows what the item shows now."""
    return any(flag not in {SEEN, FLAGGED} for flag in Flags.of(changed))


def changed(add: Flags, remove: Flags, state: State | None) -> tuple[str, tuple[str, ...]]:
    """The updates that add and remove flags, and nothing else; and the flags that cannot be kept.

    `state` may be None where `needs_state` says so.
    """
    xml: list[str] = []
    dropped: tuple[str, ...] = (DRAFT,) if DRAFT in add or DRAFT in remove else ()  # fixed once an item is saved
    if SEEN in add or SEEN in remove:
        value = "true" if SEEN in add else "false"
        xml.append(_set('<t:FieldURI FieldURI="message:IsRead"/>', f"<t:IsRead>{value}</t:IsRead>"))
    if FLAGGED in add:
        xml += [_set_tag(_FLAG_STATUS, _FLAGGED), _set_tag(_FOLLOWUP_ICON, 6)]
    elif FLAGGED in remove:
        xml += [_delete_tag(_FLAG_STATUS), _delete_tag(_FOLLOWUP_ICON)]
    if state is None:
        return "".join(xml), dropped
    if ANSWERED in add or (FORWARDED in add and ANSWERED not in state.flags):
        verb = _REPLIED if ANSWERED in add else _FORWARDED
        xml += [_set_tag(tag, value) for tag, value in _verb(verb).items()]
    elif ANSWERED in remove or (FORWARDED in remove and ANSWERED not in state.flags):
        xml += [_delete_tag(_LAST_VERB), _delete_tag(_LAST_VERB_TIME), _delete_tag(_ICON)]
    if FORWARDED in add and (ANSWERED in add or ANSWERED in state.flags):
        dropped = (*dropped, FORWARDED)
    wanted, lost = _categories(add.keywords)
    kept = [name for name in state.categories if name not in remove]
    kept += [name for name in wanted if name not in Flags(kept)]
    if tuple(kept) != state.categories:
        field = '<t:FieldURI FieldURI="item:Categories"/>'
        list_ = f"<t:Categories>{_strings(kept)}</t:Categories>"
        xml.append(_set(field, list_) if kept else f"<t:DeleteItemField>{field}</t:DeleteItemField>")
    return "".join(xml), (*dropped, *lost)


def shown(item: Element) -> State:
    """What an item of a GetItem answer shows."""
    found = item.find(f"{TYPES}ItemId")
    above = item.find(f"{TYPES}ParentFolderId")
    values = _values(item)
    categories = tuple(element.text or "" for element in item.iterfind(f"{TYPES}Categories/{TYPES}String"))
    flags = [name for name in categories if name and " " not in name]  # one with a space was never a keyword
    bits = values.get(_MESSAGE_FLAGS, 0)
    flags += [flag for flag, bit in ((SEEN, _READ), (DRAFT, _UNSENT)) if bits & bit]
    status, verb = values.get(_FLAG_STATUS), values.get(_LAST_VERB)
    if status == _FLAGGED:
        flags.append(FLAGGED)
    if verb in {_REPLIED, _REPLIED_ALL}:
        flags.append(ANSWERED)
    elif verb == _FORWARDED:
        flags.append(FORWARDED)
    return State(
        _get(found, "Id"),
        _get(found, "ChangeKey"),
        _get(above, "Id"),
        Flags.of(flags),
        Flags([FLAGGED]) if status == _COMPLETED else Flags(),
        categories,
    )


def source_key(item: Element) -> str | None:
    """The source key that an item carries, where it was asked for."""
    for element in item.iterfind(f"{TYPES}ExtendedProperty"):
        uri = element.find(f"{TYPES}ExtendedFieldURI")
        if uri is not None and uri.get("PropertyName") is not None:
            return element.findtext(f"{TYPES}Value")
    return None


def _get(element: Element | None, name: str) -> str:
    return "" if element is None else element.get(name) or ""


def _values(item: Element) -> dict[int, int]:
    """Integer properties by tag; a server may write a tag in any form."""
    values = {}
    for element in item.iterfind(f"{TYPES}ExtendedProperty"):
        uri = element.find(f"{TYPES}ExtendedFieldURI")
        tag = None if uri is None else uri.get("PropertyTag")
        value = element.findtext(f"{TYPES}Value")
        if tag and value:
            values[int(tag, 16)] = int(value)
    return values


def _categories(keywords: Iterable[str]) -> tuple[list[str], tuple[str, ...]]:
    """Keywords as categories. Outlook parts categories at comma and semicolon; a name has at most 255 characters."""
    kept: list[str] = []
    dropped: list[str] = []
    for keyword in keywords:
        if keyword.lower() == FORWARDED.lower():
            continue
        possible = len(keyword) <= 255 and not set(keyword) & {",", ";"} and keyword.isprintable()
        (kept if possible else dropped).append(keyword)
    return kept, tuple(dropped)


def _verb(verb: int) -> dict[int, int]:
    """The last verb with its icon."""
    return {_LAST_VERB: verb, _ICON: _ICONS[verb]}


def _systime(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return f"{nearest_time(moment).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _uri(tag: int) -> str:
    kind = "SystemTime" if tag in _TIMES else "Integer"
    return f'<t:ExtendedFieldURI PropertyTag="0x{tag:04X}" PropertyType="{kind}"/>'


def _property(tag: int, value: int | str) -> str:
    return f"<t:ExtendedProperty>{_uri(tag)}<t:Value>{value}</t:Value></t:ExtendedProperty>"


def _strings(values: Iterable[str]) -> str:
    return "".join(f"<t:String>{text(value)}</t:String>" for value in values)


def _set(field: str, value: str) -> str:
    return f"<t:SetItemField>{field}<t:Message>{value}</t:Message></t:SetItemField>"


def _set_tag(tag: int, value: int | str) -> str:
    return _set(_uri(tag), _property(tag, value))


def _delete_tag(tag: int) -> str:
    return f"<t:DeleteItemField>{_uri(tag)}</t:DeleteItemField>"
