"""Folder paths, default folders and globs, as contract section 3 writes them."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Self


class Role(StrEnum):
    """A default folder, whatever its name and language."""

    INBOX = "INBOX"
    SENT = "Sent"
    DRAFTS = "Drafts"
    JUNK = "Junk"
    TRASH = "Trash"
    ARCHIVE = "Archive"


_ESCAPED = re.compile(r"\\([\\/])|/")
_LOOSE_BACKSLASH = re.compile(r"\\(?=[\\/]|$)")


@dataclass(frozen=True, slots=True, order=True)
class FolderPath:
    r"""A folder's names from the top, personal prefix removed. `str` writes it with ``/``, a literal one as ``\/``.

    INBOX is INBOX in any case (RFC 3501, 5.1); every other name is case-sensitive.
    """

    parts: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.parts and self.parts[0].upper() == "INBOX":
            object.__setattr__(self, "parts", ("INBOX", *self.parts[1:]))

    @classmethod
    def of(cls, *parts: str) -> Self:
        """From names, as they are."""
        return cls(parts)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the written form; the inverse of `str`."""
        parts: list[str] = []
        name: list[str] = []
        end = 0
        for found in _ESCAPED.finditer(text):
            name.append(text[end : found.start()])
            end = found.end()
            if found[1]:
                name.append(found[1])
            else:
                parts.append("".join(name))
                name = []
        name.append(text[end:])
        parts.append("".join(name))
        return cls(tuple(parts))

    def __str__(self) -> str:
        return _written(self.parts)

    @property
    def name(self) -> str:
        """The last name."""
        return self.parts[-1]

    @property
    def parent(self) -> "FolderPath | None":
        """The folder above; None at the top."""
        return FolderPath(self.parts[:-1]) if len(self.parts) > 1 else None

    def below(self, other: "FolderPath") -> bool:
        """Whether this is `other` or hangs somewhere below it."""
        return self.parts[: len(other.parts)] == other.parts

    def moved(self, old: "FolderPath", new: "FolderPath") -> "FolderPath":
        """This path with its leading `old` replaced by `new`."""
        return FolderPath(new.parts + self.parts[len(old.parts) :])


@lru_cache(maxsize=4096)  # asked for with every message
def _written(parts: tuple[str, ...]) -> str:
    return "/".join(_LOOSE_BACKSLASH.sub(lambda _: "\\\\", part).replace("/", "\\/") for part in parts)


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    pieces = []
    for piece in re.split(r"(\*\*|\*)", glob):
        if piece == "**":
            pieces.append(r".*")
        elif piece == "*":
            pieces.append(r"(?:[^/\\]|\\.)*")
        else:
            pieces.append(re.escape(piece))
    # A named folder includes its children.
    return re.compile("".join(pieces) + r"(?:/.*)?", re.DOTALL)


def matches(path: FolderPath, glob: str) -> bool:
    """Whether a glob of include_folders or exclude_folders names this folder or one above it.

    ``*`` crosses no level, ``**`` does. The glob's own leading INBOX is taken in any case.
    """
    head, slash, rest = glob.partition("/")
    if head.upper() == "INBOX":
        glob = f"INBOX{slash}{rest}"
    return _pattern(glob).fullmatch(str(path)) is not None
