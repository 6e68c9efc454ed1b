"""The log: it follows, it stands still where somebody reads, it forgets the oldest."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from core.event import Event, EventKind, Level
from core.store.database import Database
from core.store.events import EventLog
from tests.pictures.sample import NOW
from tests.tui.screen import run, shown
from tui import theme
from tui.log_lines import Record
from tui.tick import Focus, News
from tui.widgets.log_view import LogView


class Bare(App[None]):
    """A log and nothing else, ten lines high, of fifty events."""

    CSS_PATH = ["../../tui/styles/tones.tcss"]  # noqa: RUF012 - as Textual declares it

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(theme.CALM)
        self.theme = theme.CALM.name
        self.view = LogView(zone=UTC, capacity=50)

    def compose(self) -> ComposeResult:
        yield self.view


def event(number: int, text: str = "") -> Record:
    return number + 1, Event(
        NOW, Level.INFO, EventKind.MESSAGE_COPIED, text or f"number {number}", "sales", "ann", "INBOX", number
    )


def lines(app: Bare) -> list[str]:
    return [app.view.render_line(y).text.rstrip() for y in range(app.view.size.height)]


def numbers(app: Bare) -> list[int]:
    return [int(line.rpartition(" ")[2]) for line in lines(app) if line]


@asynccontextmanager
async def bare() -> AsyncIterator[tuple[Bare, Pilot[None]]]:
    app = Bare()
    async with app.run_test(size=(80, 10)) as pilot:
        app.view.focus()
        await pilot.pause()
        yield app, pilot


def on_bare(test: Callable[[Bare, Pilot[None]], Awaitable[None]]) -> None:
    async def look() -> None:
        async with bare() as (app, pilot):
            await test(app, pilot)

    run(look)


def test_it_follows_the_newest_line() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.view.extend([event(number) for number in range(30)])
        await pilot.pause()
        assert numbers(app) == list(range(20, 30))
        app.view.extend([event(30)])
        await pilot.pause()
        assert numbers(app) == list(range(21, 31))

    on_bare(look)


@pytest.mark.parametrize(("key", "top"), [("k", 19), ("up", 19), ("ctrl+u", 11), ("g", 0), ("home", 0)])
def test_scrolling_up_stops_the_following_and_counts_what_is_missed(key: str, top: int) -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.view.extend([event(number) for number in range(30)])
        await pilot.pause()
        await pilot.press(key)
        assert not app.view.follow
        app.view.extend([event(number) for number in range(30, 42)])
        await pilot.pause()
        assert app.view.missed == 12
        assert numbers(app) == list(range(top, top + 10))

    on_bare(look)


@pytest.mark.parametrize("key", ["G", "end", "f"])
def test_asked_for_it_follows_again(key: str) -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.view.extend([event(number) for number in range(30)])
        await pilot.press("g")
        app.view.extend([event(30)])
        await pilot.press(key)
        assert (app.view.follow, app.view.missed) == (True, 0)
        assert numbers(app)[-1] == 30

    on_bare(look)


def test_scrolling_down_to_the_end_follows_again() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.view.extend([event(number) for number in range(12)])
        await pilot.press("k", "k")
        assert not app.view.follow
        await pilot.press("j")
        assert not app.view.follow
        await pilot.press("j")
        assert app.view.follow

    on_bare(look)


def test_who_reads_keeps_his_lines_while_the_oldest_are_forgotten() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.view.extend([event(number) for number in range(50)])
        await pilot.press("k", "k", "k")
        before = numbers(app)
        app.view.extend([event(number) for number in range(50, 70)])
        await pilot.pause()
        assert numbers(app) == before == list(range(37, 47))
        app.view.extend([event(number) for number in range(70, 95)])  # now they are forgotten
        await pilot.pause()
        assert numbers(app) == list(range(45, 55))
        assert len(app.view) == 50

    on_bare(look)


def test_a_long_line_is_read_by_scrolling_sideways() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.view.extend([event(1, "x" * 90 + "END")])
        await pilot.pause()
        assert lines(app)[0].endswith("x…")
        await pilot.press("l", "right", "l")
        assert lines(app)[0].endswith("END")
        for _ in range(20):
            await pilot.press("l")
        assert "END" in lines(app)[0]
        for _ in range(20):
            await pilot.press("h")
        assert lines(app)[0].startswith(" 02:47:12 info  ann ")

    on_bare(look)


def test_the_title_says_whether_it_follows_and_what_is_missed(store: Database) -> None:
    async def look() -> None:
        log = EventLog(store)
        async with shown(store) as screen:
            await screen.shows("4 Log · sales-wave-2 · following")
            await screen.press("4", "k")
            for number in range(1284):
                log.append(Event(NOW, Level.INFO, EventKind.MESSAGE_COPIED, f"copied {number}", "sales-wave-2"))
            await screen.shows("standing still, 1,284 new: G follows")
            await screen.press("G")
            await screen.shows("following", "copied 1283")

    run(look)


def test_levels_and_one_mailbox_alone(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("4", "L")
            await screen.shows("warning and up", "ErrorMessageSizeExceeded")
            assert "info " not in screen.text
            await screen.press("L")
            await screen.shows("error and up", "AUTHENTICATIONFAILED")
            assert "warn " not in screen.text
            await screen.press("L", "L", "o")
            await screen.shows("4 Log · anna.lindqvist@northwind.example · following", "initial pass to anna")
            assert "b.okafor" not in screen.text.partition("4 Log")[2]
            await screen.press("2", "j")
            await screen.shows("4 Log · b.okafor@northwind.example · following", "2,059 copied")

    run(look)


def test_the_log_of_another_batch_begins_anew(store: Database) -> None:
    async def look() -> None:
        EventLog(store).append(Event(NOW, Level.INFO, EventKind.BATCH_FINISHED, "pilot is done", "hq-pilot"))
        async with shown(store) as screen:
            await screen.press("4", "g", "1", "k")
            await screen.shows("4 Log · hq-pilot · following", "pilot is done")
            assert "okafor" not in screen.text.partition("4 Log")[2]

    run(look)


def test_what_the_log_brings_is_kept_when_the_cursor_has_moved_on(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            screen.app.link.close()
            tick = screen.dashboard._tick
            late = Event(NOW, Level.INFO, EventKind.LIBRARY, "it comes only once", "sales-wave-2")
            screen.dashboard.show(replace(tick, focus=Focus("hq-pilot"), news=News([(10_000, late)])), None)
            screen.dashboard.show(replace(tick, news=News()), None)
            await screen.shows("it comes only once")

    run(look)
