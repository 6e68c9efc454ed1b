"""What is remembered of how the console was looked at."""

import json
from pathlib import Path

import pytest

from core.store.database import Database
from tests.tui.screen import run, shown
from tui.session import Look, Session, load, save

FULL = Session(
    batch="sales",
    pane="log",
    zoomed=True,
    log_height=9,
    level=30,
    only=True,
    times="ago",
    wrap=True,
    looks={"mailboxes": Look("fail", "Rate", falling=True)},
    past={"search": ["one", "two"]},
)


def test_it_is_read_as_it_was_written_and_for_nobody_else(tmp_path: Path) -> None:
    save(tmp_path, FULL)
    save(tmp_path, FULL)
    assert load(tmp_path) == FULL
    assert [path.name for path in tmp_path.iterdir()] == ["console.json"]
    assert (tmp_path / "console.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"batch": 1, "zoomed": "yes", "level": true, "looks": [], "past": {"search": 1}}',
        '{"looks": {"mailboxes": 1}, "log_height": "9", "unknown": 1}',
    ],
)
def test_what_cannot_be_read_had_never_been(tmp_path: Path, text: str) -> None:
    (tmp_path / "console.json").write_text(text)
    assert load(tmp_path) == Session()


def test_of_a_file_that_is_half_right_that_half_counts(tmp_path: Path) -> None:
    text = {"batch": "hq", "zoomed": 1, "looks": {"batches": {"filter": "x", "falling": "no"}}}
    (tmp_path / "console.json").write_text(json.dumps(text))
    assert load(tmp_path) == Session(batch="hq", looks={"batches": Look("x")})


def test_the_console_begins_as_it_was_left(store: Database) -> None:
    kept: list[Session] = []

    async def first() -> None:
        async with shown(store, (120, 40)) as screen:
            await screen.press("2", "slash", *"sync", "enter", *["greater_than_sign"] * 3, "plus", "plus")
            await screen.press("4", "L", "t", "w", "slash", *"refused", "enter", "z")
            kept.append(screen.dashboard.session)

    async def second() -> None:
        async with shown(store, (120, 40), session=kept[0]) as screen:
            assert "Batches" not in screen.text  # the log alone, as before
            await screen.shows("4 Log · sales-wave-2 · warning and up")
            await screen.press("z", "2")
            await screen.shows("/sync: ", "Done▾")
            assert screen.dashboard.log_view.outer_size.height == 15
            await screen.press("4", "slash")
            await screen.shows("Search refused")
            await screen.press("escape")
            again = screen.dashboard.session
            assert (again.looks, again.level, again.times) == (kept[0].looks, kept[0].level, "ago")
            assert (again.wrap, again.log_height) == (True, 15)

    run(first)
    assert kept[0].looks["mailboxes"] == Look("sync", "Done", falling=True)
    run(second)


@pytest.mark.parametrize(
    ("remembered", "found"),
    [("hq-pilot", "sales-wave-2"), ("sales-wave-2", "sales-wave-2"), ("gone", "sales-wave-2"), ("", "sales-wave-2")],
)
def test_a_batch_that_runs_goes_before_the_one_that_was_looked_at(store: Database, remembered: str, found: str) -> None:
    async def look() -> None:
        async with shown(store, session=Session(batch=remembered)) as screen:
            assert screen.dashboard.batches.current.name == found

    run(look)
