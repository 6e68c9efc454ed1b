"""Header blocks made such as every server takes them, with the text of each field kept (RFC 5322, 2.2 and 3.6)."""

import re
from collections.abc import Sequence

from core.mail import addresses
from core.mail.header_text import WIDTH, charset_of, encoded, encoded_8bit, fold, unfolded
from core.mail.lines import LONGEST, longest

#: What was changed, as plain words in order; the values mean nothing.
Changes = dict[str, None]

#: Holds a line of the header block that is no header.
UNREADABLE = b"X-Unreadable"

_BLANK = (b" ", b"\t")

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
#: Fields by which a header block is known to go on.
_KNOWN = re.compile(
    rb"(return-path|received|date|from|sender|reply-to|to|cc|bcc|subject|message-id|in-reply-to|references"
    rb"|mime-version|content-type|content-transfer-encoding|content-disposition)[ \t]*:",
    re.IGNORECASE,
)
_ADDRESSES = re.compile(rb"(resent-)?(from|sender|reply-to|to|cc|bcc)\Z|disposition-notification-to\Z", re.IGNORECASE)
_PARAMETERS = re.compile(rb"content-(type|disposition)\Z", re.IGNORECASE)
#: Fields whose words are for programs: none of them is encoded because it is long.
_STRUCTURED = re.compile(
    rb"date\Z|received|message-id\Z|in-reply-to\Z|references\Z|return-path\Z|mime-version\Z|content-|list-|dkim-|arc-"
    rb"|authentication-results\Z",
    re.IGNORECASE,
)
# A quoted string that nobody closes goes on to the end, so that none is looked at twice.
_ADDRESS_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)|<[^<>]*+>|[^"<>(),:;]+|.', re.DOTALL)
_PARAMETER = re.compile(
    rb'(;[ \t]*+[^ \t;=*"]++)(\*?[ \t]*+=[ \t]*+)("((?:[^"\\]|\\.)*+)(?:"|\\?\Z)|[^;"]*+)', re.DOTALL
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_ODD = re.compile(rb"[^A-Za-z0-9._-]")
_8BIT = re.compile(rb"[\x80-\xff]")
_BREAKABLE = re.compile(rb'("(?:[^"\\]|\\.)*+(?:"|\\?\Z))|([,;>])(?=[^ \t,;>])', re.DOTALL)
_WORD = re.compile(rb"[^ \t]+")


def read(block: bytes, changes: Changes) -> tuple[list[bytes], int]:
    """The fields of a header block, each with its lines joined by CRLF; and where in the block the body begins.

    A line that is no header is kept as a field of its own where headers go on after it; else the body begins there,
    without an empty line before it.
    """
    lines = block.split(b"\n")
    if lines[-1]:
        lines[-1] += b"\r"  # its line end comes with what is put after the block
    else:
        lines.pop()
    fields: list[list[bytes]] = []
    goes_on: bool | None = None
    at = 0
    for raw in lines:
        found: Changes = {}
        line = _cleaned(raw, found)
        if not begins(line) and not (fields and line.startswith(_BLANK)) and goes_on is None:
            goes_on = _go_on(block[at:])
        if goes_on is False:
            return list(map(b"\r\n".join, fields)), at
        at += len(raw) + 1
        changes.update(found)
        if fields and line.startswith(_BLANK):
            fields[-1].append(line)
        elif begins(line):
            fields.append([line])
        elif begins(line.lstrip(b" \t")):
            changes["blanks before the first header removed"] = None
            fields.append([line.lstrip(b" \t")])
        elif fields and fields[-1][-1].endswith(b";"):
            changes["a line that goes on a header indented"] = None
            fields[-1].append(b" " + line)
        else:
            changes[f"a line that is no header kept as {UNREADABLE.decode()}"] = None
            fields.append([UNREADABLE + b": " + line.strip(b" \t")])
    return list(map(b"\r\n".join, fields)), len(block)


def begins(text: bytes) -> bool:
    """Whether a header field begins here."""
    return _FIELD.match(text) is not None


def _go_on(block: bytes) -> bool:
    """Whether these lines of a block are of a header: a known one, no part of a body, not much else."""
    lines = [_cleaned(line, {}) for line in block.split(b"\n")[:-1]]
    known = any(_KNOWN.match(line.lstrip(b" \t")) for line in lines)
    odd = sum(not begins(line.lstrip(b" \t")) for line in lines if not line.startswith(_BLANK))
    return known and odd * 2 <= len(lines) and not any(line.startswith(b"--") for line in lines)


def _cleaned(line: bytes, changes: Changes) -> bytes:
    if b"\0" in line:
        changes["NUL bytes removed"] = None
        line = line.replace(b"\0", b"")
    bare = line.rstrip(b"\r")
    if len(line) - len(bare) != 1 or b"\r" in bare:
        changes["line ends made CRLF"] = None
    return bare.replace(b"\r", b" ")


def mended(fields: Sequence[bytes], changes: Changes, *, top: bool) -> list[bytes]:
    """The same fields in a form that every server takes; `top`: those of the message itself, with its From."""
    return [_mended(field, changes, top=top) for field in fields]


def _mended(field: bytes, changes: Changes, *, top: bool) -> bytes:
    name, _, value = field.partition(b":")
    if name != name.rstrip(b" \t"):
        changes["blanks before a colon removed"] = None
        name = name.rstrip(b" \t")
        field = name + b":" + value
    if not value.isascii():
        better = _ascii(name, unfolded(value))
        if better != unfolded(value):
            changes["8-bit text in the header encoded"] = None
            value = better
            field = fold(name + b":" + value)
    if top and name.lower() == b"from" and not addresses.is_list(value):
        changes["a From without a valid address replaced"] = None
        field = fold(name + b": " + addresses.mended(value))
    if longest(field) > LONGEST:
        better = _shortened(name, unfolded(field).partition(b":")[2])
        if better != field:
            changes[f"header lines over {LONGEST} bytes folded"] = None
            field = better
    return field


def _ascii(name: bytes, value: bytes) -> bytes:
    """A value on one line without 8-bit bytes, where that can be."""
    if _ADDRESSES.match(name):
        return b"".join(map(_ascii_address, _ADDRESS_TOKEN.finditer(value)))
    if _PARAMETERS.match(name):
        return _PARAMETER.sub(_ascii_parameter, value)
    return encoded_8bit(value)


def _ascii_address(token: re.Match[bytes]) -> bytes:
    """A name as encoded words; an address stays what it is."""
    if token[0].isascii() or token[0].startswith(b"<"):
        return token[0]
    if token[1] is not None:
        apart = (token.string[token.start() - 1 : token.start()].strip(), token.string[token.end() :][:1].strip())
        before, after = (b" " if neighbour else b"" for neighbour in apart)
        return before + encoded(_ESCAPED.sub(rb"\1", token[1])) + after
    return encoded_8bit(token[0])


def _ascii_parameter(found: re.Match[bytes]) -> bytes:
    """A parameter as RFC 2231 writes it: ``name*=utf-8''%C3%BC``."""
    start, equals, value, quoted = found.groups()
    if value.isascii():
        return found[0]
    if equals.startswith(b"*"):
        return b"".join((start, equals, _8BIT.sub(_percent, value)))
    text = value.strip(b" \t") if quoted is None else _ESCAPED.sub(rb"\1", quoted)
    return b"%b*%b%b''%b" % (start, equals, charset_of(text).encode(), _ODD.sub(_percent, text))


def _percent(byte: re.Match[bytes]) -> bytes:
    return b"%%%02X" % ord(byte[0])


def _shortened(name: bytes, value: bytes) -> bytes:
    """A field with no line that is too long, where that can be."""
    width = LONGEST
    if any(len(word) >= LONGEST for word in _WORD.findall(value)):
        if _ADDRESSES.match(name) or _STRUCTURED.match(name):
            value = _BREAKABLE.sub(lambda found: found[1] or found[2] + b" ", value)
        else:
            width = WIDTH
            value = _WORD.sub(lambda word: encoded(word[0]) if len(word[0]) >= LONGEST else word[0], value)
    return fold(name + (b":" if value.startswith(_BLANK) else b": ") + value, width)
