"""What one does with a log: look for something, break lines, tell times, read older events, copy, export."""

import base64
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from core.errors import UserError
from core.event import Event, EventKind, Level
from core.store.database import Database
from core.store.events import EventLog
from tests.pictures.sample import NOW
from tests.tui.hostile import COMMANDS, harmless
from tests.tui.screen import run, shown
from tui import log_file, log_reader, theme
from tui.log_line import Times
from tui.log_lines import Record
from tui.screens.prompt import Prompt
from tui.tick import Focus
from tui.widgets.log_panel import LogPanel


class Bare(App[None]):
    """A log and nothing else, ten lines high."""

    CSS_PATH = ["../../tui/styles/tones.tcss"]  # noqa: RUF012 - as Textual declares it

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(theme.CALM)
        self.theme = theme.CALM.name
        self.panel = LogPanel(zone=UTC, capacity=50)
        self.asked: list[int] = []
        self.said: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.panel

    def on_log_view_asked(self) -> None:
        self.asked.append(self.panel.older_than)

    def on_log_panel_said(self, message: LogPanel.Said) -> None:
        self.said.append(message.word)

    def lines(self) -> list[str]:
        return [self.panel.render_line(y).text.rstrip() for y in range(self.panel.size.height)]

    def numbers(self) -> list[int]:
        return [int(line.rpartition(" ")[2]) for line in self.lines() if line]


def event(number: int, text: str = "") -> Record:
    at = NOW - timedelta(seconds=1000 - number)
    return number, Event(at, Level.INFO, EventKind.MESSAGE_COPIED, text or f"number {number}", "sales", "ann", "INBOX")


def some(*numbers: int) -> list[Record]:
    return [event(number) for number in numbers]


def on_bare(test: Callable[[Bare, Pilot[None]], Awaitable[None]], size: tuple[int, int] = (60, 10)) -> None:
    async def look() -> None:
        app = Bare()
        async with app.run_test(size=size) as pilot:
            app.panel.focus()
            app.panel.tell(NOW)
            await pilot.pause()
            await test(app, pilot)

    run(look)


# --- wrapping and times --------------------------------------------------------------------------------------------


def test_long_lines_are_broken_and_what_was_read_stays() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        long = event(11, "word " * 20 + "END")
        app.panel.extend([*some(*range(1, 11)), long, *some(*range(12, 31))])
        await pilot.press("g", *["j"] * 8)
        assert app.lines()[0].endswith("number 9")
        await pilot.press("w")
        await pilot.pause()
        lines = app.lines()
        assert lines[0].endswith("number 9")
        assert re.match(r" 02:30:43 info  ann  +INBOX word", lines[2])
        assert [line.strip() for line in lines[3:6]] == ["word " * 4 + "word"] * 3
        assert any(line.strip() == "word END" for line in lines)
        assert max(map(len, lines)) <= 60
        await pilot.press("w")
        await pilot.pause()
        assert app.lines()[0].endswith("number 9")

    on_bare(look)


def test_broken_lines_follow_and_stand_still_like_others() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.write(Times.CLOCK, wrap=True)
        app.panel.extend([event(number, "word " * 12 + f"end{number}") for number in range(1, 40)])
        await pilot.pause()
        assert app.lines()[-1].endswith("end39")
        await pilot.press("k", "k", "k")
        before = app.lines()
        app.panel.extend([event(number, "word " * 12 + f"end{number}") for number in range(40, 80)])
        await pilot.pause()
        assert app.lines() == before  # though the first 29 are forgotten
        assert (len(app.panel), app.panel.missed) == (50, 40)

    on_bare(look)


def test_times_are_of_the_day_or_from_now_or_none() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend(some(990))
        await pilot.press("t")
        await pilot.pause()
        assert app.lines()[0] == "      10s info  ann              INBOX number 990"
        app.panel.tell(NOW + timedelta(seconds=65))
        await pilot.pause()
        assert app.lines()[0].startswith("    1m15s info ")
        await pilot.press("t")
        await pilot.pause()
        assert app.lines()[0] == " info  ann              INBOX number 990"
        await pilot.press("t")
        await pilot.pause()
        assert app.lines()[0].startswith(" 02:47:02 info ")

    on_bare(look)


