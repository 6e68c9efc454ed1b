"""Header text: decoding what is there, however broken, and encoding it as Exchange writes it.

Source: RFC 2047 (encoded words), RFC 5322 (folding).
"""

import base64
import re
from email.errors import HeaderParseError
from email.header import decode_header
from typing import Final

_LINE: Final = 76
_CHUNK: Final = 42  # bytes of UTF-8 in one encoded word
_SPACE = re.compile(r"[ \t\r\n]+")


def plain(raw: bytes) -> str:
    """Header bytes as text: UTF-8 where they are, else Windows-1252, as Exchange guesses."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def decode(raw: bytes) -> str:
    """A header's value, unfolded, encoded words decoded; a broken one stands for itself. Never raises."""
    text = _SPACE.sub(" ", plain(raw)).strip()
    if "=?" not in text:
        return text
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError, AssertionError):
        return text
    return "".join(_piece(piece, charset) for piece, charset in pieces)


def charset_text(data: bytes, charset: str | None) -> str:
    """Bytes of a declared charset as text; an unknown or wrong charset is read as Windows-1252. Never raises."""
    try:
        return data.decode(charset or "utf-8")
    except (LookupError, ValueError, AssertionError):
        return plain(data)


def encode(value: str) -> bytes:
    """A header's value for the wire: ASCII as it is, anything else as UTF-8 encoded words; folded."""
    value = _SPACE.sub(" ", value.replace("\0", "")).strip()
    if value.isascii():
        return _fold(value.encode("ascii"))
    words, chunk = [], b""
    for character in value:
        data = character.encode("utf-8", "replace")
        if len(chunk) + len(data) > _CHUNK:
            words.append(chunk)
            chunk = b""
        chunk += data
    words.append(chunk)
    return b"\r\n ".join(b"=?utf-8?B?" + base64.b64encode(word) + b"?=" for word in words)


def _piece(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    return charset_text(piece, charset)


def _fold(value: bytes) -> bytes:
    """Fold at blanks; a word longer than a line stays whole."""
    lines: list[bytes] = []
    line = b""
    for word in value.split(b" "):
        if line and len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line = word
        else:
            line = line + b" " + word if line or lines else word
    return b"\r\n ".join([*lines, line])
