"""How many messages a request carries: more where the server is quick, so that what each request costs counts less.

A slow server gets few at a time, so that a pause is heard soon and little is in doubt when a link breaks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

_FEWEST: Final = 20
_MOST: Final = 100
#: As many as took so long together, in seconds.
_SPELL: Final = 0.4


class Pace:
    """Measures requests, also several at once."""

    def __init__(self) -> None:
        self.messages = _FEWEST

    @contextmanager
    def taken(self, messages: int) -> Iterator[None]:
        """What happens inside is one request of so many messages. One that fails says nothing."""
        began = monotonic()
        yield
        each = (monotonic() - began) / max(1, messages)
        bears = int(_SPELL / each) if each > 0 else _MOST
        # Twice as many at most: the first requests are small, and may have been quick by chance.
        self.messages = max(_FEWEST, min(bears, 2 * self.messages, _MOST))
