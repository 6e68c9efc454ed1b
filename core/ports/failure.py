"""What went wrong at a server, as what to do about it.

Each endpoint keeps a table (`answers.py`) from its own errors to a `Failure`. Everything above acts on the `Action`
and knows no server's codes; `code` and `said` are for people.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from core.secret import masked

#: In seconds.
LONGEST_WAIT: Final = 86_400.0


class Action(StrEnum):
    """What to do about a failure."""

    RETRY = "retry"  # the link or the server stumbled: a new connection, then again
    WAIT = "wait"  # the server asked for time: wait `seconds`, then again; never counted against a message
    SPLIT = "split"  # one of several messages spoiled the request: look up, then send them apart
    REJECT = "reject"  # this message is refused for good; the others go on
    STOP_MAILBOX = "stop_mailbox"  # nothing more can be done for this mailbox
    STOP_BATCH = "stop_batch"  # no mailbox of this endpoint can succeed


class Side(StrEnum):
    """Whose failure it is."""

    SOURCE = "source"
    DESTINATION = "destination"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure, in words and as an action.

    `code` is the server's or our own short name for it (``ErrorQuotaExceeded``, ``AUTHENTICATIONFAILED``); `said` is
    what the server said, without the secrets that it may repeat, else raw: it passes `core.printable` before anyone
    sees it. `cause` and `cure` are ours, whole sentences without a full stop. `seconds` is how long a server asked us
    to wait; more than `LONGEST_WAIT` is not believed. `in_doubt` says that what was sent may have taken effect
    nevertheless. `quota` marks a full mailbox, `sign_in` a refused sign-in, `form` a message that is refused for how
    it is written: in another form it may be taken. `together`: the server's one answer was to several messages, so
    some of them may be there, but no more will come; sent again, they go apart. `alone`: it is of this mailbox only,
    or of what was sent, and says nothing of the server. `where` names the folder that it is about, if it is about one.
    """

    action: Action
    code: str
    cause: str
    said: str = ""
    cure: str = ""
    side: Side = Side.DESTINATION
    seconds: float | None = None
    in_doubt: bool = False
    quota: bool = False
    sign_in: bool = False
    alone: bool = False
    form: bool = False
    together: bool = False
    where: str = ""

    def __post_init__(self) -> None:
        if self.said:
            object.__setattr__(self, "said", masked(self.said))
        if self.seconds is not None and not self.seconds <= LONGEST_WAIT:
            object.__setattr__(self, "seconds", LONGEST_WAIT)

    def sentence(self) -> str:
        """What happened, what the server said, and what to do, in one line."""
        said = f" ({self.said})" if self.said and self.said != self.cause else ""
        cure = f"; {self.cure}" if self.cure else ""
        where = f"{self.where}: " if self.where else ""
        return f"{where}{self.cause}{said}{cure}"


class EndpointError(Exception):
    """A call on a port failed as a whole; `failure` says what to do."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence())
        self.failure = failure


class UnreachableError(EndpointError):
    """There was no connection to begin with."""


@contextmanager
def about(folder: object) -> Iterator[None]:
    """Whatever fails inside is about this folder, unless the server could not be reached."""
    try:
        yield
    except UnreachableError:
        raise
    except EndpointError as error:
        if error.failure.where:
            raise
        raise EndpointError(replace(error.failure, where=f"folder {folder}")) from error


class FolderChangedError(Exception):
    """The source folder is not the one that was opened: UIDVALIDITY changed, or it was deleted or renamed.

    Raised by a `Source` for a call on an `OpenFolder`; the pass lists the folder anew.
    """
