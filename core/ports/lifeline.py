"""A way to end a call that another thread is waiting in: servers and links may stay silent for minutes."""

import socket
import threading
from contextlib import suppress

from core.ports.failure import Action, Failure, Side

#: Code of a call that was ended from outside.
ABORTED = "ABORTED"


def aborted(side: Side, *, in_doubt: bool = False) -> Failure:
    """A call that was ended from outside; only who ended it knows why."""
    return Failure(Action.RETRY, ABORTED, "the connection was cut off", side=side, in_doubt=in_doubt)


class Lifeline:
    """A second handle on a connection. Cutting it ends whatever waits for the connection, a TLS handshake included.

    `hold` and `let_go` are for the thread that uses the connection. `cut` is for any thread at any time, and never
    waits. What is held after that is cut at once. As long as it is held the connection stays open, whoever closes it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._cut = False

    @property
    def is_cut(self) -> bool:
        """Whether it was cut."""
        return self._cut

    def hold(self, connection: socket.socket) -> None:
        """Hold a connection that has just been made, before anything is said; another one is let go."""
        self.let_go()
        with self._lock:
            self._handle = connection.dup()
            if self._cut:
                _shut(self._handle)

    def let_go(self) -> None:
        """Give the handle back; without it the connection ends when it is closed."""
        with self._lock:
            handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    def cut(self) -> None:
        """End what is held now, and what will be held."""
        with self._lock:
            self._cut = True
            if self._handle is not None:
                _shut(self._handle)


def _shut(handle: socket.socket) -> None:
    with suppress(OSError):  # it has ended already
        handle.shutdown(socket.SHUT_RDWR)
