"""The user's own keys: found, named, and refused where they clash."""

import re

import pytest

from core.printable import printable
from core.store.database import Database
from tests.tui.screen import run, shown
from tui.keymap import Keymap, textual_name
from tui.keys import Group


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("s", "s"),
        ("S", "S"),
        ("?", "question_mark"),
        (" ", "space"),
        ("Space", "space"),
        ("F5", "f5"),
        ("ctrl+s", "ctrl+s"),
        ("Ctrl+S", "ctrl+s"),
        ("pageup", "pageup"),
    ],
)
def test_keys_as_people_write_them(text: str, name: str) -> None:
    assert textual_name(text) == name


@pytest.mark.parametrize("text", ["", "alt+x", "ctrl+shift+s", "ctrl+1", "f13", "ab", "\x1b", "ctrl+é"])
def test_keys_that_some_terminal_does_not_send(text: str) -> None:
    with pytest.raises(ValueError, match=f'"{re.escape(printable(text))}" is no key'):
        textual_name(text)


def test_an_action_has_the_users_key_in_place_of_its_own() -> None:
    keymap = Keymap({"run.start": "f5,equals_sign"})
    assert keymap.names("run.start") == ["F5", "="]
    assert keymap.first("run.pause") == "p"
    found = keymap.find("f5", Group.STEER)
    assert found is not None
    assert found.id == "run.start"
    assert keymap.find("s", Group.STEER) is None
    assert keymap.find("f5", Group.LOG) is None
    assert keymap.clashes() == []


def test_a_key_for_two_actions_at_one_place_is_a_clash() -> None:
    assert Keymap({"run.start": "p"}).clashes() == [("p", "run.start", "run.pause")]
    assert Keymap({"run.start": "p", "run.pause": "s"}).clashes() == []  # changed places
    assert Keymap({"run.start": "f"}).clashes() == [("f", "run.start", "log.follow")]


def test_the_users_keys_work_and_are_told_everywhere(store: Database) -> None:
    async def look() -> None:
        own = {"run.start": "f5", "app.help": "H", "pane.log": "l", "log.right": "right"}
        async with shown(store, keymap=Keymap(own)) as screen:
            await screen.shows(" F5 Start", " l Log", " H Help")
            await screen.press("k", "p")
            await screen.shows("Nobody runs hq-pilot: F5 starts it")
            await screen.press("s")
            await screen.press("l")
            assert screen.dashboard.focused is screen.dashboard.log_view
            await screen.press("H")
            await screen.shows("  F5  ")

    run(look)
