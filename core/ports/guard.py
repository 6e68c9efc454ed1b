"""Sending, as long as somebody says that we may.

A process can be stopped at any moment, for any time, and goes on as if nothing had been. Where it waits longest is
where the way to the server is blocked; by then another process may have done its work.
"""

import select
import socket
import ssl
from collections.abc import Callable

#: Says by raising that nothing more may leave; called often.
Guard = Callable[[], None]

#: A piece that the system takes at once, when it says that there is room. One TLS record holds no more (RFC 8446, 5.1).
_PIECE = 1 << 16
_RECORD = 1 << 14


def unguarded() -> None:
    """Everything may leave."""


def send(link: socket.socket, data: bytes, guard: Guard) -> None:
    """Send all of `data`; `guard` is asked each time that the way has become free, and never before a wait.

    What the system has taken is beyond us: it may arrive whatever `guard` says after that. Raises TimeoutError when the
    way is blocked longer than the socket's timeout, and what `guard` and the socket raise.
    """
    size = _RECORD if isinstance(link, ssl.SSLSocket) else _PIECE
    way = select.poll()
    way.register(link, select.POLLOUT)
    timeout = link.gettimeout()
    left = memoryview(data)
    while left:
        if not way.poll(None if timeout is None else timeout * 1000):
            raise TimeoutError("the way to the server is blocked")
        guard()
        left = left[link.send(left[:size]) :]
