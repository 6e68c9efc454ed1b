"""Foreign text of any kind and length wherever one is asked something: dialogs, lines to type into, pages, the form."""

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from textual.screen import Screen

from core.batch.draft import Draft
from core.engine.trial import FolderGoes
from core.mail.outcome import Outcome
from core.store.database import Database
from core.store.left_out import LeftOut
from tests.tui.hostile import WORST, harmless
from tests.tui.screen import Shown, run, shown
from tests.tui.test_hostile import everywhere
from tui.form.form import Form
from tui.form.goes_page import GoesPage
from tui.form.sheet_page import SheetPage
from tui.form.trying import Trying
from tui.keymap import Keymap
from tui.screens import quit as quitting
from tui.screens.choice import Answer, Choice
from tui.screens.left_out import LeftOutPage
from tui.screens.palette import Entry, Palette
from tui.screens.problems import Problems
from tui.screens.prompt import Prompt
from tui.screens.secret import AskSecret

SIZE = (80, 24)


def screens(text: str) -> Sequence[Screen[Any]]:
    """Everything that is shown in front of the dashboard, with the text wherever data goes."""
    keymap = Keymap()
    message = LeftOut(text, text, 7, Outcome.REJECTED, 70, None, text)
    return (
        Choice(text, [text], [Answer("n", text, text)]),
        Problems(text, [text]),
        AskSecret(keymap, text),
        Prompt(keymap, text, text, hint=text, past=[text]),
        Prompt(keymap, "Filter", text),
        Palette(keymap, [Entry("x", text, text, text), Entry("y", text, text, text, text)]),
        quitting.ask([text]),
        LeftOutPage(text, [message, message], more=True),
        GoesPage(text, [FolderGoes(text, text, text), FolderGoes(text, "", text)]),
        Trying(text, lambda: None),
    )


def is_sound(screen: Shown, what: object) -> None:
    """Every line is as wide as the terminal, and only printed by it."""
    for strip in screen.app.screen._compositor.render_strips():
        assert harmless(strip.text), what
        assert cell_len(strip.text) == SIZE[0], what


def test_whatever_is_asked_with_it(empty: Database) -> None:
    async def look() -> None:
        async with shown(empty, SIZE) as screen:
            for text in WORST:
                for page in screens(text):
                    screen.app.push_screen(page)
                    await screen.pilot.pause()
                    assert screen.app.screen is page
                    is_sound(screen, page)
                    if text is WORST[0]:
                        assert "[/red]" in screen.text, page
                        assert "[OVERQUOTA]" in screen.text, page
                    screen.app.pop_screen()

    run(look)


def test_whatever_is_told_with_it(store: Database) -> None:
    async def look() -> None:
        async with shown(store, SIZE) as screen:
            screen.app.link.close()
            for key in ("1", "2", "3", "4", "w"):
                await screen.pilot.press(key)
                for text in WORST:
                    everywhere(screen, text)
                    await screen.pilot.pause()
                    is_sound(screen, key)

    run(look)


def definition(text: str) -> dict[str, object]:
    """The tables of a batch file that says it wherever a text may stand, and where none is known."""
    mailbox = {"source": text, "destination": text, "password": text, "source_admin": text}
    return {
        "name": text,
        text: text,
        "source": {"host": text, "security": text, "admin": {"username": text, "password": text}},
        "destination": {"url": text, "username": text, "password": text},
        "options": {"settle": text, text: [text]},
        "folders": {"include": [text], "map": {text: text}},
        "mailboxes": [mailbox, mailbox],
    }


def test_whatever_a_form_shows_of_it(empty: Database) -> None:
    async def look() -> None:
        async with shown(empty, SIZE) as screen:
            for text in WORST:
                draft = Draft(definition(text))
                for page in (
                    Form(draft, None, Keymap(), text),  # type: ignore[arg-type]
                    SheetPage(draft, ("mailboxes",), None, Keymap()),  # type: ignore[arg-type]
                ):
                    screen.app.push_screen(page)
                    await screen.shows("problems")
                    for key in ("ctrl+d", "G", "g", "enter", "x"):
                        await screen.pilot.press(key)
                        is_sound(screen, page)
                    assert isinstance(screen.app.screen, Prompt)
                    await screen.pilot.press("escape")
                    if text is WORST[0]:
                        assert "[/red]␛" in screen.text
                    screen.app.pop_screen()

    run(look)
