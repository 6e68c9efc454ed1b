"""A screen in ASCII alone: as wide, as telling, and by itself where the locale has nothing else."""

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from core.printable import printable
from core.status import BatchStatus, Condition, MailboxStatus
from core.store.database import Database
from tests.tui.screen import golden, run, shown
from tui.ascii import GLYPHS, ascii_only, locale_is_ascii
from tui.state import state_of


@given(st.text(max_size=40).map(printable))
def test_any_text_is_as_wide_in_ascii(text: str) -> None:
    plain = ascii_only(text)
    assert plain.isascii()
    assert plain.isprintable()
    assert cell_len(plain) == cell_len(text)


def test_letters_keep_their_likeness() -> None:
    assert ascii_only("Entwürfe, Élan") == "Entwurfe, Elan"
    assert ascii_only("日本 █ ﬁ") == "???? # ?"
    assert ascii_only("plain ~ text") == "plain ~ text"


def test_no_two_states_look_the_same() -> None:
    for statuses in (MailboxStatus, BatchStatus):
        told = {(ascii_only(state_of(status).glyph), state_of(status).word) for status in statuses}
        assert len(told) == len({status.value for status in statuses})
    by_glyph = {state_of(status, condition).glyph for status in MailboxStatus for condition in [None, *Condition]}
    assert len({ascii_only(glyph) for glyph in by_glyph}) == len(by_glyph)
    assert {"▌", "╋", "…", "━", "─"} <= set(GLYPHS)
    assert len({ascii_only(sign) for sign in ("▌", "╋", "+", " ")}) == 4  # the cursor and marks
    assert ascii_only("━") != ascii_only("─")  # what is done of a bar, and what is open


@pytest.mark.parametrize(("name", "size", "typed"), [("narrow", (80, 24), ("enter",)), ("wide", (120, 40), ("2",))])
def test_golden(store: Database, name: str, size: tuple[int, int], typed: tuple[str, ...]) -> None:
    async def look() -> None:
        async with shown(store, size, ascii_=True) as screen:
            await screen.press(*typed)
            assert screen.text.isascii()
            golden(f"ascii-{name}", screen.text)
            for keys, told in (
                (("question_mark",), "Everywhere"),
                (("escape", "colon"), "batch: start"),
                (("escape", "slash"), "Filter"),
                (("escape", "1", "x"), "Stop sales-wave-2"),
                (("escape", "a"), "New batch"),
            ):
                await screen.pilot.press(*keys)
                await screen.shows(told)
                assert screen.text.isascii()

    run(look)


@pytest.mark.parametrize(
    ("environ", "plain"),
    [
        ({}, True),
        ({"LANG": "C"}, True),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "C", "LC_CTYPE": "en_US.utf8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "POSIX"}, True),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, False),
    ],
)
def test_the_locale_says_whether_there_is_more(environ: dict[str, str], plain: bool) -> None:
    assert locale_is_ascii(environ) is plain


@pytest.mark.parametrize(("locale", "plain"), [({}, True), ({"LANG": "C.UTF-8"}, False)])
def test_the_locale_is_the_users_not_the_one_that_python_takes_for_it(locale: dict[str, str], plain: bool) -> None:
    code = "from tui.ascii import given_environ, locale_is_ascii; print(locale_is_ascii(given_environ()))"
    environ = {"PATH": os.environ["PATH"], **locale}
    said = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True).stdout
    assert said == f"{plain}\n"
