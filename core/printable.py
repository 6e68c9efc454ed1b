"""The one door for foreign text: subjects, folder names, what servers say.

Whatever came from outside passes `printable` before any screen, log, terminal or report. A mail subject may hold
terminal commands that retitle a window, write the clipboard, or forge a log line; none gets past here.
"""

import re

# C0 and DEL, C1, zero-width and bidi controls, line and paragraph separators, BOM, tags, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_STAND_INS = {"\t": " ", "\r": "\u240d", "\n": "\u240a", "\x1b": "\u241b", "\x00": "\u2400", "\x07": "\u2407"}


def printable(text: str, limit: int | None = 2000) -> str:
    """One line of `text` that is safe to print, at most `limit` characters (None: all), cut with an ellipsis."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "\u2026"
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(lambda found: _STAND_INS.get(found[0], "\ufffd"), text)


def printable_bytes(data: bytes, limit: int = 2000) -> str:
    """As `printable`, for bytes of unknown charset: UTF-8 where it is, else one character a byte."""
    cut = data[: limit * 4]
    try:
        text = cut.decode()
    except UnicodeDecodeError:
        text = cut.decode("latin-1")
    return printable(text, limit)
