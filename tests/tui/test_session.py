"""What is remembered of how the console was looked at."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from core.store.database import Database
from tests.tui.hostile import HOSTILE, harmless
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
        '{"log_height": 1e999, "zoomed": null, "times": ["ago"]}',
        f'{{"level": {"9" * 5000}}}',
        f'{{"past": {"[" * 100_000}',
        f'{{"looks": {"{" * 100_000}',
        f'{{"batch": "{"x" * (1 << 20)}"}}',
    ],
)
def test_what_cannot_be_read_had_never_been(tmp_path: Path, text: str) -> None:
    (tmp_path / "console.json").write_text(text)
    assert load(tmp_path) == Session()


@pytest.mark.parametrize(
    "make", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to(path)], ids=["pipe", "dir", "round"]
)
def test_what_is_no_file_had_never_been(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "console.json")
    assert load(tmp_path) == Session()
    with suppress(OSError):  # told to whoever saves, who goes on
        save(tmp_path, FULL)
    assert [path.name for path in tmp_path.iterdir()] == ["console.json"], "nothing is left lying about"


def test_of_what_is_overlong_a_part_counts(tmp_path: Path) -> None:
    long = {
        "past": {"search": [*map(str, range(50)), "x" * 5000, 7, ["y"]]},
        "looks": {"batches": {"filter": "f " * 900}},
    }
    (tmp_path / "console.json").write_text(json.dumps(long))
    found = load(tmp_path)
    assert found.past == {"search": [*map(str, range(31, 50)), "x" * 1000]}
    assert found.looks["batches"].filter == "f " * 500


def test_of_two_consoles_that_end_at_once_one_is_remembered_whole(tmp_path: Path) -> None:
    """Each writes a file of its own length over and over: what is read in between is one's or the other's."""
    code = """
import sys
from pathlib import Path
from tui.session import Session, save
sys.stdin.read(1)
for _ in range(150):
    save(Path(sys.argv[1]), Session(sys.argv[2] * 1000))
"""
    both = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name], stdin=subprocess.PIPE)
        for name in ("a", "bb")
    ]
    save(tmp_path, Session("a" * 1000))
    for writer in both:
        assert writer.stdin is not None
        writer.stdin.close()
    seen = set()
    while any(writer.poll() is None for writer in both):
        seen.add(load(tmp_path).batch)
    assert [writer.returncode for writer in both] == [0, 0]
    assert seen <= {"a" * 1000, "b" * 2000}
    assert load(tmp_path).batch in seen
    assert [path.name for path in tmp_path.iterdir()] == ["console.json"]


def test_whatever_was_remembered_the_console_begins(store: Database) -> None:
    """Texts that harm, a batch, a pane, columns and sizes that there are not."""
    odd = Session(
        batch=HOSTILE[0],
        pane="nowhere",
        zoomed=True,
        log_height=-(10**30),
        level=17,
        times="never",
        looks={
            "batches": Look(filter="\x1b]0;retitled\x07 [/red]", order="Nothing", falling=True),
            "mailboxes": Look(filter="\ud800 ! !! [OVERQUOTA]", order="\x1b[31m", falling=True),
            "detail": Look(order="Bytes"),
            "gone": Look(filter="x"),
        },
        past={"search": HOSTILE, "filter batches": HOSTILE, "gone": ("x",)},
    )

    async def look() -> None:
        async with shown(store, session=odd) as screen:
            await screen.shows("␛]0;retitled␇ [/red]")
            for typed in ("slash", "up", "up", "up", "escape", "4", "slash", "up", "up", "enter", "1"):
                await screen.pilot.press(typed)
                assert all(harmless(line) for line in screen.text.splitlines())
            await screen.shows("sales-wave-2")
            assert screen.dashboard.log_view.outer_size.height == 4
            assert "gone" not in screen.dashboard.session.looks

    run(look)


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
