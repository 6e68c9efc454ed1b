"""Settings, options and what is remembered, in a real terminal."""

import signal
from pathlib import Path

import pytest

from tests.pty.terminal import Terminal

_MOUSE = b"\x1b[?1000h", b"\x1b[?1003h", b"\x1b[?1006h"


def settings(folder: Path, text: str) -> dict[str, str]:
    (folder / "mailcutover").mkdir()
    (folder / "mailcutover" / "settings.toml").write_text(text)
    return {"XDG_CONFIG_HOME": str(folder)}


def test_wrong_settings_are_told_before_anything_is_opened(tmp_path: Path) -> None:
    env = settings(tmp_path, 'them = "dark"')
    with Terminal.console(tmp_path / "state", env=env) as terminal:
        assert terminal.end() == 2
        told = terminal.output.decode().strip()
        path = tmp_path / "mailcutover" / "settings.toml"
        assert told == f'mailcutover: {path}: them: is unknown; did you mean "theme"?'
    assert not (tmp_path / "state").exists()


def test_settings_are_obeyed(tmp_path: Path, state: Path) -> None:
    env = settings(tmp_path, 'theme = "none"\nmouse = false\nascii = true\n[keymap]\napp.quit = "Q"')
    (state / "console.json").mkdir()  # nothing can be remembered
    with Terminal.console(state, env=env) as terminal:
        terminal.shows(" Q")
        terminal.shows("anna.lindqvist")
        terminal.press("qQ")
        assert terminal.end() == 0
        assert not any(code in terminal.output for code in _MOUSE)
        assert b";5;" not in terminal.output  # no colour of 256
        assert bytes(terminal.output).isascii()
    assert not list(state.glob(".console.json*"))


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (("--ascii", "--no-mouse"), {}),
        ((), {"LC_ALL": "", "LANG": "C", "PYTHONCOERCECLOCALE": "0"}),
        ((), {"LC_ALL": "POSIX"}),
    ],
)
def test_ascii_is_asked_for_or_all_there_is(state: Path, arguments: tuple[str, ...], env: dict[str, str]) -> None:
    with Terminal.console(state, *arguments, env=env) as terminal:
        terminal.shows("anna.lindqvist")
        terminal.press("?")
        terminal.shows("Everywhere")
        terminal.signal(signal.SIGTERM)
        assert terminal.end() == 3
        assert bytes(terminal.output).isascii()
        assert [code in terminal.output for code in _MOUSE] == [not arguments] * 3


def test_what_was_looked_at_is_remembered(state: Path) -> None:
    with Terminal.console(state, columns=80, rows=24) as terminal:
        terminal.shows("sales-wave-2")
        terminal.press("2/queued\r")
        terminal.shows("/queued: 13 of 26")
        terminal.press("q")
        assert terminal.end() == 0
    with Terminal.console(state, columns=80, rows=24) as terminal:
        terminal.shows("/queued: 13 of 26")
        terminal.press("\x1b")
        terminal.shows("anna.lindqvist")
        terminal.press("q")
        assert terminal.end() == 0