def test_only_times_that_changed_are_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend([event(1), event(998)])  # told in minutes and in seconds
        app.panel.write(Times.AGO, wrap=False)
        await pilot.pause()
        seen: list[int] = []
        monkeypatch.setattr(app.panel, "repaint", lambda y, _x, _width: seen.append(y))
        app.panel.tell(NOW + timedelta(milliseconds=100))
        assert seen == []
        app.panel.tell(NOW + timedelta(seconds=1))
        assert seen == [0, 1]
        app.panel.extend([(999, replace(event(1)[1], time=NOW - timedelta(days=3)))])
        seen.clear()
        app.panel.tell(NOW + timedelta(seconds=2))
        assert seen == [0, 1]  # days ago is told in hours

    on_bare(look)


def test_a_day_that_is_not_today_is_said(store: Database) -> None:
    async def look() -> None:
        async with shown(store, (120, 40)) as screen:
            await screen.press("4")
            assert "2026-11-2" not in screen.text.partition("4 Log")[2]
            log = EventLog(store)
            for number in range(40):
                before = NOW - timedelta(days=2, seconds=number)
                log.append(Event(before, Level.INFO, EventKind.LIBRARY, f"old {number}", "sales-wave-2"))
            await screen.shows("4 Log · sales-wave-2 · following · 2026-11-20")

    run(look)


# --- looking for something -----------------------------------------------------------------------------------------


def test_what_is_looked_for_is_shown_among_the_lines_around_it() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend(some(*range(1, 51)))
        app.panel.look_for("NUMBER 2")
        await pilot.pause()
        assert not app.panel.follow
        assert 29 in app.numbers()
        assert {27, 28, 30, 31} < set(app.numbers())  # what is around it
        assert [line[0] for line in app.lines() if line.endswith("number 29")] == ["▌"]
        seen = [app.panel.search.here]
        for key in ("N", "N", "n", "n", "n"):
            await pilot.press(key)
            seen.append(app.panel.search.here)
        assert seen == [29, 28, 27, 28, 29, 2]
        assert app.said == ["From the top again"]
        assert 2 in app.numbers()

    on_bare(look)


def test_hits_are_marked_in_every_line_that_is_seen() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend([event(1, "a fail, a Fail"), event(2, "nothing")])
        app.panel.look_for("fail")
        await pilot.pause()
        reversed_ = [
            [segment.text for segment in app.panel.render_line(y) if segment.style and segment.style.reverse]
            for y in range(2)
        ]
        assert reversed_ == [["fail", "Fail"], []]

    on_bare(look)


def test_new_lines_are_looked_through_and_forgotten_ones_are_no_hits() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend([event(1, "fail one"), *some(*range(2, 20))])
        app.panel.look_for("fail")
        app.panel.extend([event(20, "fail two"), *some(*range(21, 80))])
        assert len(app.panel.search) == 0  # both are forgotten: 50 are kept
        app.panel.extend([event(80, "fail three")])
        await pilot.press("n")
        assert app.panel.search.here == 80

    on_bare(look)


def test_without_anything_to_look_for_the_keys_say_so() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend(some(1))
        await pilot.press("n")
        await pilot.pause()
        assert app.said == ["Look for something first"]
        app.panel.look_for("nowhere")
        await pilot.press("n", "N")
        await pilot.pause()
        app.panel.prepend([], 1)
        await pilot.press("N")
        await pilot.pause()
        assert app.said[1:] == ["Looking further back ...", "There is none", "There is none"]

    on_bare(look)


def test_a_search_upwards_goes_on_in_older_events() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend([event(100, "fail"), *some(*range(101, 120))])
        app.panel.look_for("fail")
        await pilot.press("N")
        await pilot.pause()
        assert (app.asked, app.said) == ([100], ["Looking further back ..."])
        app.panel.prepend(some(*range(80, 100)), 100)  # nothing there: further back
        await pilot.pause()
        assert app.asked == [100, 80]
        app.panel.prepend([*some(*range(60, 70)), event(70, "fail long ago"), *some(*range(71, 80))], 80)
        await pilot.pause()
        assert app.panel.search.here == 70
        assert any("fail long ago" in line for line in app.lines())
        assert len(app.asked) == 2

    on_bare(look)


