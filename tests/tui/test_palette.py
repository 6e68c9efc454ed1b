"""Every action by its name: what fits what is typed, and that choosing does what the key does."""

import re

import pytest
from textual.app import App
from textual.dom import DOMNode

from core.status import Wish
from core.store.database import Database
from core.store.wanted import Wanted
from tests.tui.screen import run, shown
from tui import keys
from tui.form.form import Form
from tui.form.sheet_page import SheetPage
from tui.screens.palette import Entry, Palette, hits

ENTRIES = [
    Entry("1", "app: help", "This help"),
    Entry("2", "batch: pause", "Pause: the process stays and waits"),
    Entry("3", "batch: start", "Start the batch"),
    Entry("4", "go: batches", "Go to the batches"),
    Entry("5", "log: search", "Look for something", why="there is nothing here"),
    Entry("6", "list: search", "Look for something"),
]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", "123456"),
        ("st", "362"),
        ("batch", "423"),
        ("batch: s", "32"),
        ("se", "652"),
        ("bapa", "2"),
        ("PROCESS", "2"),
        ("nothing of that", ""),
    ],
)
def test_the_best_comes_first_and_what_can_be_done_before_what_cannot(asked: str, found: str) -> None:
    assert "".join(entry.id for entry in hits(ENTRIES, asked)) == found


def test_names_are_an_area_and_an_action_and_told_apart() -> None:
    names = [key.name for key in keys.KEYS if key.name]
    assert len(set(names)) == len(names) > 10
    assert all(re.fullmatch(r"[a-z]+: [a-z ]+", name) for name in names)


def test_every_action_has_its_method(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            app: App[int] = screen.app
            for key in keys.KEYS:
                if key.group is keys.Group.FORM:
                    assert all(callable(getattr(page, f"action_{key.action}", None)) for page in (Form, SheetPage)), key
                elif key.group in keys.OWN:
                    node, action, _ = app._parse_action(key.action, screen.dashboard.owner(key))
                    assert isinstance(node, DOMNode)
                    assert callable(getattr(node, f"action_{action}", None)), key

    run(look)


def test_the_palette_does_what_is_chosen(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.pilot.press("colon", *"paus", "enter")
            await screen.until(lambda: Wanted(store).read("sales-wave-2").batch is Wish.PAUSE)
            await screen.pilot.press("ctrl+p", *"lvl", "enter")
            await screen.shows("warning and up")
            await screen.pilot.press("colon", *"follow", "enter")
            await screen.shows("standing still")
            await screen.pilot.press("colon", *"help", "down", "up", "enter")
            await screen.shows("This help")

    run(look)


def test_what_would_do_nothing_says_why_before_and_after(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("1", "k")
            await screen.pilot.press("colon", *"batch: pau")
            await screen.shows("Nobody runs hq-pilot: s starts it")
            await screen.pilot.press("enter")
            await screen.until(lambda: not isinstance(screen.app.screen, Palette))
            await screen.shows("Nobody runs hq-pilot: s starts it")

    run(look)


def test_it_can_be_left_and_finds_nothing_that_is_not_there(store: Database) -> None:
    async def look() -> None:
        async with shown(store, (80, 24)) as screen:
            await screen.pilot.press("colon")
            await screen.shows("Do what?")
            await screen.pilot.press(*"xyzzy", "enter")
            await screen.until(lambda: not isinstance(screen.app.screen, Palette))
            await screen.pilot.press("colon", *"x", "backspace", "backspace")
            await screen.until(lambda: not isinstance(screen.app.screen, Palette))

    run(look)
