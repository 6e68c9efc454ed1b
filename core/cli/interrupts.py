"""SIGINT, SIGTERM and SIGHUP while a command works: counted here, acted on by the command."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """How often the user, or the system, has asked this process to end."""

    def __init__(self) -> None:
        self.count = 0

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """While this lasts signals only count. One that was ignored, as by nohup, stays ignored."""
    heard = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, heard._heard)  # noqa: SLF001  its only caller
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
