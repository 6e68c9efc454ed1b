"""The items of a FETCH response by their names, however the server orders and spells them (RFC 3501, 7.4.2)."""

import re

from core.imap.wire import GarbledError, Response, number
from core.mail.body import Body

Items = dict[bytes, bytes | Body | None]

#: The largest UID there can be (RFC 3501, section 2.3.1.1).
_LARGEST_UID = (1 << 32) - 1

# A name, then a list, a quoted string, or an atom; a literal's announcement is an atom here.
_ITEM = re.compile(
    rb"[ (]*([A-Za-z0-9.\[\]<>-]+) "
    rb'(?:\(((?:[^()"]|"(?:[^"\\]|\\.)*"|\((?:[^()"]|"(?:[^"\\]|\\.)*")*\))*)\)'
    rb'|"((?:[^"\\]|\\.)*)"|([^ ()]+))'
)
_ESCAPED = re.compile(rb"\\(.)")
_END = re.compile(rb" *\) *")


def items_of(response: Response) -> Items:
    """Item name in capitals to value: the inside of a list, a string's bytes, an atom; None for NIL.

    An item that cannot be read, and what follows it, is left out: the caller misses it and asks again. But behind a
    literal the response must go on or end as it should: else the literal's length was wrong, and its bytes are not what
    they seem. Raises GarbledError then.
    """
    found: Items = {}
    pieces = response.pieces
    at = position = 0
    while True:
        text = pieces[at]
        assert isinstance(text, bytes)
        match = _ITEM.match(text, position)
        if match is None:
            if at and not (at == len(pieces) - 1 and _END.fullmatch(text, position)):
                response.close()
                raise GarbledError(f"not the end of a literal: {text[position : position + 40]!r}")
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


def uid_of(items: Items) -> int:
    """The UID; 0, which no message has, where there is none."""
    uid = number(items.get(b"UID"))
    return uid if uid is not None and uid <= _LARGEST_UID else 0
