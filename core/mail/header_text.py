"""The text of header fields: read from whatever bytes are there, and written so that every server takes it.

Encoded words are those of RFC 2047. Where nothing says which charset 8-bit bytes have, they are UTF-8 if they can be,
else ISO 8859-1, which keeps every one of them.
"""

import base64
import re
from email.errors import HeaderParseError
from email.header import decode_header

#: Where a line that is written anew is folded.
WIDTH = 76

#: Bytes of text in one encoded word, which has 75 characters at most (RFC 2047, 2).
_PIECE = 42
_ENCODED_WORD = re.compile(rb"=\?[!->@-~]+\?[bqBQ]\?[!->@-~]*\?=")
_BLANKS = re.compile(rb"([ \t]+)")
_BEFORE_WORD = re.compile(rb"[ \t]+(?=[^ \t])")


def charset_of(data: bytes) -> str:
    """What bytes are taken for."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "iso-8859-1"
    return "utf-8"


def unfolded(field: bytes) -> bytes:
    """A field on one line."""
    return field.replace(b"\r", b"").replace(b"\n", b"")


def decoded(value: bytes) -> str:
    """What a field's value says: on one line, encoded words and 8-bit bytes as text, without control characters."""
    text = encoded_8bit(unfolded(value)).decode("ascii")
    try:
        pieces = decode_header(text)
    except (ValueError, HeaderParseError):  # a broken encoded word stands for itself
        pieces = [(text, None)]
    said = "".join(piece if isinstance(piece, str) else _decoded(piece, charset) for piece, charset in pieces)
    return "".join(character if character.isprintable() else " " for character in said).strip()


def _decoded(piece: bytes, charset: str | None) -> str:
    try:
        return piece.decode(charset or "ascii", "replace")
    except LookupError:  # a charset nobody knows
        return piece.decode(charset_of(piece))


def encoded(text: bytes) -> bytes:
    """Text as encoded words, with blanks between them that are no part of it."""
    charset = charset_of(text)
    words = []
    start = 0
    while start < len(text):
        end = start + _PIECE
        while charset == "utf-8" and end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1  # no character is torn
        words.append(b"=?%b?b?%b?=" % (charset.encode(), base64.b64encode(text[start:end])))
        start = end
    return b" ".join(words)


def encoded_8bit(value: bytes) -> bytes:
    """A value on one line, its words that hold 8-bit bytes as encoded words."""
    if value.isascii():
        return value
    parts = _BLANKS.split(value)  # a word, blanks, a word ...
    out: list[bytes] = []
    at = 0
    while at < len(parts):
        end = at + 1
        text = parts[at]
        if not text.isascii():
            while end + 1 < len(parts) and not parts[end + 1].isascii():
                end += 2
            text = b"".join(parts[at:end])
            # Blanks between two encoded words are not shown: to stay, they become part of one.
            if at and _ENCODED_WORD.fullmatch(parts[at - 2]):
                text = parts[at - 1] + text
            if end + 1 < len(parts) and _ENCODED_WORD.fullmatch(parts[end + 1]):
                text += parts[end]
            text = encoded(text)
        out += (text, *parts[end : end + 1])
        at = end + 1
    return b"".join(out)


def fold(field: bytes, width: int = WIDTH) -> bytes:
    """A field on one line folded before blanks, so that no line is longer than `width` where there are some."""
    lines: list[bytes] = []
    start = last = 0
    for place in (*(found.start() for found in _BEFORE_WORD.finditer(field)), len(field)):
        if place - start > width and last > start:
            lines.append(field[start:last])
            start = last
        last = place
    return b"\r\n".join((*lines, field[start:]))
