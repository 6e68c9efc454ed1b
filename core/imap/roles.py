"""Which folder is Sent, Drafts, Junk, Trash or Archive: by SPECIAL-USE (RFC 6154), then by name.

The first of the names in `core.imap.role_names` that is there wins.
"""

import unicodedata
from collections.abc import Mapping, Sequence

from core.imap.role_names import NAMES
from core.mail.folder import FolderPath, Role

_USES = {
    "\\sent": Role.SENT,
    "\\drafts": Role.DRAFTS,
    "\\junk": Role.JUNK,
    "\\spam": Role.JUNK,  # XLIST, before RFC 6154
    "\\trash": Role.TRASH,
    "\\archive": Role.ARCHIVE,
}
#: Folders that show messages of other folders once more; the last two are XLIST's.
VIEWS = frozenset({"\\all", "\\flagged", "\\important", "\\allmail", "\\starred"})


def _same(name: str) -> str:
    """A name as it is compared: without case, and however its accents are composed."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


_RANK: dict[Role, dict[str, int]] = {}
for _role, _table in NAMES.items():
    _ranks = _RANK.setdefault(_role, {})
    for _place, _name in enumerate(_table.split("|")):
        _ranks.setdefault(_same(" ".join(_name.split())), _place)

#: Below these, default folders may hang too: old servers put all into INBOX, Gmail into its own tree.
_TREES = frozenset({"inbox", "[gmail]", "[google mail]"})


def assign(folders: Mapping[FolderPath, frozenset[str]]) -> dict[FolderPath, Role]:
    """The default folders among these (path to LIST attributes), at most one a role.

    Several may claim a role; the one nearest the top wins, then the more usual name.
    """
    roles: dict[FolderPath, Role] = {}
    inbox = FolderPath.of("INBOX")
    if inbox in folders:
        roles[inbox] = Role.INBOX
    for role in (Role.SENT, Role.DRAFTS, Role.JUNK, Role.TRASH, Role.ARCHIVE):
        free = [path for path in folders if path not in roles]
        flagged = [path for path in free if any(_USES.get(use) is role for use in folders[path])]
        # A folder that has another use by SPECIAL-USE is not taken for its name.
        named = [path for path in free if _rank(role, path) is not None and not folders[path] & _USES.keys()]
        best = _best(role, flagged) or _best(role, named)
        if best is not None:
            roles[best] = role
    return roles


def _rank(role: Role, path: FolderPath) -> int | None:
    at_top = len(path.parts) == 1 or (len(path.parts) == 2 and path.parts[0].casefold() in _TREES)
    return _RANK[role].get(_same(path.name)) if at_top else None


def _best(role: Role, paths: Sequence[FolderPath]) -> FolderPath | None:
    return min(
        paths, key=lambda path: (len(path.parts), _RANK[role].get(_same(path.name), 1 << 20), path), default=None
    )
