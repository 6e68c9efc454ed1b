"""Which flags one folder keeps (RFC 3501, section 7.1, PERMANENTFLAGS), and which new keywords it takes.

A flag that a folder does not take makes a server answer APPEND with NO or BAD, and the message with it. So whatever
the folder has not listed is tried beforehand on a message that cannot exist: nothing is stored, and a refusal costs
nothing.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.mail.flags import ANSWERED, DELETED, DRAFT, FLAGGED, RECENT, SEEN, Flags

#: The largest UID there can be (RFC 3501, section 2.3.1.1); no folder has come that far.
NOBODY = 4294967295
# ATOM-CHAR (RFC 3501, section 9).
_KEYWORD = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a message's flags a folder keeps, what it cannot, and whether the server's word on that is missing."""

    flags: tuple[str, ...]
    dropped: tuple[str, ...] = ()
    unsure: bool = False


class Keeping:
    """One folder's flags. `permanent` is what PERMANENTFLAGS said, None where it said nothing.

    `probe` asks the server whether it takes a keyword: True, False, or None where it cannot be asked.
    """

    def __init__(self, permanent: Flags | None, probe: Callable[[str], bool | None]) -> None:
        listed = (SEEN, ANSWERED, FLAGGED, DRAFT, DELETED, "\\*") if permanent is None else permanent
        self._system = {flag.lower() for flag in listed if flag.startswith("\\")} - {RECENT.lower()}
        self._known: dict[str, bool | None] = {
            flag.lower(): True for flag in permanent or () if not flag.startswith("\\")
        }
        self._probe = probe

    def sort(self, flags: Iterable[str]) -> Kept:
        """Take a message's flags apart, in their alphabetical order. May ask the server once a keyword."""
        kept: list[str] = []
        dropped: list[str] = []
        unsure = False
        for flag in sorted(flags):
            takes = self._takes(flag)
            (dropped if takes is False else kept).append(flag)
            unsure = unsure or takes is None
        return Kept(tuple(kept), tuple(dropped), unsure)

    def _takes(self, flag: str) -> bool | None:
        if flag.startswith("\\"):
            return flag != "\\*" and flag.lower() in self._system
        key = flag.lower()
        if key not in self._known:
            new = "\\*" in self._system and _KEYWORD.fullmatch(flag)
            self._known[key] = self._probe(flag) if new else False
        return self._known[key]
