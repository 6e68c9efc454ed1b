"""Before there is a screen: whether there can be one, and what Textual finds when it is imported."""

import os
import subprocess
import sys

import pytest

from tui import __main__ as start

TERMINAL = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("no_terminal", "environ", "told"),
    [
        ((), TERMINAL, None),
        ((1,), TERMINAL, None),  # what it prints goes elsewhere; it draws on standard error
        ((0,), TERMINAL, "needs a terminal"),
        ((2,), TERMINAL, "needs a terminal"),
        ((), {}, "TERM is missing"),
        ((), {"TERM": ""}, "TERM is missing"),
        ((), {"TERM": "dumb"}, "TERM is missing, dumb or unknown"),
        ((), {"TERM": "unknown"}, "TERM is missing, dumb or unknown"),
    ],
)
def test_where_there_can_be_a_screen(
    monkeypatch: pytest.MonkeyPatch, no_terminal: tuple[int, ...], environ: dict[str, str], told: str | None
) -> None:
    monkeypatch.setattr(os, "isatty", lambda descriptor: descriptor not in no_terminal)
    unfit = start._unfit(environ)
    assert unfit is None if told is None else told in (unfit or "")


def test_textual_finds_what_suits_a_slow_link() -> None:
    code = """
import os, sys
from tui.__main__ import _prepare
assert "textual" not in sys.modules
_prepare(os.environ)
import shutil
from textual import constants
print(constants.MAX_FPS, constants.TEXTUAL_ANIMATIONS, constants.SMOOTH_SCROLL, constants.LOG_FILE)
print(shutil.get_terminal_size((7, 7)).columns)
"""
    environ = {**os.environ, "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22", "TEXTUAL_LOG": "keys", "COLUMNS": "300"}
    said = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True).stdout
    assert said == "15 none False None\n7\n"
