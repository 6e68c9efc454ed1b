"""Message flags and keywords, and the three-way merge between source, ledger and destination.

System flags are compared without case (RFC 3501, 2.3.2); so are keywords, because Cyrus and Courier fold a keyword to
its first spelling (peers.md), but the source's spelling is what gets written.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

SEEN = "\\Seen"
ANSWERED = "\\Answered"
FLAGGED = "\\Flagged"
DRAFT = "\\Draft"
DELETED = "\\Deleted"
RECENT = "\\Recent"
FORWARDED = "$Forwarded"

_SYSTEM = {flag.lower(): flag for flag in (SEEN, ANSWERED, FLAGGED, DRAFT, DELETED, RECENT)}
#: Never carried: \Deleted by contract, \Recent because no client may set it.
_NOT_CARRIED = frozenset({DELETED.lower(), RECENT.lower()})


class Flags(frozenset[str]):
    """A set of flags and keywords; membership is without case, spelling is kept."""

    __slots__ = ()

    @classmethod
    def of(cls, flags: Iterable[str]) -> Self:
        """From what a server or a ledger row says; system flags get their standard spelling, doubles go."""
        seen: dict[str, str] = {}
        for flag in flags:
            seen.setdefault(flag.lower(), _SYSTEM.get(flag.lower(), flag))
        return cls(seen.values())

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text of `str(flags)`."""
        return cls(_parsed(text))

    def __contains__(self, flag: object) -> bool:
        return isinstance(flag, str) and flag.lower() in _lower(self)

    def __str__(self) -> str:
        return " ".join(sorted(self))

    def carried(self) -> "Flags":
        r"""What of these is migrated: all but \Deleted and \Recent."""
        return _carried(self)

    @property
    def keywords(self) -> list[str]:
        """Those that are not system flags, sorted."""
        return sorted(flag for flag in self if not flag.startswith("\\"))


@lru_cache(maxsize=4096)  # a mailbox has few sets of flags, and many messages
def _parsed(text: str) -> Flags:
    return Flags.of(text.split(" ")) if text else Flags()


@lru_cache(maxsize=4096)
def _carried(flags: Flags) -> Flags:
    return Flags(flag for flag in flags if flag.lower() not in _NOT_CARRIED)


@lru_cache(maxsize=4096)
def _lower(flags: Flags) -> frozenset[str]:
    return frozenset(flag.lower() for flag in flags)


@dataclass(frozen=True, slots=True)
class FlagChange:
    """What to do at the destination, and how many of the user's own changes there were left alone."""

    add: Flags
    remove: Flags
    kept: int = 0

    def __bool__(self) -> bool:
        return bool(self.add or self.remove)


def merge(carried: Flags, source: Flags, shown: Flags, touched: Flags | None = None) -> FlagChange:
    """What a pass does about one message's flags.

    `carried` is what was last carried over (ledger), `source` what the source shows now, `shown` what the destination
    shows now. Only what changed at the source since is applied, and only where the destination still shows the carried
    value; `touched` are flags that the user changed there in a way that a flag cannot say (a completed follow-up).
    """
    was = {flag.lower(): flag for flag in carried.carried()}
    now = {flag.lower(): flag for flag in source.carried()}
    there = {flag.lower() for flag in shown}
    users = {flag.lower() for flag in touched or ()}
    add: list[str] = []
    remove: list[str] = []
    kept = 0
    for flag in now.keys() - was.keys():
        if flag in users:
            kept += 1
        elif flag not in there:
            add.append(now[flag])
    for flag in was.keys() - now.keys():
        if flag in users:
            kept += 1
        elif flag in there:
            remove.append(was[flag])
    return FlagChange(Flags(add), Flags(remove), kept)
