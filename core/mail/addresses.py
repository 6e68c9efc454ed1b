"""Who a message is from: whether a field's value is a list of addresses, and what to write where it is none."""

import re

from core.mail.header_text import decoded, encoded, unfolded

#: Stands for a sender whose address nobody can read. RFC 2606 keeps .invalid from ever being somebody's.
NOBODY = b"unknown@sender.invalid"

_ATOM_BYTES = rb"!#-'*+\-./0-9=?A-Z^-~"  # with dots, as everybody writes them in names
_QUOTED = rb'"(?:[^"\\]|\\.)*+"'
_WORD = rb"(?:[%b]++|%b)" % (_ATOM_BYTES, _QUOTED)
_DOMAIN = rb"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Za-z.:]+\])"
_ADDRESS = rb'(?:[%b]++|"(?:[^"\\]|\\.){0,64}+")@%b' % (_ATOM_BYTES, _DOMAIN)
_MAILBOX = rb"(?:(?:%b[ \t]*+)*+<%b>|%b)" % (_WORD, _ADDRESS, _ADDRESS)
_MAILBOXES = rb"%b[ \t]*+(?:,[ \t]*+%b[ \t]*+)*+" % (_MAILBOX, _MAILBOX)
_GROUP = rb"(?:%b[ \t]*+)++:[ \t]*+(?:%b)?;" % (_WORD, _MAILBOXES)
_LIST = re.compile(rb"[ \t]*+(?:%b|%b)[ \t]*+" % (_MAILBOXES, _GROUP))
_COMMENT = re.compile(rb"\((?:[^()\\]|\\.)*+\)")
_DEEPEST = 5  # comments in comments
_ANY_ADDRESS = re.compile(
    rb"<(%b)>|(?<![%b\x80-\xff])(%b)(?![%b\x80-\xff])" % (_ADDRESS, _ATOM_BYTES, _ADDRESS, _ATOM_BYTES)
)
#: A name that is quoted rather than encoded.
_SHORT = 60


def is_list(value: bytes) -> bool:
    """Whether a field's value is addresses, with names, separated by commas, or a group (RFC 5322, 3.4)."""
    flat = unfolded(value)
    for _ in range(_DEEPEST):
        flat = _COMMENT.sub(b"", flat)
    return _LIST.fullmatch(flat) is not None


def mended(value: bytes) -> bytes:
    """An address for a value that is none: the one that it holds, else `NOBODY`; its text as the name."""
    flat = unfolded(value)
    found = {match[1] or match[2] for match in _ANY_ADDRESS.finditer(flat)}
    if len(found) == 1:
        name = decoded(_ANY_ADDRESS.sub(b"", flat))
        return mailbox(name if any(map(str.isalnum, name)) else "", found.pop())
    return mailbox(decoded(flat), NOBODY)


def mailbox(name: str, address: bytes) -> bytes:
    """An address with a name, which may be empty."""
    if not name:
        return address
    if name.isascii() and len(name) <= _SHORT:
        return b'"%b" <%b>' % (name.replace("\\", "\\\\").replace('"', '\\"').encode(), address)
    return b"%b <%b>" % (encoded(name.encode("utf-8", "replace")), address)
