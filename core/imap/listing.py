"""LIST, LSUB and NAMESPACE: which folders there are (RFC 3501, 6.3.8; RFC 2342; RFC 5258; RFC 6154)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.imap.connection import Connection
from core.imap.wire import GarbledError, Response, astring
from core.mail.body import Body

_LIST = re.compile(rb'\(([^)]*)\) (?:"(\\?.)"|NIL|"") ?(.*)', re.DOTALL)
_QUOTED_SIGN = re.compile(rb'\\(["\\])')
# One level of a namespace response: quoted strings and the parentheses around them.
_NAMESPACE = re.compile(rb'\( ?(?:"((?:[^"\\]|\\.)*)"|(NIL)) (?:"(\\?.)"|NIL|"")')


@dataclass(frozen=True, slots=True)
class Namespace:
    """A personal namespace: what every name in it begins with, and what stands between levels (empty: no levels)."""

    prefix: bytes = b""
    separator: bytes = b""


@dataclass(frozen=True, slots=True)
class Listed:
    r"""A folder as LIST names it. `attributes` are in small letters, such as ``\noselect``."""

    name: bytes
    separator: bytes
    attributes: frozenset[str]
    subscribed: bool = False

    @property
    def selectable(self) -> bool:
        """Whether it can hold messages."""
        return not self.attributes & {"\\noselect", "\\nonexistent"}


def personal_namespaces(connection: Connection) -> tuple[Namespace, ...]:
    """The personal namespaces as the server tells them; empty where it does not."""
    if not connection.has("NAMESPACE"):
        return ()
    found: list[Namespace] = []

    def take(response: Response) -> None:
        if response.kind == b"NAMESPACE":
            found.extend(_namespaces(_joined(response)))

    connection.order(b"NAMESPACE", take)
    return tuple(found)


def list_folders(connection: Connection, patterns: Iterable[bytes] = (b"*",)) -> list[Listed]:
    """Every folder that matches one of the patterns, each once, with its special uses and whether it is subscribed."""
    found: dict[bytes, Listed] = {}
    if connection.has("LIST-EXTENDED"):
        uses = b" SPECIAL-USE" if connection.has("SPECIAL-USE") else b""
        for pattern in patterns:
            listed = _ask(connection, b'LIST "" ' + astring(pattern) + b" RETURN (SUBSCRIBED" + uses + b")")
            found.update((folder.name, folder) for folder in listed)
        return list(found.values())
    for pattern in patterns:
        found.update((folder.name, folder) for folder in _ask(connection, b'LIST "" ' + astring(pattern)))
        for subscribed in _ask(connection, b'LSUB "" ' + astring(pattern)):
            # LSUB also names what is gone, and parents of what is subscribed (with \Noselect).
            if subscribed.name in found and "\\noselect" not in subscribed.attributes:
                found[subscribed.name] = replace(found[subscribed.name], subscribed=True)
    return list(found.values())


def is_there(connection: Connection, name: bytes) -> bool:
    """Whether a folder of exactly this name exists and can be opened."""
    # A wildcard in the name lists others too: hence the comparison.
    return any(folder.name == name and folder.selectable for folder in _ask(connection, b'LIST "" ' + astring(name)))


def _ask(connection: Connection, command: bytes) -> list[Listed]:
    found: list[Listed] = []

    def take(response: Response) -> None:
        if response.kind in {b"LIST", b"LSUB"}:
            listed = _listed(response)
            if listed.name:
                found.append(listed)

    connection.order(command, take)
    return found


def _listed(response: Response) -> Listed:
    """One LIST response. The name is whatever stands last: quotes inside that nobody escaped are part of it.

    Raises GarbledError for what cannot be read: no folder may be missed.
    """
    match = _LIST.match(response.text)
    if match is None:
        raise GarbledError(f"not a folder: {response.text[:200]!r}")
    attributes = frozenset(word.decode("latin-1").lower() for word in match[1].split())
    separator = (match[2] or b"")[-1:]
    name = match[3]
    if len(response.pieces) > 1:
        literal = response.pieces[1]
        name = literal.read() if isinstance(literal, Body) else literal
    elif len(name) > 1 and name.startswith(b'"') and name.endswith(b'"'):
        name = _QUOTED_SIGN.sub(rb"\1", name[1:-1])
    return Listed(name, separator, attributes, "\\subscribed" in attributes)


def _joined(response: Response) -> bytes:
    """A response as one text, its literals as quoted strings."""
    pieces: list[bytes] = []
    for piece in response.pieces:
        data = piece.read() if isinstance(piece, Body) else piece
        if len(pieces) % 2:
            data = b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
        else:
            data = re.sub(rb"\{\d+\+?\}$", b"", data)
        pieces.append(data)
    return b"".join(pieces)


def _namespaces(text: bytes) -> list[Namespace]:
    """The first of the three groups: ``(("" "/")("#mbox/" "/")) NIL NIL``."""
    found = []
    position = 1
    while text[:1] == b"(" and (match := _NAMESPACE.match(text, position)):
        found.append(Namespace(_QUOTED_SIGN.sub(rb"\1", match[1] or b""), (match[3] or b"")[-1:]))
        position = _after(text, match.start())
    return found


def _after(text: bytes, start: int) -> int:
    """Where the parenthesis that opens at `start` is closed, and blanks behind it."""
    depth = 0
    for found in re.compile(rb'"(?:[^"\\]|\\.)*"|[()]').finditer(text, start):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if depth == 0:
            end = found.end()
            return end + len(text[end:]) - len(text[end:].lstrip())
    return len(text)
