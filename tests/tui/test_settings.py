"""The user's settings: all of them documented, none unknown, every problem told with its cure."""

import re
from pathlib import Path

import pytest

from core.errors import UserError
from tests import keys_doc
from tui import theme
from tui.keymap import Keymap
from tui.pace import Pace
from tui.settings import THEMES, Settings, load


def given(folder: Path, text: str) -> Settings:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        given(folder, text)
    assert caught.value.exit_code == 2
    return [problem.removeprefix(f"{folder / 'settings.toml'}: ") for problem in caught.value.problems]


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    found = load(tmp_path / "settings.toml")
    assert (found.theme, found.ascii, found.mouse, found.rate, found.keymap.own) == ("auto", None, True, None, {})


def test_what_the_document_shows_is_what_holds_and_what_may_be_set(tmp_path: Path) -> None:
    shown = re.findall(r"```toml\n(.*?)```", keys_doc.SETTINGS.read_text(encoding="utf-8"), re.DOTALL)[0]
    usual, found = Settings(), given(tmp_path, shown)
    assert (found.theme, found.ascii, found.mouse, found.rate) == (usual.theme, None, usual.mouse, None)
    everything = given(tmp_path, re.sub(r"^# ", "", shown, flags=re.MULTILINE))
    assert (everything.ascii, everything.rate) == (True, 4)
    assert everything.keymap.names("run.start") == ["F5"]
    assert everything.keymap.names("list.problem") == ["n", "!"]
    assert all(name in shown for name in THEMES)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('them = "dark"', ['them: is unknown; did you mean "theme"?']),
        ("zzz = 1", ["zzz: is unknown; there are theme, ascii, mouse, rate, keymap"]),
        ('theme = "drak"', ['theme: "drak" is no theme; allowed: auto, dark, light, terminal, none']),
        ("theme = 1", ["theme: 1 is no theme; allowed: auto, dark, light, terminal, none"]),
        ('ascii = "yes"', ["ascii: must be true or false, not a string"]),
        ("mouse = 0", ["mouse: must be true or false, not an integer"]),
        ("rate = 100", ["rate: 100 is no rate; allowed: updates a second, from 0.25 to 10"]),
        ("rate = true", ["rate: true is no rate; allowed: updates a second, from 0.25 to 10"]),
        ('keymap = "vi"', ["keymap: must be a table, not a string"]),
        ('[keymap]\n"run.strat" = "s"', ['keymap.run.strat: is unknown; did you mean "run.start"?']),
        ('[keymap]\nrun.strat = "s"', ['keymap.run.strat: is unknown; did you mean "run.start"?']),
        ("[keymap]\nrun.start = 5", ["keymap.run.start: must be a key or an array of keys, each a string"]),
        ("[keymap]\nrun.start = []", ["keymap.run.start: must be a key or an array of keys, each a string"]),
        ('[keymap]\nchoice.cancel = "x"', ["keymap.choice.cancel: is unknown"]),
        (
            '[keymap]\nrun.start = "p"',
            ['keymap: "p" would call both run.start and run.pause; give one of them another key'],
        ),
        (
            '[keymap]\nrun.start = "alt+x"',
            ['keymap.run.start: "alt+x" is no key that every terminal sends; allowed: a'],
        ),
        ('them = 1\nrate = 0\n[keymap]\nx = "y"', ["them: is", "rate: 0 is", "keymap.x: is"]),
        ("theme = ", ["is not TOML: "]),
        ('"\\u001b[31m" = 1', ["␛[31m: is unknown"]),
    ],
)
def test_every_problem_is_told_in_a_line_with_its_cure(tmp_path: Path, text: str, told: list[str]) -> None:
    found = problems(tmp_path, text)
    assert len(found) == len(told)
    assert all(problem.startswith(start) for problem, start in zip(found, told, strict=True))
    assert all(problem.isprintable() for problem in found)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xff")
    with pytest.raises(UserError, match="it is not UTF-8"):
        load(tmp_path / "settings.toml")
    with pytest.raises(UserError, match="Is a directory"):
        load(tmp_path)


def test_keys_that_change_places_do_not_clash(tmp_path: Path) -> None:
    found = given(tmp_path, '[keymap]\nrun.start = "p"\nrun.pause = "s"')
    assert (found.keymap.first("run.start"), found.keymap.first("run.pause")) == ("p", "s")
    assert found.keymap.clashes() == Keymap().clashes() == []


@pytest.mark.parametrize(
    ("name", "environ", "found"),
    [
        ("auto", {"TERM": "xterm-256color"}, theme.CALM),
        ("auto", {"TERM": "linux"}, theme.PLAIN),
        ("auto", {"TERM": "xterm-256color", "NO_COLOR": "1"}, theme.PLAIN),
        ("dark", {"TERM": "linux"}, theme.CALM),
        ("light", {"TERM": "xterm-256color"}, theme.LIGHT),
        ("light", {"TERM": "xterm-256color", "NO_COLOR": "1"}, theme.PLAIN),
        ("terminal", {"TERM": "xterm-256color"}, theme.PLAIN),
        ("none", {"TERM": "xterm-256color"}, theme.PLAIN),
    ],
)
def test_themes_as_they_are_set(name: str, environ: dict[str, str], found: object) -> None:
    assert theme.chosen(name, environ) is found


def test_the_rate_as_it_is_set() -> None:
    assert Pace.of({"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}, 4).seconds == 0.25
    assert Pace.of({}, 0.25).seconds == 4.0
