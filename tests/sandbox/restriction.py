"""Restrictions and sort orders of FindItem as SQL, and of FindFolder as a condition.

String comparison ignores case, as in Exchange's store. Source: MS-OXWSSRCH.
"""

import re
from collections.abc import Callable
from typing import Final

from lxml import etree

from tests.sandbox import extended, items
from tests.sandbox.folders import FolderRow
from tests.sandbox.soap import RefusedError, SoapFaultError, T

#: Field URIs and properties that are columns.
_COLUMNS: Final = {
    "item:Subject": "subject",
    "item:ItemClass": "class",
    "item:DateTimeReceived": "received",
    "item:DateTimeSent": "sent",
    "item:DateTimeCreated": "created",
    "item:LastModifiedTime": "modified",
    "item:Size": "size",
    "message:InternetMessageId": "message_id",
    "message:IsRead": "(flags & 1)",
    "item:IsDraft": "(flags >> 3 & 1)",
    "item:Categories": "categories",
    items.DELIVERY_TIME: "received",
    items.SUBMIT_TIME: "sent",
    items.MESSAGE_FLAGS: "flags",
    "0x0037 String": "subject",
    "0x1035 String": "message_id",
    "0x001a String": "class",
    "0x3007 SystemTime": "created",
    "0x3008 SystemTime": "modified",
    "0x0e23 Integer": "id",
}
_NUMBERS: Final = {"id", "size", "flags", "(flags & 1)", "(flags >> 3 & 1)"}
_TIMES: Final = {"received", "sent", "created", "modified"}
_OPERATORS: Final = {
    "IsEqualTo": "=",
    "IsNotEqualTo": "!=",
    "IsGreaterThan": ">",
    "IsGreaterThanOrEqualTo": ">=",
    "IsLessThan": "<",
    "IsLessThanOrEqualTo": "<=",
}
_NUMERIC: Final = {"Integer", "Short", "Long", "Double", "Float", "Currency"}
_PATHS: Final = (f"{T}FieldURI", f"{T}ExtendedFieldURI", f"{T}IndexedFieldURI")


class Sql:
    """A condition, and the values for its question marks."""

    def __init__(self, text: str, values: list[object]) -> None:
        self.text = text
        self.values = values


def item_condition(element: etree._Element | None) -> Sql:
    """The items that a Restriction lets through. Raises SoapFaultError or RefusedError for what Exchange refuses."""
    if element is None or not len(element):
        return Sql("1", [])
    return _expression(element[0])


def item_order(element: etree._Element | None) -> str:
    """ORDER BY for a SortOrder; newest first without one."""
    terms = []
    for order in () if element is None else element:
        path = next((child for child in order if child.tag in _PATHS), None)
        column = None if path is None else _COLUMNS.get(_name(path))
        if column is None:
            raise RefusedError("ErrorUnsupportedPathForSortGroup", "The property can not be used for sorting.")
        terms.append(f"{column} {'DESC' if order.get('Order') == 'Descending' else 'ASC'}")
    return ", ".join([*terms, "id"]) if terms else "received DESC, id DESC"


def folder_condition(element: etree._Element | None) -> Callable[[FolderRow], bool]:
    """The folders that a Restriction lets through: comparisons of DisplayName and FolderClass."""
    if element is None or not len(element):
        return lambda _folder: True
    return _folder_expression(element[0])


def _expression(element: etree._Element) -> Sql:
    name = etree.QName(element).localname
    if name in {"And", "Or"}:
        return _joined(name, list(element))
    if name == "Not":
        inner = _expression(element[0])
        return Sql(f"NOT ({inner.text})", inner.values)
    path = next((child for child in element if child.tag in _PATHS), None)
    if path is None:
        raise RefusedError("ErrorInvalidRestriction", "The restriction names no property.")
    if name == "Exists":
        return _compare(path, "IS NOT NULL", None)
    if name in _OPERATORS:
        said = element.find(f"{T}FieldURIOrConstant/{T}Constant")
        if said is None:
            raise RefusedError("ErrorUnsupportedPathForQuery", "Only comparison with a constant is supported.")
        return _compare(path, _OPERATORS[name], said.get("Value", ""))
    if name == "Contains":
        return _contains(element, path)
    raise RefusedError("ErrorInvalidRestriction", f"The restriction {name} is not supported.")


def _joined(name: str, elements: list[etree._Element]) -> Sql:
    """And and Or; many comparisons of one property with constants become one look into the index."""
    keys = _keys(elements) if name == "Or" and len(elements) > 1 else None
    if keys is not None:
        marks = ", ".join("?" * (len(keys) - 1))
        text = f"id IN (SELECT item FROM property WHERE path = ? AND value COLLATE NOCASE IN ({marks}))"
        return Sql(text, keys)
    parts = [_expression(element) for element in elements]
    return Sql(
        "(" + f" {name.upper()} ".join(f"({part.text})" for part in parts) + ")",
        [value for part in parts for value in part.values],
    )


def _keys(elements: list[etree._Element]) -> list[object] | None:
    """Property key and values, when all elements compare the same kept property for equality."""
    found: list[object] = []
    for element in elements:
        uri = element.find(f"{T}ExtendedFieldURI")
        said = element.find(f"{T}FieldURIOrConstant/{T}Constant")
        if element.tag != f"{T}IsEqualTo" or uri is None or said is None:
            return None
        path = extended.path(uri)
        if path.key in _COLUMNS or (found and found[0] != path.key):
            return None
        found += [] if found else [path.key]
        found.append(extended.constant(path, said.get("Value", "")))
    return found


