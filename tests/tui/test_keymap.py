"""The user's own keys: found, named, and refused where they clash."""

import re
from collections.abc import Collection
from random import Random

import pytest

from core.printable import printable
from core.store.database import Database
from tests.tui.screen import Shown, run, shown
from tui.keymap import Keymap, textual_name
from tui.keys import KEYS, OWN, REACHES, Group, key


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


@pytest.mark.parametrize(
    "text", ["", "alt+x", "ctrl+shift+s", "ctrl+1", "f13", "ab", "\x1b", "ctrl+é", "ctrl+i", "Ctrl+M", "\u0301"]
)
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
    assert Keymap({"form.try": "g"}).clashes() == [("g", "list.top", "form.try")]
    assert Keymap({"list.mark": "o"}).clashes() == []  # another pane's
    assert Keymap({"app.quit": "Q", "form.close": "Q", "list.down": "q"}).clashes() == [
        ("q", "list.down", "help.close")
    ]


def reached(screen: Shown) -> dict[str, str]:
    """What each key calls here."""
    return {name: active.binding.id or "" for name, active in screen.app.screen.active_bindings.items()}


def test_a_keymap_that_is_taken_works_as_it_is_written_wherever_one_is(store: Database) -> None:
    """Any keys at any actions: Textual calls the same ones, and none but those that the check for clashes looks at."""
    chance = Random(11)
    pool = [name for key in KEYS if key.group in OWN for name in key.keys.split(",")] + [f"f{n}" for n in range(2, 13)]
    lists, log, form, help_ = REACHES[:4]
    places: list[tuple[str, Collection[Group], str]]
    places = [(number, log if number == "4" else lists, f"{number} ") for number in "1234"]
    places += [("?", help_, "This help"), ("a", form, "New batch")]

    def some_keymap() -> Keymap:
        while True:
            own = {
                key.id: ",".join(chance.sample(pool, chance.choice((1, 1, 2))))
                for key in chance.sample(KEYS, chance.randint(1, 4))
                if key.group in OWN
            }
            ids = list(own)
            if len(ids) > 1:  # two change places
                own[ids[0]], own[ids[1]] = key(ids[1]).keys, key(ids[0]).keys
            if own and not Keymap(own).clashes():
                return Keymap(own)

    def looked(screen: Shown, keymap: Keymap, groups: Collection[Group], where: str) -> None:
        called = reached(screen)
        for action in KEYS:
            for name in keymap.own.get(action.id, action.keys).split(","):
                if action.group in groups and action.group is not Group.HELP:
                    assert called.get(name) == action.id, (where, keymap.own)
        assert {key(id_).group for id_ in called.values()} <= set(groups), (where, keymap.own)

    async def look() -> None:
        async with shown(store) as screen:
            keymaps = [Keymap(), *(some_keymap() for _ in range(40))]
            for typed, groups, told in places:
                await screen.pilot.press("escape", "1", textual_name(typed))
                await screen.shows(told)
                for keymap in keymaps:
                    screen.app.set_keymap(keymap.own)
                    looked(screen, keymap, groups, typed)
                screen.app.set_keymap({})

    run(look)


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
