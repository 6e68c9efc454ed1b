"""Tones, glyphs and words: whole, one cell wide, and never a colour alone. Keys that do not clash, short files."""

import ast
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.color import Color, ColorSystem

import tui
from core.status import BatchStatus, Condition, MailboxStatus
from tests.pictures.sample import NOW
from tui import keys, theme
from tui.state import WORD_WIDTH, state_of
from tui.theme import Tone
from tui.widgets.line_widget import LineWidget

STATUSES: list[BatchStatus | MailboxStatus] = [*BatchStatus, *MailboxStatus]


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: f"{type(status).__name__}-{status}")
def test_every_status_has_a_glyph_and_a_word_of_its_own(status: BatchStatus | MailboxStatus) -> None:
    state = state_of(status)
    assert cell_len(state.glyph) == 1
    assert 0 < cell_len(state.word) <= WORD_WIDTH
    assert state.status == status
    others = [state_of(other).word for other in type(status) if other is not status]
    assert state.word not in others


@pytest.mark.parametrize("condition", Condition)
@pytest.mark.parametrize("seconds", [0, 59, 3599, 86_399, 8_640_000])
def test_a_condition_is_told_with_what_is_left_of_it(condition: Condition, seconds: int) -> None:
    state = state_of(MailboxStatus.SYNCING, condition, NOW + timedelta(seconds=seconds), NOW)
    assert cell_len(state.word) <= WORD_WIDTH
    assert state.tone is not Tone.ACTIVE


def test_pausing_is_not_yet_paused() -> None:
    assert state_of(MailboxStatus.STOPPING, Condition.PAUSED).word == "pausing"
    assert state_of(BatchStatus.STOPPED, Condition.PAUSED).word == "paused"


@pytest.mark.parametrize("palette", [theme.PALETTE, theme.PALETTE_LIGHT], ids=["dark", "light"])
def test_every_tone_has_a_look_and_every_colour_a_slot_of_its_own(palette: Mapping[str, str]) -> None:
    css = (Path(tui.__file__).parent / "styles/tones.tcss").read_text()
    slots = {name: Color.parse(colour).downgrade(ColorSystem.EIGHT_BIT).number for name, colour in palette.items()}
    assert len(set(slots.values())) == len(slots)
    assert min(number or 0 for number in slots.values()) >= 16  # below are colours that a user may have changed
    for tone in Tone:
        assert f"LineWidget > .tone--{tone} {{ color: $tone-{tone};" in css
        assert tone in palette
        assert tone in theme.PALETTE_16
        assert f"tone--{tone}" in LineWidget.COMPONENT_CLASSES


@pytest.mark.parametrize(
    ("environ", "few"),
    [
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "tmux-256color"}, False),
        ({"TERM": "xterm-direct"}, False),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, False),
    ],
)
def test_the_terminals_own_colours_are_used_where_there_are_few(environ: dict[str, str], few: bool) -> None:
    assert theme.few_colours(environ) is few


def test_every_file_can_be_read_at_one_sitting() -> None:
    house = Path(tui.__file__).parent
    lines = {str(path.relative_to(house)): len(path.read_text().splitlines()) for path in house.rglob("*.*css")}
    lines |= {str(path.relative_to(house)): len(path.read_text().splitlines()) for path in house.rglob("*.py")}
    assert {name: length for name, length in lines.items() if length > 400} == {}
    assert lines["app.py"] < 200


def test_no_thread_calls_into_the_screen() -> None:
    """Measured: call_from_thread costs each event 15 ms, and stands still with the terminal. The link polls instead."""
    house = Path(tui.__file__).parent
    called: list[str] = []
    for path in house.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "textual":
                assert "work" not in {alias.name for alias in node.names}, path
            if isinstance(node, ast.Attribute):
                assert node.attr != "call_from_thread", path
            if isinstance(node, ast.Call) and any(keyword.arg == "thread" for keyword in node.keywords):
                called.append(path.name)
    assert called == ["quit.py"]  # a wish is written down; Textual's threads are six on a machine of two cores


def test_no_two_keys_clash_and_none_is_out_of_reach() -> None:
    assert len({key.id for key in keys.KEYS}) == len(keys.KEYS)
    assert {group for reach in keys.REACHES for group in reach} >= set(keys.OWN)
    for groups in keys.REACHES:
        bound = [name for key in keys.KEYS if key.group in groups for name in key.keys.split(",")]
        assert len(set(bound)) == len(bound)
    for key in keys.KEYS:
        for name in key.keys.split(","):
            assert not name.startswith(("alt+", "ctrl+shift+", "super+"))
            assert name not in {"ctrl+b", "ctrl+a"}  # the prefixes of tmux and screen
        if "f1" in key.keys.split(","):
            assert len(key.keys.split(",")) > 1