def _compare(path: etree._Element, operator: str, said: str | None) -> Sql:
    column = _COLUMNS.get(_name(path))
    if column == "categories":
        return Sql(
            "EXISTS (SELECT 1 FROM json_each(categories) c WHERE c.value = ? COLLATE NOCASE)"
            if said is not None
            else "categories != '[]'",
            [] if said is None else [said],
        )
    if column is not None:
        if said is None:
            return Sql(f"{column} IS NOT NULL", [])
        collate = "" if column in _NUMBERS else " COLLATE NOCASE"
        return Sql(f"{column} {operator} ?{collate}", [_constant(column, said)])
    if path.tag != f"{T}ExtendedFieldURI":
        raise RefusedError(
            "ErrorUnsupportedPathForQuery", "The property can not be used with this type of restriction."
        )
    prop = extended.path(path)
    if said is None:
        return Sql("id IN (SELECT item FROM property WHERE path = ?)", [prop.key])
    if prop.many:
        source = "SELECT p.item FROM property p, json_each(p.value) v WHERE p.path = ?"
        inner = f"{source} AND v.value {operator} ? COLLATE NOCASE"
        return Sql(f"id IN ({inner})", [prop.key, extended.constant(prop, said)])
    value = extended.constant(prop, said)
    if prop.type in _NUMERIC:
        return Sql(
            f"id IN (SELECT item FROM property WHERE path = ? AND CAST(value AS REAL) {operator} ?)",
            [prop.key, float(value)],
        )
    return Sql(
        f"id IN (SELECT item FROM property WHERE path = ? AND value {operator} ? COLLATE NOCASE)", [prop.key, value]
    )


def _contains(element: etree._Element, path: etree._Element) -> Sql:
    said = element.find(f"{T}Constant")
    value = "" if said is None else said.get("Value", "")
    mode = element.get("ContainmentMode", "Substring")
    if element.get("ContainmentComparison", "Exact") == "Exact":
        pattern = re.sub(r"([*?\[])", r"[\1]", value)
        star, operator = "*", "GLOB ?"
    else:
        pattern = re.sub(r"([%_\\])", r"\\\1", value)
        star, operator = "%", "LIKE ? ESCAPE '\\'"
    before = "" if mode in {"FullString", "Prefixed", "PrefixOnWords"} else star
    after = "" if mode == "FullString" else star
    like = f"{before}{pattern}{after}"
    column = _COLUMNS.get(_name(path))
    if column is not None and column not in _NUMBERS | _TIMES:
        return Sql(f"{column} {operator}", [like])
    if path.tag != f"{T}ExtendedFieldURI" or column is not None:
        raise RefusedError(
            "ErrorUnsupportedPathForQuery", "The property can not be used with this type of restriction."
        )
    return Sql(
        f"id IN (SELECT item FROM property WHERE path = ? AND value {operator})", [extended.path(path).key, like]
    )


def _constant(column: str, said: str) -> object:
    try:
        if column in _NUMBERS:
            return {"true": 1, "false": 0}.get(said.lower()) if said.lower() in {"true", "false"} else int(said, 0)
        return extended.instant(said) if column in _TIMES else said
    except ValueError:
        raise SoapFaultError(
            "ErrorInvalidValueForProperty", f"The value of a restriction is not valid: {said}"
        ) from None


def _name(path: etree._Element) -> str:
    return path.get("FieldURI", "") if path.tag == f"{T}FieldURI" else extended.path(path).key


def _folder_expression(element: etree._Element) -> Callable[[FolderRow], bool]:
    name = etree.QName(element).localname
    if name in {"And", "Or", "Not"}:
        parts = [_folder_expression(child) for child in element]
        if name == "Not":
            return lambda folder: not parts[0](folder)
        join = all if name == "And" else any
        return lambda folder: join(part(folder) for part in parts)
    uri = next((child for child in element if child.tag in _PATHS), None)
    read = None if uri is None else _OF_FOLDERS.get(_name(uri))
    if name == "Exists" and read is not None:
        return lambda folder: read(folder) != ""
    said = element.find(f".//{T}Constant")
    if read is None or said is None:
        raise RefusedError(
            "ErrorUnsupportedPathForQuery", "The property can not be used with this type of restriction."
        )
    value = said.get("Value", "").casefold()
    if name == "IsEqualTo":
        return lambda folder: read(folder) == value
    if name == "IsNotEqualTo":
        return lambda folder: read(folder) != value
    if name == "Contains":
        mode = element.get("ContainmentMode", "Substring")
        if mode == "FullString":
            return lambda folder: read(folder) == value
        return lambda folder: read(folder).startswith(value) if mode.startswith("Prefix") else value in read(folder)
    raise RefusedError("ErrorInvalidRestriction", f"The restriction {name} is not supported for folders.")


def _display_name(folder: FolderRow) -> str:
    return folder.name.casefold()


def _folder_class(folder: FolderRow) -> str:
    return folder.folder_class.casefold()


_OF_FOLDERS: Final = {
    "folder:DisplayName": _display_name,
    "folder:FolderClass": _folder_class,
    "0x3001 String": _display_name,
    "0x3613 String": _folder_class,
}
