"""Ways in which a request can go wrong, for the script. Each is a value: `Busy(back_off_ms=300)`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Final, Literal

#: Codes after which Exchange does not look at the rest of the batch.
_STOPPING: Final = {
    "ErrorServerBusy",
    "ErrorInternalServerTransientError",
    "ErrorMailboxStoreUnavailable",
    "ErrorMailboxMoveInProgress",
    "ErrorTimeoutExpired",
    "ErrorExceededConnectionCount",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault for the whole request, raised before anything is done. `values` go into its MessageXml."""

    code: str
    text: str = "The request failed."
    status: int = 500
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Busy:
    """The fault ErrorServerBusy, with BackOffMilliseconds where given."""

    back_off_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ItemError:
    """An error for items of a request: the `at`-th (from 1), or those whose MIME fulfils `where`, or every one.

    `inner` makes it ErrorInternalServerError with an InnerErrorResponseCode. `values` go into its MessageXml, as
    BackOffMilliseconds does. `stops` says whether later items are
    answered ErrorBatchProcessingStopped; None does what Exchange does for that code.
    """

    code: str
    at: int | None = None
    where: Callable[[bytes], bool] | None = None
    text: str = "The item was refused."
    inner: str | None = None
    stops: bool | None = None
    values: dict[str, str] = field(default_factory=dict)

    def hits(self, place: int, mime: Callable[[], bytes]) -> bool:
        """Whether it is about the item at `place`."""
        return (self.at is None or self.at == place) and (self.where is None or self.where(mime()))

    @property
    def stopping(self) -> bool:
        """Whether the rest of the batch is left undone."""
        return self.stops if self.stops is not None else (self.inner or self.code) in _STOPPING


@dataclass(frozen=True, slots=True)
class Http:
    """An HTTP status without SOAP: 302 (with `location`), 401 (with `offers`), 403, 404.13, 413, 429, 503 ...

    `retry_after` is in seconds, or a moment in UTC.
    """

    status: int
    retry_after: int | datetime | None = None
    location: str | None = None
    body: str = ""
    offers: str = 'Basic realm="practice"'


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset instead of an answer, before or after the work is stored.

    `items` stores only that many of the request's items (with `when="after"`).
    """

    when: Literal["before", "after"] = "after"
    items: int | None = None


@dataclass(frozen=True, slots=True)
class StoreLate:
    """The connection is reset at once, and the work is stored `seconds` later all the same."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Truncated:
    """All is stored, but only `keep` bytes of the answer's body arrive before the connection closes."""

    keep: int = 200


@dataclass(frozen=True, slots=True)
class Fewer:
    """All is stored, but the last `by` answers are missing."""

    by: int = 1


@dataclass(frozen=True, slots=True)
class Slow:
    """The answer comes `seconds` later: `where` says whether the wait is before or after the work is stored."""

    seconds: float
    where: Literal["before", "after"] = "after"


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing is done, and nothing answered, until `release` is set; `arrived` is set when the request has come in."""

    arrived: Event = field(default_factory=Event)
    release: Event = field(default_factory=Event)


Outcome = Fault | Busy | ItemError | Http | Reset | StoreLate | Truncated | Fewer | Slow | Held
