"""Limits of a batch, changed from the console: they count at once, and are written back on demand."""

from pathlib import Path

import pytest

from core.batch.load import load
from core.clock import SystemClock
from core.status import Demand
from core.store.database import Database
from core.store.dials import Dials, Setting
from core.store.wanted import Wanted
from tests.tui.screen import Shown, run, shown
from tests.tui.test_running import Ground, ground  # noqa: F401 - a fixture

_AT_ONCE = "options.mailboxes_at_once"


async def opened(screen: Shown) -> None:
    await screen.shows("sales", "Created")
    await screen.pilot.press("b")
    await screen.shows(
        "Limits of sales", "Mailboxes at once               2", "Bandwidth                       no limit"
    )


def gone(path: Path) -> None:
    path.unlink()


async def type_in(screen: Shown, letter: str, text: str) -> None:
    await screen.pilot.press(letter)
    await screen.until(lambda: screen.app.screen.id == "prompt" or type(screen.app.screen).__name__ == "Prompt")
    await screen.pilot.press("ctrl+u", *("space" if character == " " else character for character in text), "enter")


@pytest.mark.usefixtures("ground")
def test_a_limit_is_changed_marked_and_written_back(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        path = ground.file("ann")
        path.write_text("# by hand\n" + path.read_text())
        async with shown(empty, files=[path], clock=SystemClock(), make_host=ground.host) as screen:
            await opened(screen)
            await type_in(screen, "m", "7")
            await screen.shows("7 (in the file: 2)", "1 of them differs from the batch file")
            await type_in(screen, "b", "20 MB/s")
            await screen.shows("20 MB/s (in the file: no limit)", "2 of them differ")
            assert Dials(empty).read("sales")[_AT_ONCE] == Setting("2", "7")
            await screen.pilot.press("escape")
            await screen.shows("differs from file: mailboxes_at_once, bandwidth")
            assert load(path).options.mailboxes_at_once == 2
            await screen.pilot.press("b")
            await screen.shows("Limits of sales")
            await screen.pilot.press("w")
            await screen.shows("The file has comments")
            await screen.pilot.press("n")
            await screen.shows("Limits of sales")
            assert load(path).options.mailboxes_at_once == 2
            await screen.pilot.press("w")
            await screen.shows("The file has comments")
            await screen.pilot.press("y")
            await screen.until(lambda: "in the file:" not in screen.text)
            options = load(path).options
            assert (options.mailboxes_at_once, options.bandwidth) == (7, 20 << 20)
            assert "# by hand" in path.with_name("sales.toml.bak").read_text()

    run(look)


@pytest.mark.usefixtures("ground")
def test_what_cannot_be_is_told_and_changes_nothing(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        async with shown(empty, files=[ground.file("ann")], clock=SystemClock(), make_host=ground.host) as screen:
            await opened(screen)
            await type_in(screen, "h", "at night")
            await screen.shows("Active hours cannot be that", "is no span of hours")
            await screen.pilot.press("escape")
            await screen.shows("Limits of sales")
            assert all(setting.turned is None for setting in Dials(empty).read("sales").values())
            await type_in(screen, "m", "9")
            await screen.shows("9 (in the file: 2)")
            await screen.pilot.press("f")
            await screen.until(lambda: "in the file:" not in screen.text)
            assert Dials(empty).read("sales")[_AT_ONCE] == Setting("2")

    run(look)


@pytest.mark.usefixtures("ground")
def test_a_file_that_is_gone_can_still_be_steered_but_not_written(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        path = ground.file("ann")
        async with shown(empty, files=[path], clock=SystemClock(), make_host=ground.host) as screen:
            await opened(screen)
            gone(path)
            await type_in(screen, "m", "3")
            await screen.shows("3 (in the file: 2)")
            await screen.pilot.press("w")
            await screen.shows("sales.toml cannot be written", "sales.toml")
            await screen.pilot.press("escape")
            await screen.shows("3 (in the file: 2)")

    run(look)


@pytest.mark.usefixtures("ground")
def test_demands_reach_whoever_runs_the_batch(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        async with shown(
            empty, files=[ground.file("ann", "ben")], clock=SystemClock(), make_host=ground.host
        ) as screen:
            await screen.shows("sales", "Created")
            await screen.press("u")
            await screen.shows("Nobody runs sales: s starts it")
            await screen.press("R")
            await screen.shows("Nothing of sales was refused")
            await screen.press("F")
            await screen.shows("Choose mailboxes of sales to put first")
            await screen.press("2", "j")
            await screen.pilot.press("F")
            await screen.shows("ben: before the others")
            assert Wanted(empty).read("sales").first == {"ben"}
            await screen.pilot.press("F")
            await screen.shows("ben: in the order of the batch file")
            assert not Wanted(empty).read("sales").first
            Wanted(empty).ask("sales", Demand.SYNC, "ann")
            assert Wanted(empty).read("sales").demands == {("ann", Demand.SYNC)}

    run(look)
