"""What came of one try at a mailbox."""

from dataclasses import dataclass

from core.status import Condition


@dataclass(frozen=True, slots=True)
class Done:
    """The pass ended well."""

    new: int  # copied
    seen: int  # listed for the first time
    flags_changed: int
    rejected: int  # of all passes

    def sentence(self) -> str:
        """What it did, for people; "nothing new" when that is so."""
        nothing = "nothing copied" if self.seen else "nothing new"
        flags = f", flags of {self.flags_changed} changed" if self.flags_changed else ""
        rejected = f", {self.rejected} rejected in all" if self.rejected else ""
        return f"{f'{self.new} copied' if self.new else nothing}{flags}{rejected}"


@dataclass(frozen=True, slots=True)
class Halted:
    """It was stopped, at a message boundary or before anything began."""


@dataclass(frozen=True, slots=True)
class Waits:
    """The pass goes on after `seconds`, with new connections."""

    seconds: float
    condition: Condition
    why: str


@dataclass(frozen=True, slots=True)
class Fails:
    """The pass failed. With `whole_batch` no other mailbox can succeed either.

    A `fault` is one of our own, or the store's. `held`: another process moves this mailbox.
    """

    error: str
    condition: Condition | None = None
    whole_batch: bool = False
    held: bool = False
    fault: BaseException | None = None


Ending = Done | Halted | Waits | Fails
