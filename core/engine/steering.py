"""What is wanted of a batch and its mailboxes, and how a pass hears of it."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from core.status import Wish
from core.store.wanted import Wishes

#: How often the store is asked what is wanted, in seconds; a wish is obeyed within half a second.
POLL = 0.25

_STRENGTH = {Wish.RUN: 0, Wish.PAUSE: 1, Wish.STOP: 2, Wish.STOP_NOW: 3}


def stronger(*wishes: Wish) -> Wish:
    """The wish that overrules the others: stop now, stop, pause, run."""
    return max(wishes, key=_STRENGTH.__getitem__)


class PassControl:
    """`core.sync.control.Control` for one pass. Once told to stop it stays so: a resume begins another pass.

    What is in flight finishes; but a server that stays silent for `grace` seconds is not waited for where nothing
    changes by its answer.
    """

    __slots__ = ("_cut", "_end", "_grace", "_halt", "_leaving", "_lock", "_timer")

    def __init__(self, grace: float = 10.0) -> None:
        self._grace = grace
        self._halt = threading.Event()
        self._cut = threading.Event()
        self._leaving = False
        self._lock = threading.Lock()
        self._end: Callable[[bool], None] | None = None
        self._timer: threading.Timer | None = None

    def stopping(self) -> bool:
        """Whether to begin nothing new; what is in flight finishes."""
        return self._halt.is_set()

    def cut(self) -> bool:
        """Whether not even to wait for what is in flight."""
        return self._cut.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep so long, or until `stopping`; True when that was why it ended, or when the pass is to end now."""
        if self._halt.wait(seconds):
            return True
        if self._leaving:
            self._halt.set()
        return self._leaving

    def leave(self) -> None:
        """Said by the pass's own thread: when its next wait is over the pass is to end."""
        self._leaving = True

    def obey(self, wish: Wish) -> None:
        """Stop when the wish is not to run."""
        if wish is Wish.RUN:
            return
        with self._lock:
            if wish is Wish.STOP_NOW:
                self._cut.set()
            self._halt.set()
            self._press()

    def step_aside(self) -> None:
        """Stop, though nobody wants it stopped: its turn comes again."""
        with self._lock:
            self._halt.set()
            self._press()

    @contextmanager
    def ending(self, end: Callable[[bool], None]) -> Iterator[None]:
        """While this lasts a stop may end connections: `end` is called by another thread and must not wait.

        With False when the grace is over: what changes nothing is ended. With True to cut off everything.
        """
        with self._lock:
            self._end = end
            self._press()
        try:
            yield
        finally:
            with self._lock:
                self._end = None
                timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
                timer.join()

    def _press(self) -> None:
        if self._end is None:
            return
        if self._cut.is_set():
            self._end(True)
        elif self._halt.is_set() and self._timer is None:
            self._timer = threading.Timer(self._grace, self._over)
            self._timer.start()

    def _over(self) -> None:
        with self._lock:
            if self._end is not None:
                self._end(False)


class Steering:
    """The wishes of one batch, from the store and from this process, and the controls of its passes."""

    def __init__(self, grace: float = 10.0) -> None:
        self._grace = grace
        self._lock = threading.Lock()
        self._told = Wish.RUN  # by this process: a signal, or the console that owns it
        self._batch = Wish.RUN
        self._mailboxes: Mapping[str, Wish] = {}
        self._first: frozenset[str] = frozenset()
        self._controls: dict[str, PassControl] = {}

    def tell(self, wish: Wish) -> None:
        """This process itself is told to stop; never taken back."""
        with self._lock:
            self._told = stronger(self._told, wish)
            self._obey()

    def read(self, wishes: Wishes) -> bool:
        """Take what the store says; True when it is new."""
        with self._lock:
            if (wishes.batch, wishes.mailboxes, wishes.first) == (self._batch, self._mailboxes, self._first):
                return False
            self._batch = wishes.batch
            self._mailboxes = dict(wishes.mailboxes)
            self._first = wishes.first
            self._obey()
            return True

    def batch(self) -> Wish:
        """What is wanted of the batch as a whole."""
        with self._lock:
            return stronger(self._told, self._batch)

    def mailbox(self, source: str) -> Wish:
        """What is wanted of one mailbox by itself."""
        with self._lock:
            return self._mailboxes.get(source, Wish.RUN)

    def first(self, source: str) -> bool:
        """Whether this mailbox goes before others."""
        with self._lock:
            return source in self._first

    def of(self, source: str) -> Wish:
        """What is wanted of one mailbox, all things considered."""
        with self._lock:
            return self._of(source)

    def step_aside(self, source: str) -> None:
        """Let the pass over this mailbox end at a message boundary; its turn comes again."""
        with self._lock:
            control = self._controls.get(source)
        if control is not None:
            control.step_aside()

    @contextmanager
    def control(self, source: str) -> Iterator[PassControl]:
        """The control for one pass over this mailbox."""
        control = PassControl(self._grace)
        with self._lock:
            self._controls[source] = control
            control.obey(self._of(source))
        try:
            yield control
        finally:
            with self._lock:
                del self._controls[source]

    def _of(self, source: str) -> Wish:
        return stronger(self._told, self._batch, self._mailboxes.get(source, Wish.RUN))

    def _obey(self) -> None:
        for source, control in self._controls.items():
            control.obey(self._of(source))
