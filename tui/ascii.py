"""A screen in ASCII alone: for terminals and fonts that show nothing else."""

import os
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from rich.cells import cell_len

#: What the console draws with, and what stands for it. No two states of a mailbox or of a batch look the same.
GLYPHS = {
    "●": "*", "○": ".", "✓": "v", "✗": "X", "▲": "!", "◆": "#", "□": "_", "◑": "%", "◐": "=", "◷": "@",
    "▌": ">", "╋": "&", "▸": "+", "▴": "^", "▾": "v", "━": "=", "─": "-", "…": "~", "·": "-",
    "↑": "^", "↓": "v", "←": "<", "→": ">",
    "▁": "_", "▂": ".", "▃": ":", "▄": "-", "▅": "=", "▆": "+", "▇": "*", "█": "#",
}  # fmt: skip
_TABLE = str.maketrans(GLYPHS)


@lru_cache(4096)
def ascii_only(text: str) -> str:
    """A text as wide as before, in ASCII: letters without their accents, ``?`` for what has no likeness."""
    if text.isascii():
        return text
    text = text.translate(_TABLE)
    return text if text.isascii() else "".join(map(_like, text))


def _like(character: str) -> str:
    width = cell_len(character)
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return character if character.isascii() else plain if len(plain) == width and plain.isprintable() else "?" * width


def locale_is_ascii(environ: Mapping[str, str]) -> bool:
    """Whether the locale that these variables name has no UTF-8 (POSIX: LC_ALL before LC_CTYPE before LANG)."""
    name = next((environ[key] for key in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(key)), "C")
    return "utf8" not in name.lower().replace("-", "")


def given_environ() -> Mapping[str, str]:
    """The environment that the process was started with: Python itself puts UTF-8 in the place of a C locale (PEP 538).

    Linux only; elsewhere what Python shows.
    """
    try:
        entries = os.fsdecode(Path("/proc/self/environ").read_bytes()).split("\0")
    except OSError:
        return os.environ
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)
