"""What libraries log and warn of, as debug events: never on stderr, never with a secret.

exchangelib, urllib3 and others speak through `logging`, Python prints warnings, a thread that dies prints a traceback.
All that would land in the middle of a console, and may hold a password or a mail.
"""

import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.clock import Clock, SystemClock
from core.event import Event, EventKind, Level, Tell
from core.secret import masked

#: Below this, libraries tell of every request with its headers and bodies: sign-ins, and mail.
_LEAST = logging.INFO
#: A longer text is a request or a response after all.
_LONGEST = 500

_SECRET = re.compile(
    r"""(?ix)
    (?P<kept>
        \b (?:proxy-)? authorization \b ["']? \s* [:=] \s* ["']? (?: [a-z]+ \s+ )?
      | \b (?: pass(?:word|wd)? | pwd | secret | token | assertion | cookie ) \b ["']? \s* [:=] \s* ["']?
      | \b (?: AUTHENTICATE | LOGIN ) \s+ \S+ \s+ ["']?
      | \b (?: bearer | basic | ntlm | negotiate ) \s+ ["']?
      | :// [^\s/:@]* :
    )
    [^\s"',;@]+
    """
)


def without_secrets(text: str) -> str:
    """`text` with whatever looks like a password or a token masked."""
    return _SECRET.sub(lambda found: f"{found['kept']}***", text)


@contextmanager
def libraries_told(tell: Tell, batch: str = "", clock: Clock | None = None) -> Iterator[None]:
    """While this lasts, libraries speak to `tell` and to nobody else. Process-wide: one at a time."""
    bridge = _Bridge(tell, batch, clock or SystemClock())
    root = logging.getLogger()
    before = root.level, logging.lastResort, threading.excepthook, sys.unraisablehook
    root.addHandler(bridge)
    root.setLevel(_LEAST)
    logging.lastResort = None
    logging.captureWarnings(capture=True)
    threading.excepthook = bridge.thread_died
    sys.unraisablehook = bridge.unraisable
    try:
        yield
    finally:
        root.removeHandler(bridge)
        logging.captureWarnings(capture=False)
        level, logging.lastResort, threading.excepthook, sys.unraisablehook = before
        root.setLevel(level)


class _Bridge(logging.Handler):
    def __init__(self, tell: Tell, batch: str, clock: Clock) -> None:
        super().__init__(_LEAST)
        self._tell = tell
        self._batch = batch
        self._clock = clock
        self._telling = threading.local()

    def emit(self, record: logging.LogRecord) -> None:
        """Make an event of a record."""
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001  a library's format string that does not fit its arguments
            said = str(record.msg)
        self._say(Level.DEBUG, EventKind.LIBRARY, f"{record.name} {record.levelname.lower()}: {said}")

    def thread_died(self, died: threading.ExceptHookArgs) -> None:
        """A thread of a library ended with an error; ours never do."""
        thread = died.thread.name if died.thread else "?"
        self._say(Level.ERROR, EventKind.FAULT, f"thread {thread} ended: {died.exc_type.__name__}: {died.exc_value}")

    def unraisable(self, ignored: "sys.UnraisableHookArgs") -> None:
        """An error in a finalizer."""
        self._say(Level.DEBUG, EventKind.LIBRARY, f"{ignored.exc_type.__name__}: {ignored.exc_value}, ignored")

    def _say(self, level: Level, kind: EventKind, text: str) -> None:
        if getattr(self._telling, "now", False):
            return  # telling made somebody log: once is enough
        self._telling.now = True
        try:
            # Masked before it is cut: half a secret would not be known.
            text = without_secrets(masked(text[: 2 * _LONGEST]))
            if len(text) > _LONGEST:
                text = f"{text[:_LONGEST]}\u2026"
            self._tell(Event(self._clock.now(), level, kind, text, self._batch))
        finally:
            self._telling.now = False
