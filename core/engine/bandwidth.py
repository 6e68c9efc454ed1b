"""A limit on the bytes a second that one batch moves through one of its ends."""

import threading

from core.clock import Clock

#: So much may pass in one breath, in seconds of the rate.
_BURST = 0.25
#: A thread that waits looks at least so often, in seconds.
_LOOK = 0.2


class Bandwidth:
    """`core.ports.meter.Meter` for all connections to one end of a batch; `rate` is in bytes a second, None: no limit.

    Bytes are counted when they have passed, and whoever moved them waits until the rate has caught up with them. TCP
    hands that wait on to the server. The rate may change while others wait.
    """

    def __init__(self, clock: Clock, rate: int | None = None) -> None:
        self._clock = clock
        self._rate = rate
        self._passed = 0  # bytes, ever
        self._paid = 0.0  # of them, those that the rate has caught up with
        self._until = clock.monotonic()  # when that was worked out
        self._held = -float("inf")  # when somebody had to wait last
        self._changed = threading.Condition()

    @property
    def rate(self) -> int | None:
        """Bytes a second; None: no limit."""
        return self._rate

    @rate.setter
    def rate(self, rate: int | None) -> None:
        with self._changed:
            self._pay()
            self._rate = rate
            self._changed.notify_all()

    @property
    def waited_for(self) -> bool:
        """Whether somebody has to wait, or had to within the last second."""
        return self._rate is not None and self._clock.monotonic() - self._held < 1.0

    @property
    def limited(self) -> bool:
        """Whether anybody may have to wait."""
        return self._rate is not None

    def __call__(self, size: int) -> None:
        """So many bytes have passed: wait until the rate has caught up with them, and with all that passed before."""
        if self._rate is None:
            return
        with self._changed:
            self._pay()
            self._passed += size
            mine = self._passed
            while self._rate is not None and (owed := mine - self._paid - self._rate * _BURST) >= 1:
                self._changed.wait(min(owed / self._rate, _LOOK))
                self._held = self._clock.monotonic()
                self._pay()

    def _pay(self) -> None:
        now = self._clock.monotonic()
        passed, self._until = now - self._until, now
        earned = float("inf") if self._rate is None else passed * self._rate
        self._paid = min(float(self._passed), self._paid + earned)
