"""How a message ended. Every source key ever listed has exactly one outcome (contract, section 5)."""

from dataclasses import dataclass, fields
from enum import StrEnum


class Outcome(StrEnum):
    """The six ends of a message; `PENDING` is the one still open."""

    COPIED = "copied"
    ALREADY_THERE = "already_there"
    SKIPPED = "skipped"
    REJECTED = "rejected"
    VANISHED = "vanished"
    PENDING = "pending"


@dataclass(slots=True)
class Counts:
    """Messages per outcome, and bytes; cumulative. `total` is the sum of the six outcomes, never kept apart."""

    copied: int = 0
    already_there: int = 0
    skipped: int = 0
    rejected: int = 0
    vanished: int = 0
    pending: int = 0
    source_gone: int = 0  # beside the outcomes: deleted at the source after it was copied
    bytes_total: int = 0  # of what is to be at the destination: copied, already there, pending
    bytes_copied: int = 0  # of copied and already_there
    repaired: int = 0  # of these, too: in another form than at the source (core.mail.form)
    wrapped: int = 0

    @property
    def total(self) -> int:
        """Every source key ever listed."""
        return self.copied + self.already_there + self.skipped + self.rejected + self.vanished + self.pending

    def add(self, outcome: Outcome, messages: int = 1, size: int = 0) -> None:
        """Count `messages` of `size` bytes in all under `outcome`; negative numbers take them back."""
        setattr(self, outcome.value, getattr(self, outcome.value) + messages)
        if outcome in {Outcome.COPIED, Outcome.ALREADY_THERE}:
            self.bytes_copied += size
        if outcome in {Outcome.COPIED, Outcome.ALREADY_THERE, Outcome.PENDING}:
            self.bytes_total += size

    def change(self, old: Outcome, new: Outcome, size: int) -> None:
        """One message of `size` bytes goes from one outcome to another."""
        self.add(old, -1, -size)
        self.add(new, 1, size)

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Counts)))
