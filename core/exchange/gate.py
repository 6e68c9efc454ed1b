"""One sign-in at a time, until one has succeeded: a wrong password costs one try, not one for every mailbox.

Directories lock an account after a handful of refused sign-ins, and all mailboxes share one service account.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from core.ports.failure import Action, EndpointError, Failure, Side
from core.ports.lifeline import ABORTED, aborted

#: How often who waits for another's try looks whether he still wants to, in seconds.
_LOOK = 0.2

T = TypeVar("T")


class Gate:
    """Lets requests through one by one until the first has been answered; then all at once.

    Whoever waited for a try that failed gets that failure instead of a try of his own. A refused sign-in stays refused
    for as long as this gate lives: it belongs to one account and one password.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = False
        self._tries = 0
        self._failure: Failure | None = None

    @property
    def refused(self) -> bool:
        """Whether the sign-in was refused."""
        return self._failure is not None and self._failure.sign_in

    @property
    def open(self) -> bool:
        """Whether EWS has answered here under this account."""
        return self._open

    def run(self, attempt: Callable[[], T], over: Callable[[], bool] = lambda: False) -> T:
        """The result of `attempt`. Raises EndpointError: its own, or that of the try that was waited for.

        `over` says whether who waits has been told to wait no longer.
        """
        if not self._open:
            before = self._tries
            while not self._lock.acquire(timeout=_LOOK):
                if over():
                    raise EndpointError(aborted(Side.DESTINATION))
            try:
                if not self._open:
                    return self._first(attempt, before)
            finally:
                self._lock.release()
        try:
            return attempt()
        except EndpointError as error:
            if not error.failure.sign_in:
                raise
            # It was accepted before: a password changed meanwhile, or a server that throttles with 401 (both seen).
            # One more try decides, through the gate.
            self._open = False
            raise EndpointError(replace(error.failure, action=Action.RETRY, sign_in=False)) from error

    def _first(self, attempt: Callable[[], T], before: int) -> T:
        if self._failure is not None and (self._failure.sign_in or self._tries != before):
            raise EndpointError(self._failure)
        try:
            result = attempt()
        except EndpointError as error:
            # What is wrong with one mailbox, or was told to it alone, says nothing about the next.
            its_own = error.failure.action is Action.STOP_MAILBOX or error.failure.code == ABORTED
            self._failure = error.failure if error.failure.sign_in or not its_own else None
            self._tries += 1
            raise
        self._failure = None
        self._open = True
        return result
