"""Signals: what runs is told first, then the screen; a screen that does not end is left behind."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tui.signals import Signals


class Screen:
    """Writes down what it is told; ends when told to leave, or only when let go of, or never."""

    def __init__(self, ends_on: str) -> None:
        self.told: list[str] = []
        self.signals: Signals | None = None
        self.ends_on = ends_on
        self.last = threading.Event()

    def _tell(self, word: str) -> None:
        self.told.append(word)
        if word == self.ends_on and self.signals is not None:
            self.signals.ended.set()

    def leave(self) -> None:
        self._tell("leave")

    def let_go(self) -> None:
        self._tell("let go")

    def rescue(self) -> None:
        self._tell("rescue")

    def stop(self, now: bool) -> None:
        self._tell("stop now" if now else "stop")

    def hang_up(self) -> None:
        self._tell("hang up")

    def last_resort(self) -> None:
        self._tell("last resort")
        self.last.set()


@contextmanager
def watched(ends_on: str) -> Iterator[tuple[Screen, Signals]]:
    screen = Screen(ends_on)
    signals = Signals(screen, screen.stop, screen.hang_up, screen.last_resort, patience=0.05)
    screen.signals = signals
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    signals.install()
    try:
        yield screen, signals
    finally:
        signals.ended.set()
        signals.restore()
    assert before == {number: signal.getsignal(number) for number in before}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_runs_is_stopped_before_the_screen(number: int) -> None:
    with watched("leave") as (screen, signals):
        os.kill(os.getpid(), number)
        assert signals.ended.wait(20)
    assert screen.told == ["hang up" if number == signal.SIGHUP else "stop", "leave"]
    assert signals.received == number


def test_a_second_signal_cuts_what_is_in_flight() -> None:
    with watched("stop now") as (screen, signals):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.ended.wait(20)
    assert screen.told == ["stop", "leave", "stop now"]


def test_a_hangup_after_a_signal_cuts_nothing() -> None:
    with watched("never") as (screen, signals):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGHUP)
        assert screen.last.wait(20)
    assert "stop now" not in screen.told
    assert signals.received == signal.SIGTERM


def test_a_screen_that_hangs_loses_the_terminal_and_then_the_process() -> None:
    with watched("never") as (screen, _):
        os.kill(os.getpid(), signal.SIGTERM)
        assert screen.last.wait(20)
    assert screen.told == ["stop", "leave", "let go", "leave", "rescue", "last resort"]


def test_a_screen_that_hangs_on_the_terminal_ends_once_that_is_let_go() -> None:
    with watched("let go") as (screen, signals):
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.ended.wait(20)
    assert screen.told == ["stop", "leave", "let go", "leave"]


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with watched("leave"):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
