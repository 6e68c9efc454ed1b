"""Foreign text on the screen: nothing of it is a command, nothing of it is markup, nothing of it vanishes."""

import ast
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

import tui
from core.event import Event, EventKind, Level
from core.mail.outcome import Counts
from core.status import Condition, MailboxStatus
from core.store.database import Database
from core.store.views import FolderView, MailboxView
from tests.pictures.sample import NOW
from tests.tui.hostile import AS_THEY_ARE, COMMANDS, HOSTILE, harmless, texts
from tests.tui.screen import Shown, run, shown
from tui import facts, safe
from tui.keymap import Keymap
from tui.screens.choice import Answer, Choice
from tui.screens.problems import Problems
from tui.screens.secret import AskSecret
from tui.theme import Tone
from tui.tick import News
from tui.widgets.line_widget import Cell

_HOUSE = Path(tui.__file__).parent


def everywhere(screen: Shown, text: str) -> None:
    """Put a text wherever data goes on the dashboard."""
    tick = screen.dashboard._tick
    batches = [replace(batch, name=text, warning=text, why=text) for batch in tick.batches]
    mailboxes = [
        replace(
            view,
            batch=text,
            source=f"{number} {text}",
            destination=text,
            error=text,
            why=text,
            activity=text,
            slow=text,
            status=MailboxStatus.FAILED if number % 2 else MailboxStatus.SYNCING,
        )
        for number, view in enumerate(tick.mailboxes)
    ]
    folders = [FolderView(f"0 {text}", f"{number} {text}", text, text, Counts(copied=number), 1) for number in range(3)]
    event = Event(NOW, Level.WARNING, EventKind.LIBRARY, text, batch=text, mailbox=text, folder=text, uid=7)
    focus = replace(tick.focus, batch=text, mailbox=f"0 {text}")
    screen.dashboard.show(
        replace(
            tick,
            focus=focus,
            batches=batches,
            mailboxes=mailboxes,
            folders=folders,
            problem=event,
            news=News([(1, event)], fresh=True),
        ),
        Cell(text, Tone.BAD),
    )
    screen.app.flash(text)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_no_widget_lets_a_command_through(store: Database, size: tuple[int, int]) -> None:
    async def look() -> None:
        async with shown(store, size) as screen:
            screen.app.link.close()
            for key in ("1", "2", "3", "4"):
                await screen.pilot.press(key)
                for text in HOSTILE:
                    everywhere(screen, text)
                    await screen.pilot.pause()
                    assert all(harmless(line) for line in screen.text.splitlines()), text
                    assert text not in AS_THEY_ARE or text in screen.text

    run(look)


def test_no_dialog_lets_a_command_through(empty: Database) -> None:
    async def look() -> None:
        async with shown(empty) as screen:
            for text in HOSTILE:
                for dialog in (
                    Choice(text, [text], [Answer("n", text)]),
                    Problems(text, [text]),
                    AskSecret(Keymap(), text),
                ):
                    screen.app.push_screen(dialog)
                    await screen.pilot.pause()
                    assert screen.app.screen is dialog
                    assert all(harmless(line) for line in screen.text.splitlines()), text
                    assert text not in AS_THEY_ARE or text in screen.text
                    screen.app.pop_screen()

    run(look)


@given(st.lists(texts, max_size=4), st.integers(0, 60), st.integers(0, 20))
def test_a_strip_is_harmless_and_exactly_as_wide_as_asked(parts: list[str], width: int, start: int) -> None:
    strip = safe.strip([(part, Style()) for part in parts], width, Style(), start)
    assert harmless(strip.text)
    assert cell_len(strip.text) == width


@given(
    texts,
    texts,
    texts,
    texts,
    texts,
    st.sampled_from(MailboxStatus),
    st.sampled_from([None, *Condition]),
    st.integers(12, 130),
    st.integers(4, 40),
)
def test_facts_keep_to_their_room(
    why: str,
    error: str,
    activity: str,
    slow: str,
    said: str,
    status: MailboxStatus,
    condition: Condition | None,
    width: int,
    height: int,
) -> None:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    view = MailboxView(
        "b",
        "ann",
        "ann@new.example",
        0,
        status,
        condition,
        moment,
        why,
        error,
        activity,
        slow,
        moment,
        1.0,
        2.0,
        None,
        moment,
        1,
        2,
        moment,
        Counts(copied=1, bytes_total=10, repaired=1, wrapped=1),
        1,
    )
    problem = Event(moment, Level.ERROR, EventKind.MAILBOX_FAILED, said)
    lines = facts.facts(view, problem, moment, width, height, UTC)
    assert len(lines) <= max(height, 9)
    assert all(harmless(safe.strip([(cell.text, Style()) for cell in line], width, Style()).text) for line in lines)


def _calls(tree: ast.AST) -> set[str]:
    """The names of whatever is called or assigned to, below a module."""
    called = {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }
    assigned = {
        target.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Attribute)
    }
    return called | assigned


#: What turns data into something that is drawn; only `tui.safe` may, because only there the data is made harmless.
_DOOR = {
    "Content", "Strip", "Segment", "Text", "Static", "Label", "Markdown", "RichLog", "Log", "DataTable", "OptionList",
    "from_markup", "from_text", "assemble", "notify", "border_title", "border_subtitle", "panic", "print",
    "copy_to_clipboard", "set_title", "sub_title", "tooltip",
}  # fmt: skip


@pytest.mark.parametrize("path", sorted(_HOUSE.rglob("*.py")), ids=lambda path: str(path.relative_to(_HOUSE)))
def test_there_is_one_door_for_foreign_text(path: Path) -> None:
    if path.name == "safe.py":
        return
    assert _calls(ast.parse(path.read_text())) & _DOOR == set()


def test_the_door_is_seen_when_it_is_opened_elsewhere() -> None:
    tree = ast.parse("self.border_title = name\nx.notify(text)\nStatic(y)")
    assert _calls(tree) & _DOOR == {"border_title", "notify", "Static"}


def test_commands_are_not_already_harmless() -> None:
    assert not any(harmless(text) for text in COMMANDS)
