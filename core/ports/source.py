"""What a source must be able to do. Nothing here writes or deletes: the source is never changed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.mail.body import Body
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.failure import Failure


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """One folder of the personal namespace. `name` is what stands on the wire: the identity, never decoded twice."""

    path: FolderPath
    name: bytes
    role: Role | None = None
    selectable: bool = True
    subscribed: bool = True
    view: bool = False  # \All, \Flagged, \Important: messages of other folders once more


@dataclass(frozen=True, slots=True)
class OpenFolder:
    """A folder as EXAMINE showed it. Every call that takes one fails with FolderChangedError when it is another now."""

    folder: SourceFolder
    uidvalidity: int
    uidnext: int | None  # None where the server does not say
    exists: int
    highestmodseq: int | None  # None without CONDSTORE


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """One message as the source lists it. `size` is the server's word, a hint.

    `uid` is above every UID there can be for a message that its server has not numbered for good: a number made of what
    it is (core.imap.provisional).
    """

    uid: int
    size: int
    received: datetime | None  # INTERNALDATE in UTC; None where it is no date
    flags: Flags


@dataclass(frozen=True, slots=True)
class Fetched:
    """One message's bytes. No `body`: it vanished since it was listed, or, with a `failure`, it cannot be had."""

    uid: int
    body: Body | None
    failure: Failure | None = None


class Source(Protocol):
    """One signed-in mailbox at the source, used by one thread at a time, but for `abort`.

    Every method may raise EndpointError. After one with action RETRY the object is good again: its next call makes a
    new connection.
    """

    def connect(self) -> None:
        """Sign in now, so that a wrong password shows before anything else is done."""
        ...

    def heard(self) -> Sequence[str]:
        """What the server wanted people to read since this was last asked, printable, each text once; never raises."""
        ...

    def folders(self) -> Sequence[SourceFolder]:
        """All folders of the personal namespace, sorted by path; a folder name that cannot be decoded is kept."""
        ...

    def examine(self, folder: SourceFolder) -> OpenFolder:
        """Open a folder read-only. Raises FolderChangedError when it is gone."""
        ...

    def uids(self, folder: OpenFolder) -> Sequence[int]:
        """Every UID, ascending. A list shorter than EXISTS says is an EndpointError, never "nothing"."""
        ...

    def messages(self, folder: OpenFolder, uids: Sequence[int]) -> Iterator[SourceMessage]:
        """Size, date and flags of these messages, in any order; those that are gone are left out."""
        ...

    def flags(self, folder: OpenFolder, changed_since: int | None) -> Iterator[tuple[int, Flags]]:
        """UID and flags of every message, or only of those changed since a HIGHESTMODSEQ."""
        ...

    def fetch(self, folder: OpenFolder, messages: Iterable[SourceMessage]) -> Iterator[Fetched]:
        """The bytes of these messages, in their order, in requests bounded by size; large ones in spool files.

        Lazy: nothing more is asked of the server than the caller takes. The caller closes each body.
        """
        ...

    def abort(self) -> None:
        """End it for good; may be called by any thread at any time, and neither waits nor raises.

        The call that is under way fails at once, as does every later one (core.ports.lifeline).
        """
        ...

    def close(self) -> None:
        """Sign out; never raises."""
        ...
