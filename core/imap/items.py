"""The items of a FETCH response by their names, however the server orders and spells them (RFC 3501, 7.4.2)."""

import re

from core.imap.wire import Response
from core.mail.body import Body

# A name, then a list, a quoted string, or an atom; a literal's announcement is an atom here.
_ITEM = re.compile(
    rb"[ (]*([A-Za-z0-9.\[\]<>-]+) "
    rb'(?:\(((?:[^()"]|"(?:[^"\\]|\\.)*"|\((?:[^()"]|"(?:[^"\\]|\\.)*")*\))*)\)'
    rb'|"((?:[^"\\]|\\.)*)"|([^ ()]+))'
)
_ESCAPED = re.compile(rb"\\(.)")


def items_of(response: Response) -> dict[bytes, bytes | Body | None]:
    """Item name in capitals to value: the inside of a list, a string's bytes, an atom; None for NIL.

    An item that cannot be read, and what follows it, is left out: the caller misses it and asks again.
    """
    found: dict[bytes, bytes | Body | None] = {}
    pieces = response.pieces
    at = position = 0
    while True:
        text = pieces[at]
        assert isinstance(text, bytes)
        match = _ITEM.match(text, position)
        if match is None:
            return found
        name, inside, quoted, atom = match.groups()
        position = match.end()
        value: bytes | Body | None
        if inside is not None:
            value = inside
        elif quoted is not None:
            value = _ESCAPED.sub(rb"\1", quoted) if b"\\" in quoted else quoted
        elif position == len(text) and at + 1 < len(pieces) and atom.endswith(b"}"):
            value = pieces[at + 1]
            at, position = at + 2, 0
        else:
            value = None if atom.upper() == b"NIL" else atom
        found[name.upper()] = value
