"""The panes on a real store, at the sizes that people have."""

from datetime import timedelta
from random import Random

import pytest
from textual import events
from textual.geometry import Size

from core.event import Event, EventKind, Level
from core.status import MailboxStatus, Wish
from core.store.board import Board
from core.store.database import Database
from core.store.events import EventLog
from core.store.wanted import Wanted
from tests.pictures.sample import NOW, StillClock
from tests.tui.screen import run, shown
from tui import keys
from tui.screens.too_small import TooSmall
from tui.widgets.pager import Pager


def test_a_narrow_terminal_shows_one_list_at_a_time(store: Database) -> None:
    async def look() -> None:
        async with shown(store, (80, 24)) as screen:
            seen = []
            for key in ("enter", "enter", "backspace", "escape"):
                await screen.press(key)
                panes = screen.dashboard.panes.by_name
                seen.append([name for name in ("batches", "mailboxes", "detail") if panes[name].display])
            assert seen == [["mailboxes"], ["detail"], ["mailboxes"], ["batches"]]

    run(look)


def test_keys_typed_ahead_reach_the_pane_that_was_asked_for(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            screen.app.link.close()  # what is looked at stays, whenever the next look would have come
            for key in ("enter", "j", "j", "enter", "j", "1"):
                screen.app.post_message(events.Key(key, None))  # without waiting for what each brings about
            dashboard = screen.dashboard
            await screen.until(lambda: (dashboard.mailboxes.cursor, dashboard.detail.folders.cursor) == (2, 1))
            assert dashboard.focused is dashboard.batches
            assert dashboard.batches.current.name == "sales-wave-2"

    run(look)


def test_a_terminal_below_the_smallest_says_so_and_comes_back(store: Database) -> None:
    async def look() -> None:
        async with shown(store, (59, 24)) as screen:
            await screen.shows("Too small", "have 59x24, need 60x15")
            await screen.pilot.resize_terminal(120, 14)
            await screen.shows("have 120x14")
            await screen.pilot.resize_terminal(120, 40)
            await screen.shows("anna.lindqvist", "1 Batches")
            assert not isinstance(screen.app.screen, TooSmall)

    run(look)


def test_a_storm_of_sizes_leaves_it_as_it_was(store: Database) -> None:
    chance = Random(5)

    async def look() -> None:
        async with shown(store) as screen:
            before = screen.text
            for round_ in range(6):
                if round_ == 3:
                    await screen.pilot.resize_terminal(120, 40)
                    await screen.pilot.press("question_mark")
                    await screen.shows("This help")
                for _ in range(4):  # some of them before the one before is drawn
                    size = Size(chance.choice((1, 7, 59, 61, 80, 115, 117, 300)), chance.choice((1, 2, 14, 16, 24, 90)))
                    screen.app.post_message(events.Resize(size, size))
                await screen.pilot.resize_terminal(*size)
                assert len(screen.text.splitlines()) == size.height
            await screen.pilot.resize_terminal(120, 40)
            await screen.shows("This help")
            await screen.pilot.press("escape")
            await screen.until(lambda: screen.text == before, "the dashboard as it was")

    run(look)


def test_what_is_pasted_at_the_lists_presses_no_key(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("1")
            before = screen.text
            screen.app.post_message(events.Paste("x2sq4z\n"))
            screen.app.post_message(events.Key("question_mark", "?"))
            await screen.shows("This help")
            await screen.pilot.press("escape")
            await screen.until(lambda: screen.text == before, "the dashboard as it was")

    run(look)


def test_what_changes_in_the_store_changes_on_the_screen(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            board = Board(store, "sales-wave-2")
            board.mailbox("n.haddad@northwind.example").set(status=MailboxStatus.SYNCING, rate=5.0 * 1024 * 1024)
            EventLog(store).append(Event(NOW, Level.WARNING, EventKind.BATCH_WARNING, "something new", "sales-wave-2"))
            await screen.shows("n.haddad            Syncing", "5.0 MB/s", "something new")

    run(look)


def test_a_countdown_runs_down_without_a_write(store: Database) -> None:
    async def look() -> None:
        clock = StillClock()
        async with shown(store, clock=clock) as screen:
            await screen.shows("throttled 42s")
            clock.push(30)
            await screen.shows("throttled 12s")
            clock.push(30)
            await screen.until(lambda: "throttled  " in screen.text)

    run(look)


@pytest.mark.parametrize(
    ("typed", "mailbox", "wish"),
    [
        (("p",), None, Wish.PAUSE),
        (("2", "j", "p"), "b.okafor@northwind.example", Wish.PAUSE),
        (("2", "G", "x", "y"), "z.kowalski@northwind.example", Wish.STOP),
        (("x", "j", "enter"), None, Wish.STOP),
        (("2", "j", "j", "j", "j", "j", "j", "r"), "g.rossi@northwind.example", Wish.RUN),
        (("2", "j", "j", "j", "j", "j", "j", "s"), "g.rossi@northwind.example", Wish.RUN),
    ],
)
def test_what_another_process_runs_is_steered_through_the_store(
    store: Database, typed: tuple[str, ...], mailbox: str | None, wish: Wish
) -> None:
    async def look() -> None:
        wanted = Wanted(store)
        for name in (None, mailbox):
            wanted.want("sales-wave-2", Wish.STOP_NOW, name)  # to be seen changing
        async with shown(store) as screen:
            for key in typed:
                await screen.pilot.press(key)
                await screen.pilot.pause()

            def told() -> bool:
                wishes = wanted.read("sales-wave-2")
                return (wishes.batch if mailbox is None else wishes.mailboxes.get(mailbox)) is wish

            await screen.until(told, f"{wish} for {mailbox}")
            if mailbox is not None:
                assert wanted.read("sales-wave-2").batch is Wish.STOP_NOW

    run(look)


@pytest.mark.parametrize("answer", ["n", "escape", "enter", "q"])
def test_stopping_asks_first_and_no_is_the_safe_answer(store: Database, answer: str) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.pilot.press("x")
            await screen.shows("Stop sales-wave-2")
            await screen.press(answer)
            assert "Stop sales-wave-2" not in screen.text
            assert Wanted(store).read("sales-wave-2").batch is Wish.RUN

    run(look)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("k", "p"), "Nobody runs hq-pilot: s starts it"),
        (("k", "x"), "Nobody runs hq-pilot: s starts it"),
        (("s",), "sales-wave-2 runs already"),
        (("2", "j", "j", "j", "s"), "daniel.ferreira@northwind.example is done in this run"),
    ],
)
def test_a_key_that_does_nothing_says_why(store: Database, typed: tuple[str, ...], said: str) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press(*typed)
            await screen.shows(said)
            assert Wanted(store).read("sales-wave-2").mailboxes == {}

    run(look)


