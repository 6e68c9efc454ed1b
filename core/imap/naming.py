"""Names for new folders that the server can take.

A name may hold what the server cannot: its own separator, a sign that it refuses, or too much. Such a name is spelt
otherwise, always in the same way: with a sign that looks alike where there is one, else with ``_``.
"""

import hashlib
from collections.abc import Callable, Iterator

from core.imap.folders import wire_name
from core.imap.listing import Namespace
from core.mail.folder import FolderPath

_ALIKE = {"/": "\u2215", "\\": "\u2216", ".": "\u2024", "%": "\u2052", "*": "\u2217", '"': "\u2033", "~": "\u223c"}
#: Refused by real servers: ! " % ; < > \ ^ ` { | } by Cyrus, / by Courier and by Dovecot with Maildir++, a leading ~ by
#: Dovecot, the rest by those on Windows. Courier refuses whatever is beyond U+FFFF, too (5.0).
_TROUBLE = frozenset('!"%;<>\\^`{|}/~*#&:?')
_LONGEST = 50


class Naming:
    """Spells paths for one namespace. Two paths never come out as one within this object's life."""

    def __init__(self, space: Namespace) -> None:
        self.space = space
        self._spelt: dict[FolderPath, FolderPath] = {}  # asked for, to what it became
        self._owner: dict[FolderPath, FolderPath] = {}  # and back

    def spellings(self, path: FolderPath) -> Iterator[tuple[FolderPath, bytes]]:
        """What to try, one after the other, until the server takes it: the path it would be, and its wire name."""
        tried = set()
        for spell in (_whole, _tame, _plain, _marked, _short):
            parts = tuple(self._separated(part) for part in self._parts(path, spell))
            if not self.space.separator and len(parts) > 1:
                parts = (_ALIKE["/"].join(parts),)
            candidate = FolderPath(parts)
            if not self.free(candidate, path):
                candidate = FolderPath((*parts[:-1], f"{parts[-1]} ({_hash(str(path))})"))
            if candidate not in tried:
                tried.add(candidate)
                yield candidate, wire_name(candidate, self.space)

    def free(self, became: FolderPath, asked: FolderPath) -> bool:
        """Whether no other path than `asked` has become this one."""
        return self._owner.get(became, asked) == asked

    def settled(self, asked: FolderPath) -> bool:
        """Whether it is known how this path is spelt."""
        return asked in self._spelt

    def settle(self, asked: FolderPath, became: FolderPath) -> None:
        """The server has taken this spelling; what hangs below follows it."""
        self._spelt[asked] = became
        self._owner[became] = asked

    def forget(self, became: FolderPath) -> None:
        """The folder is called otherwise now."""
        asked = self._owner.pop(became, None)
        if asked is not None:
            self._spelt.pop(asked, None)

    def _parts(self, path: FolderPath, spell: Callable[[str], str]) -> list[str]:
        settled = None if path.parent is None else self._spelt.get(path.parent)
        if settled is not None:
            return [*settled.parts, spell(path.name)]
        # INBOX at the top is no name but a fixed place.
        return [part if not at and part == "INBOX" else spell(part) for at, part in enumerate(path.parts)]

    def _separated(self, part: str) -> str:
        separator = self.space.separator.decode("latin-1")
        return part.replace(separator, _ALIKE.get(separator, "_")) if separator else part


def _whole(part: str) -> str:
    return part.replace("\0", "_") or "_"  # Courier makes a folder of what stands before a NUL


def _tame(part: str) -> str:
    return "".join(_ALIKE.get(c, "_") if c in _TROUBLE or not c.isprintable() else c for c in part).strip() or "_"


def _plain(part: str) -> str:
    return "".join(c if c <= "\uffff" else "_" for c in _tame(part))


def _marked(part: str) -> str:
    """For a name that is reserved, such as Maildir's ``cur``."""
    return _plain(part) + "_"


def _short(part: str) -> str:
    return f"{_plain(part)[:_LONGEST]} ({_hash(part)})"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
