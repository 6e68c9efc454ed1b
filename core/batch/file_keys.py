"""The keys of a batch file, for whoever fills one in: what each is for, what is allowed, what counts without it.

Made from `core.batch.definition`, where they are defined.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from core.batch.definition import TABLES
from core.batch.reference import ALLOWED, check_reference
from core.batch.save import in_toml
from core.batch.values import Between


class Way(StrEnum):
    """How a value is written."""

    TEXT = "text"
    REFERENCE = "reference"  # to a secret
    NUMBER = "number"
    SWITCH = "switch"  # true or false
    CHOICE = "choice"  # one of a few words
    DATE = "date"
    ROWS = "rows"  # an array or a table, with as many entries as one likes
    TABLE = "table"  # of keys of its own


@dataclass(frozen=True, slots=True)
class FileKey:
    """One key. `default` is what counts when it is left out, as the file would say it; "" when nothing does.

    `optional` is false for what must be given, whatever else is.
    """

    name: str
    way: Way
    what: str
    optional: bool = True
    default: str = ""
    choices: tuple[str, ...] = ()
    allowed: str = ""


def _key(name: str, field: Any) -> FileKey:
    """The key that a field of a model defines."""
    kind, checks = _type_of(field)
    choices = tuple(str(choice) for choice in get_args(kind)) if get_origin(kind) is Literal else ()
    way = _way(kind, checks, choices)
    return FileKey(
        name,
        way,
        field.description or "",
        optional=not field.is_required(),
        default=_default(name, field),
        choices=("true", "false") if way is Way.SWITCH else choices,
        allowed=_allowed(way, checks, choices, [str(example) for example in field.examples or ()]),
    )


def _type_of(field: Any) -> tuple[Any, list[Any]]:
    """The type below all that is optional or annotated, and the checks on it."""
    kind, checks = field.annotation, [*field.metadata]
    while True:
        if get_origin(kind) is Annotated:
            kind, *more = get_args(kind)
            checks += more
        elif get_origin(kind) in {Union, types.UnionType} and type(None) in get_args(kind):
            (kind,) = (inner for inner in get_args(kind) if inner is not type(None))
        else:
            return kind, [getattr(check, "func", check) for check in checks]


def _way(kind: Any, checks: list[Any], choices: tuple[str, ...]) -> Way:
    if choices:
        return Way.CHOICE
    if check_reference in checks:
        return Way.REFERENCE
    if get_origin(kind) in {tuple, dict}:
        return Way.ROWS
    if hasattr(kind, "model_fields") or get_origin(kind) is not None:
        return Way.TABLE
    if any(isinstance(check, Between) for check in checks):
        return Way.NUMBER
    return {bool: Way.SWITCH, datetime: Way.DATE}.get(kind, Way.TEXT)


def _default(name: str, field: Any) -> str:
    if field.is_required() or field.default_factory is not None:
        return ""
    if field.default is None:
        return "auto" if "auto" in (field.examples or ()) else ""
    value = in_toml({name: field.default}).get(name)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value == () else str(value)


def _allowed(way: Way, checks: list[Any], choices: tuple[str, ...], examples: list[str]) -> str:
    bounds = next((check for check in checks if isinstance(check, Between)), None)
    if bounds is not None:
        return f"{bounds.low:,} to {bounds.high:,}"
    if choices:
        return " | ".join(choices)
    if way is Way.SWITCH:
        return "true | false"
    such_as = f"such as {' or '.join(examples)}" if examples else ""
    if way is Way.REFERENCE:
        return f"{ALLOWED.removeprefix('allowed: ')}; {such_as}"
    return such_as


def _file_keys() -> Mapping[tuple[str, ...], Mapping[str, FileKey]]:
    found = {
        place: {name: _key(name, field) for name, field in model.model_fields.items()}
        for place, model in TABLES.items()
    }
    kinds = tuple(place[1] for place in found if place[0:1] == ("destination",) and len(place) == 2)
    for kind in kinds:
        keys = found["destination", kind]
        keys["kind"] = replace(keys["kind"], default="ews", choices=kinds, allowed=" | ".join(kinds))
    return found


#: The keys of each table, by its place; of the destination by its kind. The place of the top is ().
FILE_KEYS = _file_keys()
