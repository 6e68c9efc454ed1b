"""How fast one mailbox moved over the last minutes, as far as somebody looked at it."""

from collections import deque
from collections.abc import Sequence

from core.store.views import MailboxView

#: Samples kept, one for so many seconds.
SAMPLES = 60
_EVERY = 2.0


class Pulse:
    """Samples the bytes of whichever mailbox is looked at; another one begins anew."""

    def __init__(self) -> None:
        self._of: tuple[str, str] | None = None
        self._before = (0.0, 0)  # when the last sample was taken, and bytes by then
        self._rates: deque[float] = deque(maxlen=SAMPLES)

    def beat(self, view: MailboxView | None, now: float) -> Sequence[float]:
        """Look at it once more; `now` is of the monotonic clock. Bytes a second, the newest last."""
        of = None if view is None else (view.batch, view.source)
        done = 0 if view is None else view.counts.bytes_copied
        if of != self._of:
            self._of, self._before = of, (now, done)
            self._rates.clear()
        elif now - self._before[0] >= _EVERY:
            then, bytes_then = self._before
            self._rates.append(max(done - bytes_then, 0) / (now - then))
            self._before = (now, done)
        return tuple(self._rates)