def test_a_click_chooses_a_row_inside_the_frame(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.pilot.click("#mailboxes", offset=(5, 4))  # frame, header, two rows above
            await screen.settle()
            assert screen.dashboard.mailboxes.current.source == "carla.mendes@northwind.example"
            assert screen.dashboard.target.name == "carla.mendes@northwind.example"

    run(look)


def test_tab_goes_through_the_panes_that_are_seen(store: Database) -> None:
    async def look() -> None:
        for size, panes in (((120, 40), ["mailboxes", "folders", "log", "batches"]), ((80, 24), ["log", "batches"])):
            async with shown(store, size) as screen:
                seen = []
                for _ in panes:
                    await screen.press("tab")
                    seen.append(screen.app.focused.id if screen.app.focused else None)
                assert seen == panes

    run(look)


def test_one_pane_alone_and_back(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("2", "z")
            assert "Batches" not in screen.text
            assert "z.kowalski" in screen.text
            await screen.press("backspace")
            await screen.shows("1 Batches", "2 Mailboxes", "4 Log")

    run(look)


def test_what_the_batch_waits_for_is_said_below_it(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            board = Board(store, "sales-wave-2")
            board.batch(why="imap.old.example:993 does not answer", next_pass=NOW + timedelta(hours=2))
            await screen.shows("2 of 3 · imap.old.example:993 does not answer · next pass 2026-11-22 04:47")

    run(look)


def test_too_small_it_can_still_be_left(store: Database) -> None:
    async def look() -> None:
        async with shown(store, (40, 10)) as screen:
            await screen.shows("Too small")
            await screen.pilot.press("q")
            await screen.until(lambda: screen.ended == 0, "the end")

    run(look)


def test_the_help_tells_every_key(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.pilot.press("question_mark")
            await screen.shows("This help")
            lines = ["".join(cell.text for cell in line) for line in screen.app.screen.query_one(Pager).lines]
            for key in keys.KEYS:
                assert any(key.words in line and all(name in line for name in keys.names(key)) for line in lines), key
            await screen.press("q")
            assert "This help" not in screen.text

    run(look)


def test_every_key_that_works_is_in_the_table(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            ids = {key.id for key in keys.KEYS}
            for pane in "1234":
                await screen.press(pane)
                active = screen.app.screen.active_bindings
                assert {entry.binding.id for entry in active.values()} <= ids
                assert "q" in active

    run(look)


def test_an_empty_store_says_how_to_begin(empty: Database) -> None:
    async def look() -> None:
        async with shown(empty, (80, 24)) as screen:
            await screen.shows(
                "No batch yet. a makes one; or open one with: mailcutover BATCH.toml", "Nothing has happened yet."
            )
            await screen.press("enter", "s")
            await screen.shows("There is nothing here to act on.")

    run(look)
