"""What can be wrong with a link (tests.servers.fault_proxy)."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

#: The most that is handed over at once.
PIECE = 1 << 16


class CutError(Exception):
    """End this link now, hard on both sides."""


class Way(Enum):
    """One direction of a link."""

    UP = "to the server"
    DOWN = "to the client"


@dataclass(frozen=True, slots=True)
class Reset:
    """Each link is reset, on both sides, when it has carried `after` bytes this way since the fault was ordered.

    `times` links are; None: all.
    """

    way: Way
    after: int
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with every link, those open now and those to come.

    `latency`: seconds that each byte takes longer, each way. `rate`: bytes a second, each way. `piece`: the most bytes
    handed over at once; 1 is a drip. `held`: ways in which nothing gets through (one: half open; both: a black hole,
    which accepts and says nothing); what is held back is lost when its sender leaves, or gets through `late` seconds
    after that. `refused`: nobody listens; links that are open stay. `certificate`: files of a certificate and its key
    with which new links end their TLS here.
    """

    latency: float = 0.0
    rate: float | None = None
    piece: int = PIECE
    held: frozenset[Way] = frozenset()
    late: float | None = None
    reset: Reset | None = None
    refused: bool = False
    certificate: tuple[Path, Path] | None = None


BLACK_HOLE = Faults(held=frozenset(Way))
