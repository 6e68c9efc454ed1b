"""Throttling as Exchange does it: so many requests at once, and a budget of server time that comes back slowly.

Source: the throttling policies of Exchange 2013 and later (New-ThrottlingPolicy). How long an overdrawn account is held
or turned away is not documented; here it is until recharging has made up for it.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal

from tests.sandbox.soap import RefusedError, SoapFaultError

_BUSY: Final = "The server cannot service this request right now. Try again later."
_HOUR: Final = 3_600_000.0  # milliseconds
_LONGEST_HOLD: Final = 1.0  # seconds

#: What the work on each item of a request is wrapped in; raises RefusedError when it is not to be done.
Toll = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be asked of the server; None for no limit. Times are in milliseconds, as administrators write them.

    `concurrency` (EwsMaxConcurrency) is how many requests of one account may be at work at once. `max_burst`
    (EwsMaxBurst) is the server time that may be used at one go, `recharge_rate` (EwsRechargeRate) how much of it comes
    back in an hour, `cutoff_balance` (EwsCutoffBalance) how far it may be overdrawn: until then requests are held a
    little, beyond it they are refused with BackOffMilliseconds. An item is charged with `item`, whatever it really
    took. `of` says whose the budget is: the account's, or that of each mailbox it acts as.
    """

    concurrency: int | None = None
    max_burst: float | None = None
    recharge_rate: float = 900_000
    cutoff_balance: float = 3_000_000
    item: float = 20
    of: Literal["account", "mailbox"] = "account"


class Budget:
    """One balance. `now` is a clock in seconds."""

    def __init__(self, policy: Policy, most: float, now: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._most = most
        self._now = now
        self._balance = most
        self._at = now()
        self._cut_off = False
        self._lock = Lock()

    @property
    def back_off(self) -> int:
        """Milliseconds until it is worth asking again; 0 when it may be asked now."""
        with self._lock:
            self._recharge()
            if self._balance >= 0:
                self._cut_off = False
            return self._until(0) if self._cut_off else 0

    @property
    def hold(self) -> float:
        """Seconds for which a request is held, because the budget is overdrawn."""
        with self._lock:
            self._recharge()
            waits = self._until(min(0.0, self._balance + self._policy.item)) if self._balance < 0 else 0
            return min(waits / 1000, _LONGEST_HOLD)

    @contextmanager
    def item(self) -> Iterator[None]:
        """One item of a request. Raises RefusedError(ErrorServerBusy) when the one before has used the budget up."""
        back_off = self.back_off
        if back_off:
            raise RefusedError("ErrorServerBusy", _BUSY, values={"BackOffMilliseconds": str(back_off)}, stops=True)
        try:
            yield
        finally:
            with self._lock:
                self._recharge()
                self._balance -= self._policy.item
                self._cut_off = self._cut_off or self._balance <= -self._policy.cutoff_balance

    def _until(self, balance: float) -> int:
        """Milliseconds of recharging until the balance is this."""
        return round((balance - self._balance) / self._policy.recharge_rate * _HOUR) + 1

    def _recharge(self) -> None:
        now = self._now()
        self._balance = min(self._most, self._balance + (now - self._at) * 1000 * self._policy.recharge_rate / _HOUR)
        self._at = now


class Throttle:
    """Lets requests in as a policy says."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._lock = Lock()
        self._at_work: Counter[str] = Counter()
        self._budgets: dict[str, Budget] = {}

    @contextmanager
    def request(self, account: str, mailbox: str) -> Iterator[Toll]:
        """One request at work; held for a while when its budget is overdrawn. Raises SoapFaultError to turn it away."""
        with self._lock:
            self._at_work[account] += 1
            too_many = self.policy.concurrency is not None and self._at_work[account] > self.policy.concurrency
        try:
            if too_many:
                text = "You have exceeded the available concurrent connections."
                raise SoapFaultError("ErrorExceededConnectionCount", text)
            budget = self._budget(mailbox if self.policy.of == "mailbox" else account)
            if budget is None:
                yield nullcontext
                return
            back_off = budget.back_off
            if back_off:
                raise SoapFaultError("ErrorServerBusy", _BUSY, values={"BackOffMilliseconds": str(back_off)})
            time.sleep(budget.hold)
            yield budget.item
        finally:
            with self._lock:
                self._at_work[account] -= 1

    def _budget(self, of: str) -> Budget | None:
        if self.policy.max_burst is None:
            return None
        with self._lock:
            return self._budgets.setdefault(of, Budget(self.policy, self.policy.max_burst))
