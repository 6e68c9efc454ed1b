"""Secrets that somebody types: asked at the terminal, once per process and text."""

import getpass
import os
import threading

from core.errors import SecretError
from core.printable import printable
from core.secret import Secret

_answers: dict[str, Secret] = {}
_lock = threading.Lock()
_taken = threading.Event()


def ask(text: str) -> Secret:
    """The answer to this text: the one given before in this process, else asked at the terminal, unseen.

    Raises SecretError without a terminal, or when nothing is typed.
    """
    with _lock:  # one question at a time, and who waited for it has the answer
        if text not in _answers:
            answer = _typed(text)
            if not answer:
                raise SecretError("nothing was typed")
            _answers[text] = Secret(answer)
        return _answers[text]


def answer(text: str, secret: Secret) -> None:
    """Give an answer that was asked for elsewhere, as a console does on a screen of its own."""
    with _lock:
        _answers[text] = secret


def answered(text: str) -> bool:
    """Whether `ask` would not need the terminal."""
    with _lock:
        return text in _answers


def answers() -> dict[str, Secret]:
    """All that was answered in this process, by the text that was asked."""
    with _lock:
        return dict(_answers)


def keep_off_terminal() -> None:
    """From now on never ask at the terminal: a screen of our own has it, and gives its answers by `answer`."""
    _taken.set()


def forget(text: str) -> None:
    """Ask again next time, such as after a mistyped answer."""
    with _lock:
        _answers.pop(text, None)


def _typed(text: str) -> str:
    if _taken.is_set():
        raise SecretError("was not answered yet")
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        raise SecretError("there is no terminal to ask at; use env:, file: or command: instead") from None
    try:
        # In the background, reading from the terminal would stop us without a word (SIGTTIN).
        if os.tcgetpgrp(terminal) != os.getpgrp():
            raise SecretError("the terminal belongs to another program; bring this one to the foreground first")
    finally:
        os.close(terminal)
    try:
        return getpass.getpass(f"{printable(text).removesuffix(':')}: ")
    except EOFError:
        return ""
    except UnicodeDecodeError:
        raise SecretError("what was typed is not in the terminal's character set (LANG, LC_ALL)") from None
