"""The form in which a message went to a destination that did not take it as it is."""

from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """What a message can become; one that is taken as it is has none."""

    REPAIRED = "repaired"  # core.mail.repair
    WRAPPED = "wrapped"  # core.mail.wrap


@dataclass(frozen=True, slots=True)
class Alteration:
    """How a message differs at the destination from what its source holds: what was done to it, and why.

    `refused` is what the destination said to each form before this one; empty where nobody knows any more.
    """

    form: Form
    changes: str
    refused: str = ""

    def __str__(self) -> str:
        return "; ".join(filter(None, (f"{self.form}: {self.changes}", self.refused)))
