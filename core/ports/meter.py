"""How fast bytes may pass between us and a server."""

from typing import Protocol


class Meter(Protocol):
    """Told of bytes that have passed; returns when more may. Shared by the connections of many threads."""

    @property
    def limited(self) -> bool:
        """Whether it makes anybody wait: then bytes are best told of in small pieces."""
        ...

    def __call__(self, size: int) -> None:
        """So many bytes have passed."""
        ...


class Unlimited:
    """Every byte may pass at once."""

    limited = False

    def __call__(self, size: int) -> None:
        """Nothing to wait for."""


UNLIMITED = Unlimited()
