"""Where a log is exported to, whatever its batch and its mailbox are called."""

from pathlib import Path

import pytest

from tests.pictures.sample import NOW
from tests.tui.hostile import HOSTILE
from tui import log_file
from tui.tick import Focus

NAMES = ("..", "../../x", "/etc/passwd", "a/../../b", "a\0b", "\u4e2d" * 300, "\U00020000" * 300, "x" * 300)


@pytest.mark.parametrize("name", [*NAMES, *HOSTILE], ids=ascii)
def test_it_stays_below_the_state_folder(tmp_path: Path, name: str) -> None:
    state = tmp_path / "state"
    state.mkdir()
    path = log_file.name_for(state, Focus(name, name, only=True), NOW)
    assert path.parent == state / "exports"
    written, _ = log_file.write(path, [])
    assert written == path
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]
    assert path.name.isprintable()
