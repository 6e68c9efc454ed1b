"""An administrator who signs in for many mailboxes: a wrong password of his is not tried once for each of them.

Directories lock an account after a handful of refused sign-ins. Servers do not say whom they refuse, the administrator
or the mailbox: AUTHENTICATIONFAILED is for both (RFC 5530), and Dovecot says it for a mailbox that does not exist.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from core.ports.failure import Action, EndpointError, Failure, Side
from core.ports.lifeline import aborted

#: So long a refusal speaks against other mailboxes too, in seconds: who starts again later gets a try.
_COUNTS = 60.0
#: How often who waits for another's try looks whether he still wants to, in seconds.
_LOOK = 0.2
#: Codes that say that the administrator himself was taken.
_MAILBOX_ALONE = "AUTHORIZATIONFAILED"


class Administrator:
    """What is known of one administrator's password at one server, for all connections that sign in with it.

    Until it was taken once, sign-ins go one by one. A refusal may concern that mailbox alone, so a second mailbox is
    tried; when that is refused too it is the administrator, the batch stops, and nobody else tries.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._turn = threading.Lock()
        self._taken = False
        self._refused: dict[str, tuple[float, Failure]] = {}  # by mailbox

    def sign_in(
        self, mailbox: str, side: Side, attempt: Callable[[], Failure | None], over: Callable[[], bool]
    ) -> Failure | None:
        """What was refused, if it was: by `attempt`, or already without it. `over`: it is wanted no longer.

        Raises what `attempt` raises, and EndpointError when it is over.
        """
        if not self._taken:
            while not self._turn.acquire(timeout=_LOOK):
                if over():
                    raise EndpointError(aborted(side))
            try:
                if not self._taken:
                    return self._first(mailbox, attempt)
            finally:
                self._turn.release()
        failure = attempt()
        return None if failure is None else _of_mailbox(failure)

    def _first(self, mailbox: str, attempt: Callable[[], Failure | None]) -> Failure | None:
        since = self._now() - _COUNTS
        others = [name for name, (when, _) in self._refused.items() if when > since and name != mailbox]
        if len(others) > 1:
            return _of_administrator(self._refused[others[-1]][1], others)
        failure = attempt()
        if failure is None:
            self._taken = True
            self._refused.clear()
            return None
        if not failure.sign_in or failure.code == _MAILBOX_ALONE:
            return failure
        self._refused[mailbox] = self._now(), failure
        return _of_administrator(failure, [*others, mailbox]) if others else _of_mailbox(failure)


_known: dict[tuple[object, ...], Administrator] = {}


def administrator(*what: object) -> Administrator:
    """The administrator of this server, name and password, the same one for the same three.

    A password is told apart by its hash, so that it is not kept.
    """
    return _known.setdefault(what, Administrator())


def _of_mailbox(failure: Failure) -> Failure:
    if not failure.sign_in:
        return failure
    return replace(
        failure, cure=f"check the mailbox's name, and username, password and style in [{failure.side}.admin]"
    )


def _of_administrator(failure: Failure, mailboxes: list[str]) -> Failure:
    return replace(
        failure,
        action=Action.STOP_BATCH,
        cause=f"the server refuses the administrator's sign-in for {' and for '.join(mailboxes[:2])}",
        cure=f"check username, password and style in [{failure.side}.admin]; no other mailbox was tried",
    )