def test_the_search_is_typed_recalled_and_left(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("4", "slash", *"kavo")
            await screen.shows("Search kavo", "4 Log · /kavo: none · sales-wave-2 · following")
            await screen.press("ctrl+u", *"okafor", "enter")
            await screen.shows("4 Log · /okafor: 2 of 2 · sales-wave-2")
            await screen.press("N")
            await screen.shows("/okafor: 1 of 2", "standing still")
            await screen.press("escape")
            assert "/okafor" not in screen.text
            assert screen.dashboard.focused is screen.dashboard.log_view
            await screen.press("slash", "escape")
            assert "/okafor" not in screen.text
            await screen.press("slash", "enter")
            await screen.shows("/okafor: 1 of 2")
            await screen.press("G", "slash", *"svens", "escape")
            await screen.shows("following")

    run(look)


# --- older events --------------------------------------------------------------------------------------------------


def test_near_the_top_older_events_are_asked_for_and_what_is_read_stays() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend(some(*range(101, 151)))
        await pilot.press("ctrl+u")
        assert app.asked == []
        await pilot.press("g")
        await pilot.pause()
        assert app.asked == [101]
        before = app.numbers()
        assert app.panel.prepend(some(*range(81, 101)), 101)
        await pilot.pause()
        assert app.numbers() == before
        await pilot.press("k")
        await pilot.pause()
        assert app.numbers()[0] == 100
        assert not app.panel.prepend(some(1), 101)  # an answer to what is not asked any more
        app.panel.extend(some(*range(151, 161)))
        assert len(app.panel) == 70  # what was asked for stays beside the 50 that are kept
        await pilot.press("G")
        await pilot.pause()
        assert (len(app.panel), app.numbers()) == (50, list(range(151, 161)))

    on_bare(look)


def test_at_the_beginning_nothing_more_is_asked_for() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend(some(*range(1, 31)))
        await pilot.press("g")
        await pilot.pause()
        app.panel.prepend([], 1)
        await pilot.press("j", "g", "j", "g")
        await pilot.pause()
        assert app.asked == [1]
        app.panel.clear()
        app.panel.extend(some(*range(1, 31)))
        await pilot.press("g")
        await pilot.pause()
        assert app.asked == [1, 1]

    on_bare(look)


def test_older_events_come_from_the_store_while_one_scrolls(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_reader, "HISTORY", 60)
    log = EventLog(store)
    for number in range(200):
        log.append(Event(NOW, Level.INFO, EventKind.LIBRARY, f"event {number:03}", "sales-wave-2"))
    log.flush()

    async def look() -> None:
        async with shown(store, (120, 40)) as screen:
            view = screen.dashboard.log_view
            await screen.press("4", "z")
            await screen.shows("event 199")
            assert len(view) == 60
            for _ in range(8):
                await screen.press("g")
            assert [record[1].text for record in view.lines][18:20] == ["event 000", "event 001"]
            assert len(view) == 218
            await screen.press("slash", *"event 003", "enter")
            await screen.shows("/event 003: 1 of 1", "event 002", "event 004")
            await screen.press("G")
            await screen.shows("following", "event 199")
            assert len(view) == 218  # no more than it keeps anyway

    run(look)


# --- floods and long lines -----------------------------------------------------------------------------------------


def test_a_line_of_ninety_thousand_characters_does_no_harm() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend([event(1, "x" * 90_000), *some(2, 3)])
        await pilot.pause()
        assert len(app.panel.lines[0][1].text) == 2000  # where an event is made
        await pilot.press("w")
        await pilot.pause()
        assert app.panel.lines.rows < 120
        await pilot.press("g", "ctrl+d", "w", *["l"] * 20)
        await pilot.pause()
        assert {app.panel.render_line(y).cell_length for y in range(10)} == {60}

    on_bare(look)


def test_a_flood_of_a_hundred_thousand_events_is_taken_in_pieces(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            log = EventLog(store)
            view = screen.dashboard.log_view
            await screen.press("4", "k")
            for number in range(30_000):
                log.append(Event(NOW, Level.INFO, EventKind.LIBRARY, f"flood {number}", "sales-wave-2"))
            log.flush()
            await screen.until(lambda: view.missed == 30_000 or not view.missed, "all of it, or the end of it")
            await screen.press("G")
            await screen.shows("flood 29999")
            assert len(view) <= 20_000

    run(look)


# --- marks, copies, files ------------------------------------------------------------------------------------------


def test_marks_say_what_is_copied() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.panel.extend(some(*range(1, 31)))
        await pilot.pause()
        assert [number for number, _ in app.panel.chosen()] == list(range(21, 31))  # what is seen
        await pilot.press("k", "k", "m")
        assert app.lines()[-1].startswith("▸02:")
        assert [number for number, _ in app.panel.chosen()] == [28, 29, 30]
        await pilot.press("k", "k", "k", "m")
        assert [number for number, _ in app.panel.chosen()] == [25, 26, 27, 28]
        await pilot.press("m")
        assert [number for number, _ in app.panel.chosen()] == [28, 29, 30]
        app.panel.look_for("number 22")
        await pilot.press("m")
        assert app.panel.chosen()[0][0] == 22

    on_bare(look)


def exports(store: Database) -> list[Path]:
    return sorted((store.folder / "exports").glob("*"))


def test_what_is_seen_is_copied_and_the_file_is_named(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    async def look() -> None:
        async with shown(store, (80, 24)) as screen:
            monkeypatch.setattr(screen.app, "copy_to_clipboard", sent.append)
            await screen.press("4")
            await screen.pilot.press("y")
            await screen.shows("Written", "lines in", "OK")
            told = "".join(re.findall(r"│ (.*?) *│", screen.text.partition("Written")[2]))
            assert "allofthemintheclipboard,ifthisterminaltakesit" in told.replace(" ", "")  # wherever it breaks
            assert str(exports(store)[0]) in told  # all of it, however long
            await screen.press("enter")

    run(look)
    (path,) = exports(store)
    assert path.name.startswith("copied-sales-wave-2-")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    lines = path.read_text().splitlines()
    assert lines[-1].endswith("b.okafor@northwind.example Archive/2024: 2,059 copied")
    assert sent == ["\n".join(lines) + "\n"]


def test_the_whole_log_is_exported_from_the_store(store: Database, tmp_path: Path) -> None:
    log, path = EventLog(store), tmp_path / "my log.txt"
    for text in (*COMMANDS, "[/red] [OVERQUOTA] é 日本"):
        log.append(Event(NOW, Level.ERROR, EventKind.LIBRARY, text, "sales-wave-2"))
    for _ in range(6000):
        log.append(Event(NOW, Level.DEBUG, EventKind.LIBRARY, "not at this level", "sales-wave-2"))
    log.flush()

    async def look() -> None:
        async with shown(store, (200, 60)) as screen:

            async def name(text: str) -> None:
                await screen.pilot.press("ctrl+s")
                await screen.until(lambda: isinstance(screen.app.screen, Prompt))
                await screen.pilot.press("ctrl+u")
                screen.app.post_message(events.Paste(text))
                await screen.shows(text)
                await screen.pilot.press("enter")

            await screen.press("4", "L")
            await screen.pilot.press("ctrl+s")
            await screen.shows(f"Write to {store.folder}/exports/log-sales-wave-2-")
            await screen.pilot.press("escape")
            await name(str(path))
            await screen.shows(f"{len(COMMANDS) + 7} lines in {path}")
            await name(str(path))
            await screen.shows("The log cannot be written", "already; name another file")
            await screen.pilot.press("escape")
            await name("/nowhere/at all/x.txt")
            await screen.shows("/nowhere/at all/x.txt: cannot be written (No such file or directory)")
            await screen.pilot.press("escape")
            await screen.until(lambda: screen.app.screen is screen.dashboard)

    run(look)
    assert path.stat().st_mode & 0o777 == 0o600
    lines = path.read_text().splitlines()
    assert len(lines) == len(COMMANDS) + 7
    assert all(map(harmless, lines))
    assert lines[-1].endswith("[/red] [OVERQUOTA] é 日本")
    assert not exports(store)


def test_the_log_of_one_mailbox_is_exported_alone(store: Database) -> None:
    found = [
        event.text
        for event in log_file.whole(EventLog(store), Focus("sales-wave-2", "b.okafor@northwind.example", only=True))
    ]
    assert found == ["initial pass to b.okafor@northwind.example", "2,059 copied"]


def test_an_export_of_many_pages_holds_each_event_once(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "_PAGE", 7)
    log = EventLog(store)
    whole = [event.text for event in log_file.whole(log, Focus("sales-wave-2"))]
    assert whole == [event.text for _, event in log.read("sales-wave-2", limit=1000, level=Level.INFO)]
    assert len(whole) == 18


def test_the_clipboard_takes_whole_lines_only() -> None:
    lines = ["é" * 1000] * 10
    text, taken = log_file.clip(lines)
    assert taken == 3
    assert text == ("é" * 1000 + "\n") * 3
    assert len(base64.b64encode(text.encode())) < 11_000
    assert log_file.clip([]) == ("", 0)


def test_a_file_that_cannot_be_made_says_why_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file/x.txt: cannot be written \(Not a directory\); name another file"):
        log_file.write(tmp_path / "file" / "x.txt", [])
