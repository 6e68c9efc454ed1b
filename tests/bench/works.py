"""What is moved: how much mail, over which link, to which kind of server."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from tests.bench.link import Line

KB, MB = 1000, 1_000_000


class Clock(Enum):
    """What `seconds` of a work are."""

    WHOLE = "from the start of the process to its end"
    PASS = "the pass alone, without starting the program; over EWS, without signing in and looking around, too"


@dataclass(frozen=True, slots=True)
class Mail:
    """`mailboxes` with so many `messages` of `size` bytes each; the first also holds one of `huge` bytes."""

    messages: int
    size: int
    mailboxes: int = 1
    huge: int = 0

    @property
    def total(self) -> int:
        """All messages."""
        return self.messages * self.mailboxes + (1 if self.huge else 0)


@dataclass(frozen=True, slots=True)
class Work:
    """`line` lies between the tool and both servers; `item` is how many milliseconds Exchange takes for each item.

    `together` is how many messages the raw loop puts into a request, as many as we do at that pace. `again`: a second
    pass follows, which finds nothing new. `alone`: no other tool does it.
    """

    key: str
    name: str
    mail: Mail
    kind: Literal["imap", "ews"] = "imap"
    clock: Clock = Clock.WHOLE
    line: Line | None = None
    item: int = 0
    together: int = 20
    again: bool = False
    alone: bool = False


_FAR = Line(delay=0.020)
_FAR_AND_NARROW = Line(delay=0.020, rate=20 * MB / 8)  # 20 Mbit/s

WORKS = (
    Work("imap-4k", "10,000 x 4 KB", Mail(10_000, 4 * KB), again=True),
    Work("imap-100k", "1,000 x 100 KB", Mail(1_000, 100 * KB)),
    Work("imap-5m", "100 x 5 MB", Mail(100, 5 * MB)),
    Work("imap-many", "10 mailboxes x 1,000 x 4 KB", Mail(1_000, 4 * KB, mailboxes=10)),
    Work("imap-far", "40 ms: 10,000 x 4 KB", Mail(10_000, 4 * KB), clock=Clock.PASS, line=_FAR),
    Work("imap-narrow", "40 ms, 20 Mbit/s: 4,000 x 4 KB", Mail(4_000, 4 * KB), clock=Clock.PASS, line=_FAR_AND_NARROW),
    Work("imap-huge", "20 mailboxes, one message of 150 MB", Mail(50, 4 * KB, mailboxes=20, huge=150 * MB), alone=True),
    Work("ews-0", "EWS: 6,000 x 4 KB", Mail(6_000, 4 * KB), "ews", Clock.PASS, together=100),
    Work("ews-20", "EWS, 20 ms an item: 480 x 4 KB", Mail(480, 4 * KB), "ews", Clock.PASS, item=20),
    Work("ews-100", "EWS, 100 ms an item: 160 x 4 KB", Mail(160, 4 * KB), "ews", Clock.PASS, item=100),
    Work(
        "ews-huge",
        "EWS: 20 mailboxes, one message of 45 MB",
        Mail(50, 4 * KB, mailboxes=20, huge=45 * MB),
        "ews",
        alone=True,
    ),
)
