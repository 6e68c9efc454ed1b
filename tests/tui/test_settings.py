"""The user's settings: all of them documented, none unknown, every problem told with its cure."""

import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UserError
from tests import keys_doc
from tui import theme
from tui.keymap import Keymap
from tui.pace import Pace
from tui.settings import THEMES, Settings, load


def taken(folder: Path, text: str) -> Settings:
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        taken(folder, text)
    assert caught.value.exit_code == 2
    return [problem.removeprefix(f"{folder / 'settings.toml'}: ") for problem in caught.value.problems]


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    found = load(tmp_path / "settings.toml")
    assert (found.theme, found.ascii, found.mouse, found.rate, found.keymap.own) == ("auto", None, True, None, {})


def test_what_the_document_shows_is_what_holds_and_what_may_be_set(tmp_path: Path) -> None:
    shown = re.findall(r"```toml\n(.*?)```", keys_doc.SETTINGS.read_text(encoding="utf-8"), re.DOTALL)[0]
    usual, found = Settings(), taken(tmp_path, shown)
    assert (found.theme, found.ascii, found.mouse, found.rate) == (usual.theme, None, usual.mouse, None)
    everything = taken(tmp_path, re.sub(r"^# ", "", shown, flags=re.MULTILINE))
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
        ('[keymap]\napp.quit = ""', ['keymap.app.quit: "" is no key that every terminal sends; allowed: a']),
        (
            '[keymap]\nrun.stop = "q"',
            ['keymap: "q" would call both app.quit and run.stop; give one of them another key'],
        ),
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
        (f'"{"k" * 90_000}" = 1', [f"{'k' * 59}…: is unknown; there are theme"]),
        ("[keymap.runs]", ["keymap.runs: is unknown"]),
        ("[keymap.run.start]", ["keymap.run.start: must be a key or an array of keys, each a string"]),
        ('[keymap.run.start]\nx = "y"', ["keymap.run.start: must be a key or an array of keys, each a string"]),
        ('[keymap]\nrun.start = "X"\n"run.start" = "Y"', ["keymap.run.start: is there twice; write it once"]),
        (f'[keymap]\n{".".join("a" * 5000)} = "x"', ["keymap.a.a: is unknown"]),
        (f"rate = {'[' * 5000}{']' * 5000}", ["arrays or tables are nested too deep"]),
        (f"rate = {'{a = ' * 5000}1{'}' * 5000}", ["arrays or tables are nested too deep"]),
        (f"rate = {'9' * 5000}", ["holds a number beyond 64 bits"]),
        (f"rate = 0x{'f' * 5000}", ["rate: a number beyond 64 bits is no rate"]),
        ("rate = nan", ["rate: nan is no rate"]),
        ("theme = 2026-11-28", ["theme: 2026-11-28 is no theme"]),
        (f"# {'x' * (1 << 20)}", ["is larger than 1 MB; that cannot be settings, move it away"]),
    ],
)
def test_every_problem_is_told_in_a_line_with_its_cure(tmp_path: Path, text: str, told: list[str]) -> None:
    found = problems(tmp_path, text)
    assert len(found) == len(told)
    assert all(problem.startswith(start) for problem, start in zip(found, told, strict=True))
    assert all(problem.isprintable() for problem in found)


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda path: path.write_bytes(b"theme = '\xff'"), "is not UTF-8; save it as UTF-8"),
        (lambda path: path.mkdir(), "is not a file; move it away"),
        (os.mkfifo, "is not a file; move it away"),  # nobody ever writes into it
        (lambda path: path.symlink_to("/dev/zero"), "is not a file; move it away"),
        (lambda path: path.symlink_to(path), "cannot be read (Too many levels of symbolic links); mend it or move it"),
    ],
    ids=["latin", "folder", "pipe", "endless", "round"],
)
def test_what_cannot_be_read_says_so(tmp_path: Path, made: Callable[[Path], object], told: str) -> None:
    path = tmp_path / "settings.toml"
    made(path)
    with pytest.raises(UserError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}: {told}")


@pytest.mark.parametrize("text", ["\ufefftheme = 'dark'\r\nmouse = false\r\n", "theme = 'dark'\nmouse = false"])
def test_a_file_from_another_system_is_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.toml").write_bytes(text.encode())
    found = load(tmp_path / "settings.toml")
    assert (found.theme, found.mouse) == ("dark", False)


_NAMES = st.sampled_from(["theme", "ascii", "mouse", "rate", "keymap", "app.quit", "run", "run.start", "", "\x1b"])
_PLAIN = st.one_of(st.booleans(), st.integers(), st.floats(), st.sampled_from(["s", "q", "dark", "ctrl+x", "\x00"]))
_VALUES = st.recursive(_PLAIN, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=2))


@given(st.dictionaries(_NAMES, _VALUES, max_size=3))
@settings(max_examples=60)
def test_whatever_a_file_says_is_taken_or_refused(tables: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(UserError):
        assert taken(Path(folder), tomli_w.dumps(tables)).keymap.clashes() == []


def test_keys_that_change_places_do_not_clash(tmp_path: Path) -> None:
    found = taken(tmp_path, '[keymap]\nrun.start = "p"\nrun.pause = "s"')
    assert (found.keymap.first("run.start"), found.keymap.first("run.pause")) == ("p", "s")
    assert found.keymap.clashes() == Keymap().clashes() == []


def test_a_key_that_is_named_twice_is_one(tmp_path: Path) -> None:
    found = taken(tmp_path, '[keymap]\nrun.start = ["s", "S", "s"]\nlist.sort_reverse = "I"')
    assert found.keymap.names("run.start") == ["s", "S"]


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
