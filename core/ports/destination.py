"""What a destination must be able to do.

A destination writes what it is given and says, message by message, what became of it. It never sends anything twice by
itself: after a failure with `in_doubt` the caller looks up what is there, and only then sends again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.mail.body import Body
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.failure import Failure
from core.ports.guard import Guard


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one `write` may carry, the largest single message that can succeed, and what kind of place this is.

    With `at_once` above 1 so many threads may be in `write` at the same time.
    """

    batch_messages: int
    batch_bytes: int  # of message bytes, before any encoding; a single larger message goes alone
    max_message: int | None = None  # None: not known
    keyed: bool = False  # stored messages carry their token, so that it can be searched
    folds_case: bool = False  # two folder names that differ in case only are one
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class DestinationFolder:
    """A folder at the destination. `ref` is what the endpoint needs to find it again, as text for the ledger."""

    path: FolderPath
    ref: str
    role: Role | None = None
    messages: int = 0  # how many it holds, as far as the listing said


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way. `token` is the source key as text (`SourceKey.token`)."""

    token: str
    body: Body
    flags: Flags  # already without \Deleted and \Recent
    received: datetime | None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one message of a `write`: stored (`failure` None), refused, or in doubt.

    `item` is the destination's id for it, None where it gave none. `dropped` are keywords that it cannot keep;
    `redated` is when it was received there, where the destination cannot keep that instant.
    """

    token: str
    item: str | None = None
    failure: Failure | None = None
    dropped: tuple[str, ...] = ()
    redated: datetime | None = None


def same_folder(mark: str, later: str) -> bool:
    """Whether a folder is still the one that it was at an earlier `Destination.mark`."""
    return mark.partition(":")[0] == later.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A message that was sent and may or may not be there.

    `mark` is what `Destination.mark` said before it was sent; `folded` its folded fingerprint (core.mail.fingerprint).
    """

    token: str
    mark: str
    received: datetime | None
    folded: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Present:
    """A message that was at the destination before we came: `token` where it carries one of ours, else `canonical`."""

    item: str
    token: str | None = None
    canonical: bytes | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A message's flags at the destination now.

    `touched` are flags that the user changed there in a way that a flag cannot say, such as a completed follow-up.
    """

    flags: Flags
    touched: Flags = field(default_factory=Flags)


class Destination(Protocol):
    """One mailbox at the destination, used by one thread at a time, but for `abort` and, within `limits`, `write`.

    Every method may raise EndpointError; after one with action RETRY or WAIT the object is good again: its next call
    makes a new connection where one is needed.
    """

    @property
    def limits(self) -> Limits:
        """What one `write` may carry; may change after `connect`."""
        ...

    def guard(self, guard: Guard) -> None:
        """Ask this before anything more leaves (core.ports.guard); what it raises ends the connection."""
        ...

    def connect(self) -> None:
        """Sign in and see that this mailbox may be written to."""
        ...

    def heard(self) -> Sequence[str]:
        """What the server wanted people to read since this was last asked, printable, each text once; never raises."""
        ...

    def folders(self) -> Sequence[DestinationFolder]:
        """All mail folders, default folders with their role."""
        ...

    def create_folder(self, path: FolderPath, role: Role | None, *, subscribed: bool = True) -> DestinationFolder:
        """The folder at `path`, or the default folder of that role; its parents too; made when it is not there yet."""
        ...

    def rename_folder(self, folder: DestinationFolder, path: FolderPath) -> DestinationFolder:
        """Give a folder another path, with all it holds."""
        ...

    def mark(self, folder: DestinationFolder) -> str:
        """Where the folder ends now, so that a later `look_up` knows what is new.

        IMAP: UIDVALIDITY, a colon, UIDNEXT. `look_up` finds nothing by the mark of a folder that was made anew since.
        """
        ...

    def write(self, folder: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
        """Send these messages, once each. As many answers as messages, in their order.

        Raises EndpointError only when the request failed as a whole; `failure.in_doubt` then says whether any of it
        may have been stored.
        """
        ...

    def look_up(self, folder: DestinationFolder, doubts: Sequence[Doubt], claimed: frozenset[str]) -> dict[str, str]:
        """Which of these are there: token to item. `claimed` are items of that folder that belong to other messages."""
        ...

    def present(self, folder: DestinationFolder) -> Iterator[Present]:
        """Everything in a folder that could be one of ours, for adoption."""
        ...

    def shown(self, folder: DestinationFolder, items: Sequence[str]) -> dict[str, Shown]:
        """The flags of these items now; one that was moved away or deleted is left out."""
        ...

    def change_flags(self, folder: DestinationFolder, item: str, add: Flags, remove: Flags) -> tuple[str, ...]:
        """Add and remove flags of one item, nothing else; returns keywords that cannot be kept."""
        ...

    def move(
        self, item: str, folder: DestinationFolder, to: DestinationFolder, *, copy: str | None = None
    ) -> str | None:
        """Move one item to another folder. Returns its id there; None when it is no longer where we put it.

        `copy` is what an earlier try, whose end nobody saw, has made of it in `to`: then only the rest is done.
        """
        ...

    def abort(self, *, finish: bool = False) -> None:
        """End it for good; may be called by any thread at any time, and neither waits nor raises.

        The call that is under way fails at once, as does every later one (core.ports.lifeline); what was being written
        is then in doubt. With `finish` a call that changes something is let come to its end first.
        """
        ...

    def close(self) -> None:
        """Sign out; never raises."""
        ...
