"""LIST, LSUB and NAMESPACE: which folders there are (RFC 3501, 6.3.8; RFC 2342; RFC 5258; RFC 6154)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.imap.connection import Connection
from core.imap.wire import GarbledError, Response, astring
from core.mail.body import Body
from core.ports.failure import EndpointError

_LIST = re.compile(rb'\(([^)]*)\) (?:"(\\?.)"|NIL|"") ?(.*)', re.DOTALL)
_QUOTED_SIGN = re.compile(rb'\\(["\\])')
_PARENTHESIS = re.compile(rb'"(?:[^"\\]|\\.)*"|[()]')
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


@dataclass(frozen=True, slots=True)
class Namespaces:
    """A user's own namespaces, and those of others: their folders and shared ones. Empty where nobody says."""

    personal: tuple[Namespace, ...] = ()
    others: tuple[Namespace, ...] = ()


def namespaces(connection: Connection) -> Namespaces:
    """The namespaces as the server tells them."""
    found = [Namespaces()]

    def take(response: Response) -> None:
        if response.kind == b"NAMESPACE":
            personal, *others = _groups(_joined(response))
            found.append(Namespaces(tuple(personal), tuple(space for group in others for space in group)))

    if connection.has("NAMESPACE"):
        connection.order(b"NAMESPACE", take)
    return found[-1]


def list_folders(connection: Connection, patterns: Iterable[bytes] = (b"*",)) -> list[Listed]:
    """Every folder that matches one of the patterns, each once, with its special uses and whether it is subscribed."""
    found: dict[bytes, Listed] = {}  # by `_identity`
    patterns = list(patterns)
    if connection.has("LIST-EXTENDED"):
        asked = b" RETURN (SUBSCRIBED SPECIAL-USE)" if connection.has("SPECIAL-USE") else b" RETURN (SUBSCRIBED)"
        try:
            for pattern in patterns:
                for folder in _ask(connection, b'LIST "" ' + astring(pattern) + asked):
                    _add(found, folder)
            return list(found.values())
        except EndpointError as error:
            if error.failure.code != "BAD":  # offered, but not understood
                raise
    for pattern in patterns:
        for folder in _ask(connection, b'LIST "" ' + astring(pattern)):
            _add(found, folder)
        for subscribed in _ask(connection, b'LSUB "" ' + astring(pattern)):
            # LSUB also names what is gone, and parents of what is subscribed (with \Noselect).
            known = found.get(_identity(subscribed.name))
            if known is not None and "\\noselect" not in subscribed.attributes:
                found[_identity(known.name)] = replace(known, subscribed=True)
    return list(found.values())


def _add(found: dict[bytes, Listed], folder: Listed) -> None:
    known = found.get(_identity(folder.name))
    if known is None or not known.selectable:
        found[_identity(folder.name)] = folder


def _identity(name: bytes) -> bytes:
    """What makes a name the same folder as another: INBOX is one in any case (RFC 3501, 5.1)."""
    return name.upper() if name.upper() == b"INBOX" else name


def is_there(connection: Connection, name: bytes) -> bool:
    """Whether a folder of exactly this name exists and can be opened."""
    # Cyrus 3.6 dies of a pattern that begins with {3}. A wildcard lists others too: hence the comparison.
    pattern = astring(name.replace(b"{", b"%"))
    return any(folder.name == name and folder.selectable for folder in _ask(connection, b'LIST "" ' + pattern))


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


def _groups(text: bytes) -> list[list[Namespace]]:
    """The groups of a namespace response, at least one: ``(("" "/")("#mbox/" "/")) (("user/" "/")) NIL``."""
    groups = []
    text = text.strip()
    while text.startswith(b"(") or text[:3].upper() == b"NIL":
        end = _closing(text) if text.startswith(b"(") else 3
        groups.append(_spaces(text[1 : end - 1]))
        text = text[end:].lstrip()
    return groups or [[]]


def _spaces(text: bytes) -> list[Namespace]:
    """What stands in one group."""
    found = []
    while match := _NAMESPACE.match(text):
        found.append(Namespace(_QUOTED_SIGN.sub(rb"\1", match[1] or b""), (match[3] or b"")[-1:]))
        text = text[_closing(text) :].lstrip()
    return found


def _closing(text: bytes) -> int:
    """The end of the parenthesis that `text` begins with."""
    depth = 0
    for found in _PARENTHESIS.finditer(text):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return len(text)
