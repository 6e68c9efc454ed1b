"""Before there is a screen: whether there can be one, and what Textual finds when it is imported."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tui import __main__ as start

TERMINAL = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("no_terminal", "environ", "encoding", "told"),
    [
        ((), TERMINAL, "utf-8", None),
        ((1,), TERMINAL, "UTF8", None),  # what it prints goes elsewhere; it draws on standard error
        ((0,), TERMINAL, "utf-8", "needs a terminal"),
        ((2,), TERMINAL, "utf-8", "needs a terminal"),
        ((), {}, "utf-8", "TERM is missing"),
        ((), {"TERM": ""}, "utf-8", "TERM is missing"),
        ((), {"TERM": "dumb"}, "utf-8", "TERM is missing, dumb or unknown"),
        ((), {"TERM": "unknown"}, "utf-8", "TERM is missing, dumb or unknown"),
        ((), TERMINAL, "iso8859-1", "needs UTF-8"),
        ((), TERMINAL, None, "needs UTF-8"),
    ],
)
def test_where_there_can_be_a_screen(
    monkeypatch: pytest.MonkeyPatch,
    no_terminal: tuple[int, ...],
    environ: dict[str, str],
    encoding: str | None,
    told: str | None,
) -> None:
    monkeypatch.setattr(os, "isatty", lambda descriptor: descriptor not in no_terminal)
    monkeypatch.setattr(sys, "__stderr__", SimpleNamespace(encoding=encoding))
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
