"""What a pass asks of whoever runs it: may I go on, and is there room in memory? The engine answers."""

from typing import Protocol


class Control(Protocol):
    """A pass looks here between messages; nothing is begun once `stopping` says so."""

    def stopping(self) -> bool:
        """Whether to begin nothing new; what is in flight finishes."""
        ...

    def cut(self) -> bool:
        """Whether not even to wait for what is in flight; it is settled in the next pass."""
        ...

    def wait(self, seconds: float) -> bool:
        """Sleep so long, or until `stopping`; True when that was why it ended."""
        ...


class Budget(Protocol):
    """Bytes of messages in memory, shared by all mailboxes."""

    def take(self, size: int, control: Control) -> bool:
        """Wait for room for `size` bytes; False when stopping came first.

        A size above the whole budget waits until it is alone, and then passes.
        """
        ...

    def also(self, size: int) -> None:
        """Count bytes that are there already, beyond what was taken for them: a source's sizes are hints."""
        ...

    def give(self, size: int) -> None:
        """Give bytes back that `take` or `also` counted."""
        ...
