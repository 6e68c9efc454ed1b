"""The sessions of one mailbox: one for each request that is under way at the same time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.exchange.session import Session
from core.exchange.settings import Settings
from core.ports.guard import Guard, unguarded


class Sessions:
    """Hands out sessions, made as they are needed. `first` is for who sends one request after the other."""

    def __init__(self, settings: Settings, address: str) -> None:
        self.first = Session(settings, address)
        self._lock = threading.Lock()
        self._guard: Guard = unguarded
        self._ending: bool | None = None  # whether `abort` was called, and with which `finish`
        self._all = [self.first]
        self._idle = [self.first]

    @contextmanager
    def one(self) -> Iterator[Session]:
        """A session that no other thread has."""
        with self._lock:
            session = self._idle.pop() if self._idle else self._made()
        try:
            yield session
        finally:
            with self._lock:
                self._idle.append(session)

    def guard(self, guard: Guard) -> None:
        """Ask this before anything more leaves, over any of them."""
        with self._lock:
            self._guard = guard
            for session in self._all:
                session.guard = guard

    def abort(self, *, finish: bool = False) -> None:
        """End them all for good, from any thread, and every one that is made later (`Session.abort`)."""
        with self._lock:
            self._ending = finish
            for session in self._all:
                session.abort(finish=finish)

    def close(self) -> None:
        """Give their connections back."""
        with self._lock:
            for session in self._all:
                session.close()

    def _made(self) -> Session:
        session = self.first.beside()
        session.guard = self._guard
        if self._ending is not None:
            session.abort(finish=self._ending)
        self._all.append(session)
        return session
