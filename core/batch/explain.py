"""The batch file's problems from what the validation found, in the order of the file's tables."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.batch.consistency import contradictions
from core.batch.problem import Problem, ProblemsError, key_path, nearest, shown, wrong_type
from core.batch.unbuilt import key_not_built, value_not_built

Place = tuple[str | int, ...]
Keys = Mapping[tuple[str, ...], Mapping[str, str]]  # per table: its keys, each with an example where it is required

#: What a value must be, by pydantic's name for the error.
_WANTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "bool_type": "true or false, without quotes",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dict_type": "a table",
    "tuple_type": "an array",
    "union_tag_not_found": "a table",
}
_TABLES = ("source", "destination", "options")
_HEAD = re.compile(r"(\w*)(?:\[(\d+)\])?")


def explain(errors: Sequence[Mapping[str, Any]], table: Mapping[str, Any], keys: Keys) -> list[Problem]:
    """One problem for each of pydantic's errors, and those between keys; one place is told once.

    A key that an unknown key nearby was probably meant to be is not told as missing besides.
    """
    found: dict[str, Problem] = {}
    meant: dict[Place, str] = {}
    later: list[Problem] = []  # what may only follow from another problem
    for error in errors:
        loc: Place = error["loc"]
        if error["type"] == "union_tag_invalid":
            loc = (*loc, "kind")
        place = key_path(_without_tag(loc))
        if error["type"] == "default_factory_not_called" or (error["type"] == "too_short" and error["input"]):
            continue  # a default that hangs on a key which is wrong itself; an array whose entries all are
        if isinstance(raised := error.get("ctx", {}).get("error"), ProblemsError):
            later += raised.problems
        elif error["type"] == "extra_forbidden":
            near = nearest(str(loc[-1]), tuple(keys.get(_table_of(loc), {})))
            if near:
                meant[_without_tag(loc)] = near
            found[place] = Problem(place, _unknown(loc, near, keys))
        elif error["type"] == "missing":
            later.append(Problem(place, _missing(loc, keys)))
        else:
            found[place] = Problem(place, _wrong(loc, error) + _who(loc, table))
    told = {key_path((*place[:-1], name)) for place, name in meant.items()}
    for problem in (*later, *contradictions(_as_meant(table, meant))):
        if problem.key not in told:
            found.setdefault(problem.key, problem)
    return sorted(found.values(), key=lambda problem: _position(problem.key))


def _as_meant(table: Mapping[str, Any], meant: Mapping[Place, str]) -> Mapping[str, Any]:
    """The tables with misspelt keys mended, so that one slip in [source] is not told again for every mailbox."""
    mended = dict(table)
    for place, name in meant.items():
        wrong = str(place[-1])
        if len(place) == 1:
            mended.setdefault(name, mended.pop(wrong))
        elif len(place) == 2 and isinstance(inner := mended.get(str(place[0])), Mapping):
            renamed = dict(inner)
            renamed.setdefault(name, renamed.pop(wrong))
            mended[str(place[0])] = renamed
    return mended


def _position(key: str) -> tuple[int, int]:
    """Where the file usually has this key: tables in the contract's order, mailboxes in their own."""
    head = _HEAD.match(key)
    assert head is not None, "every part of the pattern may be empty"
    if head[1] == "mailboxes":
        return len(_TABLES) + 1, int(head[2] or 0)
    return (_TABLES.index(head[1]) + 1 if head[1] in _TABLES else 0), 0


def _wrong(loc: Place, error: Mapping[str, Any]) -> str:
    """A value that is not allowed."""
    value, context = error["input"], error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error" if isinstance(value, str):
            allowed = f"allowed: {_quoted(context['expected'])}"
            if value_not_built(str(loc[0]), str(loc[-1]), value):
                return f"{shown(value)} is not built yet; {allowed}"
            return f"{shown(value)} is not known; {allowed}"
        case "literal_error":
            return wrong_type(_quoted(context["expected"]), value)
        case "union_tag_invalid":
            kind, allowed = value["kind"], _quoted(context["expected_tags"])
            return (
                f"{shown(kind)} is not known; allowed: {allowed}"
                if isinstance(kind, str)
                else wrong_type(allowed, kind)
            )
        case "too_short":
            return "is empty; allowed: at least one [[mailboxes]]"
        case "tuple_type" if loc == ("mailboxes",):
            return f"{wrong_type('an array of tables', value)}; write [[mailboxes]] above each"
        case "model_type" if loc and loc[-1] in _TABLES:
            return f"{wrong_type('a table', value)}; write [{loc[-1]}] above its keys, once"
        case "union_tag_not_found":
            return f"{wrong_type('a table', value)}; write [destination] above its keys, once"
        case kind:
            return wrong_type(_WANTED[kind], value)


def _missing(loc: Place, keys: Keys) -> str:
    """A key or a table that must be there."""
    name = str(loc[-1])
    if len(loc) == 1 and name == "mailboxes":
        return "is missing; write at least one [[mailboxes]] with source and destination"
    if len(loc) == 1 and name in _TABLES:
        return f"is missing; write [{name}] and its keys below"
    return f'is missing; write for example {name} = "{keys[_table_of(loc)][name]}"'


def _unknown(loc: Place, near: str | None, keys: Keys) -> str:
    """A key that its table does not have."""
    name = str(loc[-1])
    if len(loc) > 1 and key_not_built(str(loc[0]), name):
        return "is not built yet; leave it out"
    if near:
        return f'unknown key; did you mean "{near}"?'
    homes = [_home(place) for place, known in keys.items() if name in known]
    if homes:
        return f"unknown key here; it belongs to {' or '.join(dict.fromkeys(homes))}"
    return f"unknown key; allowed: {', '.join(keys.get(_table_of(loc), {}))}"


def _home(place: tuple[str, ...]) -> str:
    """A table as the user writes it."""
    match place:
        case ():
            return "the top of the file"
        case ("mailboxes",):
            return "[[mailboxes]]"
        case ("destination", kind, *rest):
            return f'[{key_path(("destination", *rest))}] with kind = "{kind}"'
    return f"[{key_path(place)}]"


def _who(loc: Place, table: Mapping[str, Any]) -> str:
    """Which mailbox it is about, so that nobody has to count."""
    if len(loc) < 3 or loc[0] != "mailboxes" or not isinstance(loc[1], int) or loc[2] == "source":
        return ""
    name = table["mailboxes"][loc[1]].get("source")
    return f" (mailbox {shown(name)})" if isinstance(name, str) and name else ""


def _table_of(loc: Place) -> tuple[str, ...]:
    return tuple(step for step in loc[:-1] if isinstance(step, str))


def _without_tag(loc: Place) -> Place:
    """A place as the file has it: pydantic puts the destination's kind between."""
    return (loc[0], *loc[2:]) if len(loc) > 2 and loc[0] == "destination" else loc


def _quoted(expected: str) -> str:
    return expected.replace("'", '"')
