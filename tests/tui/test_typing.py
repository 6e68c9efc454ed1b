"""Text that is typed into a line: rubbed out, recalled, pasted, and never overtaken by the keys after it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events

from core.secret import Secret
from core.store.database import Database
from tests.tui.hostile import harmless, texts
from tests.tui.screen import Shown, run, shown
from tui.edit_line import EditLine
from tui.keymap import Keymap
from tui.screens.prompt import Prompt
from tui.screens.secret import AskSecret
from tui.screens.typing import Typing


@pytest.mark.parametrize(
    ("deeds", "text", "cursor"),
    [
        (("rub_out",), "ab c", 4),
        (("rub_word",), "ab ", 3),
        (("rub_word", "rub_word"), "", 0),
        (("rub_word", "rub_word", "rub_word", "rub_out"), "", 0),
        (("rub_all",), "", 0),
        (("delete",), "ab cd", 5),
    ],
)
def test_rubbing_out(deeds: tuple[str, ...], text: str, cursor: int) -> None:
    line = EditLine("ab cd")
    for deed in deeds:
        getattr(line, deed)()
    assert (line.text, line.cursor) == (text, cursor)


def test_typing_in_the_middle() -> None:
    line = EditLine("acd")
    line.move_to(1)
    line.insert("b")
    assert (line.text, line.cursor) == ("abcd", 2)
    line.delete()
    assert (line.text, line.cursor) == ("abd", 2)
    line.move_to(-5)
    line.rub_out()
    line.move_to(99)
    line.insert("!")
    assert line.text == "abd!"


def test_what_was_there_goes_with_the_first_character_unless_it_is_moved_in() -> None:
    replaced, kept = EditLine("failed"), EditLine("failed")
    replaced.insert("x")
    kept.move_to(0)
    kept.insert("x")
    assert (replaced.text, kept.text) == ("x", "xfailed")


@given(texts)
def test_whatever_is_pasted_is_one_harmless_line(text: str) -> None:
    line = EditLine()
    line.insert(text)
    assert harmless(line.text)
    assert line.cursor == len(line.text) <= 1000


@given(st.text(max_size=80), st.integers(0, 80), st.integers(4, 60))
def test_the_cursor_is_always_seen_and_the_line_fits(text: str, place: int, width: int) -> None:
    class Bare(Typing[None]):
        pass

    typing = Bare(Keymap(), text)
    typing.line.move_to(place)
    before, under, after = (cell.text for cell in typing.cells(width))
    # A character at the edge may be two cells wide; what draws the line cuts it.
    assert cell_len(before) + cell_len(under) + cell_len(after) <= width + 1
    assert typing.line.text.startswith(before, typing.line.cursor - len(before))
    assert len(under) == 1


async def _ask(screen: Shown, prompt: Prompt) -> list[str | None]:
    answers: list[str | None] = []
    screen.app.push_screen(prompt, answers.append)
    await screen.pilot.pause()
    return answers


def test_keys_typed_ahead_are_taken_in_the_order_they_came(empty: Database) -> None:
    async def look() -> None:
        async with shown(empty, (80, 24)) as screen:
            told: list[str] = []
            answers: list[str | None] = []
            screen.app.push_screen(Prompt(Keymap(), "filter", live=told.append), answers.append)
            for key, character in (("a", "a"), ("b", "b"), ("backspace", None), ("c", "c"), ("enter", None)):
                screen.app.post_message(events.Key(key, character))  # without waiting, before it is even shown
            await screen.until(lambda: answers)
            assert answers == ["ac"]
            assert told == ["a", "ab", "a", "ac"]

    run(look)


def test_enter_does_not_overtake_what_is_pasted(empty: Database) -> None:
    async def look() -> None:
        async with shown(empty, (80, 24)) as screen:
            answers: list[str | None] = []
            screen.app.push_screen(Prompt(Keymap(), "filter"), answers.append)
            screen.app.post_message(events.Key("a", "a"))
            screen.app.post_message(events.Paste("bc"))
            screen.app.post_message(events.Key("enter", None))
            await screen.until(lambda: answers)
            assert answers == ["abc"]

    run(look)


def test_what_was_typed_before_is_recalled(empty: Database) -> None:
    async def look() -> None:
        async with shown(empty, (80, 24)) as screen:
            prompt = Prompt(Keymap(), "filter", "now", past=("first", "second"))
            answers = await _ask(screen, prompt)
            seen = []
            for key in ("up", "up", "up", "down", "down", "down"):
                await screen.pilot.press(key)
                seen.append(prompt.line.text)
            assert seen == ["second", "first", "first", "second", "now", "now"]
            await screen.pilot.press("escape")
            await screen.until(lambda: answers == [None])

    run(look)


def test_a_paste_is_taken_and_keys_do_nothing_to_what_lies_below(empty: Database) -> None:
    async def look() -> None:
        async with shown(empty, (80, 24)) as screen:
            answers = await _ask(screen, Prompt(Keymap(), "filter", hint="a part of a name"))
            await screen.shows("filter", "a part of a name")
            screen.app.post_message(events.Paste("q\x1b[31m\nsecond line"))
            await screen.shows("filter q␛[31m")
            await screen.pilot.press("q", "s", "enter")
            await screen.until(lambda: answers == ["q␛[31mqs"])
            assert screen.ended is None
            assert "nothing here to act on" not in screen.text

    run(look)


def test_a_secret_that_was_not_understood_is_asked_for_again(empty: Database) -> None:
    """A terminal of another encoding: what came is not what was typed."""

    async def look() -> None:
        async with shown(empty, (80, 24)) as screen:
            answers: list[Secret | None] = []
            screen.app.push_screen(AskSecret(Keymap(), "the old password"), answers.append)
            await screen.pilot.press("p")
            screen.app.post_message(events.Key("replacement_character", "\ufffd"))
            await screen.pilot.press("enter")
            await screen.shows("not UTF-8: type it again")
            await screen.pilot.press("p", "w", "enter")
            await screen.until(lambda: answers)
            assert answers[0] is not None
            assert answers[0].reveal() == "pw"

    run(look)
