"""Kills this process at a chosen instant, by hooks around functions of a program that knows nothing of them."""

import importlib
import inspect
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial, wraps
from typing import Any, NoReturn

#: Of the arguments of a call, by name.
Which = Callable[[Mapping[str, Any]], bool]


class When(Enum):
    """At which instant of a call. The last three are for calls that send bytes: so much of them has left by then."""

    BEFORE = "before"
    AFTER = "after"
    FIRST_BYTE = "first byte"
    HALF = "half"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of a function of the program, ``module:name`` or ``module:Class.name``; with `which` only some of them."""

    target: str
    which: Which | None = None


@dataclass(frozen=True, slots=True)
class Instant:
    """An instant of such a call; with `inside` only while one of those others is under way, in whatever thread."""

    when: When
    calls: Calls
    inside: Calls | None = None


class _Trap:
    """Lets so many pass, and kills the next."""

    def __init__(self, name: str, hit: int, inside: Callable[[], bool]) -> None:
        self._name = name
        self._hit = self._left = hit
        self._inside = inside
        self._lock = threading.Lock()

    def due(self) -> bool:
        """Whether it is this one; each is asked for once."""
        if not self._inside():
            return False
        with self._lock:
            self._left -= 1
            return self._left == 0

    def kill(self) -> NoReturn:
        os.write(sys.stderr.fileno(), f"killed at {self._name} ({self._hit})\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("it lives")


def arm(name: str, instant: Instant, hit: int) -> None:
    """From now on this process dies when it comes to that instant for the `hit`-th time.

    Raises AttributeError when the program has no such function.
    """
    trap = _Trap(name, hit, (lambda: True) if instant.inside is None else _watched(instant.inside))
    hooks = {When.BEFORE: _before, When.AFTER: _after}
    _wrap(instant.calls, partial(hooks.get(instant.when) or partial(_sending, instant.when), trap))


def _before(trap: _Trap, function: Callable[..., Any]) -> Any:
    def hooked(*arguments: Any, **named: Any) -> Any:
        if trap.due():
            trap.kill()
        return function(*arguments, **named)

    return hooked


def _after(trap: _Trap, function: Callable[..., Any]) -> Any:
    def hooked(*arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        if trap.due():
            trap.kill()
        return result

    return hooked


def _sending(when: When, trap: _Trap, function: Callable[..., Any]) -> Any:
    """For a method that sends the bytes it is given, and for one that yields the bytes of which each piece is sent
    before the next is asked for.
    """

    def part(data: bytes) -> bytes:
        return data[: {When.FIRST_BYTE: 1, When.HALF: len(data) // 2, When.ALL: len(data)}[when]]

    def yielding(sender: Any) -> Iterator[bytes]:
        if not trap.due():
            yield from function(sender)
            return
        yield part(b"".join(function(sender)))
        trap.kill()

    def sending(sender: Any, data: bytes) -> None:
        if not trap.due():
            function(sender, data)
            return
        function(sender, part(data))
        trap.kill()

    return yielding if inspect.isgeneratorfunction(function) else sending


def _watched(calls: Calls) -> Callable[[], bool]:
    """Whether such a call is under way."""
    under_way: list[None] = []

    def watch(function: Callable[..., Any]) -> Any:
        def hooked(*arguments: Any, **named: Any) -> Any:
            under_way.append(None)
            try:
                return function(*arguments, **named)
            finally:
                under_way.pop()

        return hooked

    _wrap(calls, watch)
    return lambda: bool(under_way)


def _wrap(calls: Calls, around: Callable[[Callable[..., Any]], Any]) -> None:
    """Put something around a function for good."""
    module, _, path = calls.target.partition(":")
    owner: Any = importlib.import_module(module)
    *above, name = path.split(".")
    for each in above:
        owner = getattr(owner, each)
    plain = getattr(owner, name)
    hooked, which = around(plain), calls.which
    if which is not None:
        signature, always = inspect.signature(plain), hooked

        def hooked(*arguments: Any, **named: Any) -> Any:
            some = which(signature.bind(*arguments, **named).arguments)
            return (always if some else plain)(*arguments, **named)

    setattr(owner, name, wraps(plain)(hooked))
