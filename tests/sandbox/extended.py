"""Extended properties: how they are named, and what their values must look like.

Source: MS-OXWSXPROP (ExtendedFieldURI, property types), MS-OXPROPS (the numbers).
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from lxml import etree

from tests.sandbox.soap import RefusedError, T, attribute, text

#: FindItem cuts strings here; GetItem does not.
FIND_STRING: Final = 255

_SETS: Final = {
    "Meeting": "6ed8da90-450b-101b-98da-00aa003f1305",
    "Appointment": "00062002-0000-0000-c000-000000000046",
    "Common": "00062008-0000-0000-c000-000000000046",
    "PublicStrings": "00020329-0000-0000-c000-000000000046",
    "Address": "00062004-0000-0000-c000-000000000046",
    "InternetHeaders": "00020386-0000-0000-c000-000000000046",
    "CalendarAssistant": "11000e07-b51b-40d6-af21-caa85edab1d0",
    "UnifiedMessaging": "4442858e-a9e3-4e80-b900-317a210cc15b",
    "Task": "00062003-0000-0000-c000-000000000046",
    "Sharing": "00062040-0000-0000-c000-000000000046",
}
_WHOLE: Final = {"Integer": 32, "Short": 16, "Long": 64}
_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?")


@dataclass(frozen=True, slots=True)
class Path:
    """One property. `key` names it, type included: ``0x0e07 Integer`` or ``{guid}/imap-source-key String``.

    `uri` is the ExtendedFieldURI element as it was asked for, so that an answer can say it back.
    """

    key: str
    type: str
    uri: str

    @property
    def many(self) -> bool:
        """Whether it holds a list."""
        return self.type.endswith("Array")


def path(element: etree._Element) -> Path:
    """The property that an ExtendedFieldURI names. Raises RefusedError(ErrorInvalidExtendedProperty)."""
    return _path(tuple((str(name), str(value)) for name, value in element.attrib.items()))


@lru_cache(maxsize=4096)
def _path(attributes: tuple[tuple[str, str], ...]) -> Path:
    given = dict(attributes)
    kind = given.get("PropertyType", "")
    tag = given.get("PropertyTag")
    group = given.get("PropertySetId") or _SETS.get(given.get("DistinguishedPropertySetId", ""))
    name, number = given.get("PropertyName"), given.get("PropertyId")
    if tag is not None and group is None and name is None and number is None:
        value = int(tag, 16)
        if value >= 0x8000:  # named properties have no tag of their own
            raise RefusedError("ErrorInvalidExtendedProperty", "The extended property tag is not valid.")
        key = f"0x{value:04x}"
    elif tag is None and group is not None and (name is None) != (number is None):
        key = f"{{{group.lower()}}}/" + (name if name is not None else f"#{int(number or 0)}")
    else:
        raise RefusedError("ErrorInvalidExtendedProperty", "The extended property attribute combination is invalid.")
    said = "".join(f" {name}={attribute(value)}" for name, value in attributes)
    return Path(f"{key} {kind}", kind, f"<t:ExtendedFieldURI{said}/>")


def value(path: Path, element: etree._Element) -> str:
    """The value of an ExtendedProperty element in the form it is kept: text, or a JSON list for an array.

    Raises RefusedError(ErrorInvalidExtendedPropertyValue) for a value that is not of the property's type.
    """
    if path.many:
        found = element.findall(f"{T}Values/{T}Value")
        return json.dumps([_scalar(path.type.removesuffix("Array"), entry.text or "") for entry in found])
    return _scalar(path.type, element.findtext(f"{T}Value") or "")


def constant(path: Path, said: str) -> str:
    """The value of a restriction's constant, in the form values are kept."""
    return _scalar(path.type.removesuffix("Array"), said)


def xml(path: Path, kept: str, *, find: bool) -> str:
    """An ExtendedProperty element; in FindItem (`find`) long strings are cut."""
    if path.many:
        values = "".join(f"<t:Value>{text(entry)}</t:Value>" for entry in json.loads(kept))
        return f"<t:ExtendedProperty>{path.uri}<t:Values>{values}</t:Values></t:ExtendedProperty>"
    shown = kept[:FIND_STRING] if find and path.type == "String" else kept
    return f"<t:ExtendedProperty>{path.uri}<t:Value>{text(shown)}</t:Value></t:ExtendedProperty>"


def instant(said: str) -> str:
    """A dateTime as UTC to the second, ``2019-03-04T05:06:07Z``. Raises ValueError."""
    match = _DATE.fullmatch(said.strip())
    if match is None:
        raise ValueError(said)
    zone = match[3] or "Z"
    when = datetime.fromisoformat(match[1] + ("+00:00" if zone == "Z" else zone))
    if zone == "Z":
        return match[1] + "Z"
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _whole(said: str, bits: int) -> int:
    number = int(said.strip(), 0)
    if not -(1 << bits - 1) <= number < 1 << bits:  # unsigned ones are taken too
        raise ValueError(said)
    return number


def _scalar(kind: str, said: str) -> str:
    try:
        if kind in _WHOLE:
            return str(_whole(said, _WHOLE[kind]))
        if kind == "Boolean":
            return {"true": "true", "1": "true", "false": "false", "0": "false"}[said.strip().lower()]
        if kind == "SystemTime":
            return instant(said)
        if kind == "Binary":
            return base64.b64encode(base64.b64decode(said, validate=True)).decode()
        if kind in {"Double", "Float", "Currency", "ApplicationTime"}:
            return repr(float(said))
    except (ValueError, KeyError, OverflowError, binascii.Error):
        raise RefusedError(
            "ErrorInvalidExtendedPropertyValue", f"The value of an extended property of type {kind} is not valid."
        ) from None
    return said
