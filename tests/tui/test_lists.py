"""Lists on a real store: filtered while it is typed, ordered, marked, and from problem to problem."""

import pytest
from textual import events

from core.batch.load import load
from core.status import MailboxStatus, Wish
from core.store.batches import Batches
from core.store.board import Board
from core.store.database import Database
from core.store.wanted import Wanted
from tests.pictures.sample import SALES, Person, batch_file
from tests.tui.screen import Shown, run, shown

DOMAIN = "@northwind.example"


def rows(screen: Shown) -> list[str]:
    return [view.source.removesuffix(DOMAIN) for view in screen.dashboard.mailboxes.items]


def here(screen: Shown) -> str:
    view = screen.dashboard.mailboxes.current
    return view.source.removesuffix(DOMAIN) if view else ""


def test_a_filter_works_while_it_is_typed_and_says_so(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("2", "slash", *"fai")
            await screen.shows("Filter fai", "2 Mailboxes · /fai: 1 of 26 · sales-wave-2", "1 of 1")
            assert rows(screen) == ["e.novak"]
            await screen.press("backspace", "backspace", "backspace", *"!queued !sync")
            assert rows(screen) == ["e.novak", "g.rossi", "m.svensson"]
            await screen.press("enter")
            await screen.shows("/!queued !sync: 3 of 26")
            assert "Filter !" not in screen.text
            await screen.press("j")
            assert here(screen) == "g.rossi"
            await screen.press("escape")
            assert "/!queued" not in screen.text
            assert (len(rows(screen)), here(screen)) == (26, "g.rossi")

    run(look)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("throttled", ["carla.mendes"]),
        ("errorserverbusy", ["carla.mendes"]),
        ("waiting_for_link", ["joao.silva"]),
        ("paused", ["g.rossi"]),
        ("rejected", ["fatima.zahra", "hanna.virtanen"]),
        ("validating", ["m.svensson"]),
        ("active rejected", ["fatima.zahra"]),
        ("authenticationfailed", ["e.novak"]),
        ("okafor@", ["b.okafor"]),
    ],
)
def test_a_filter_looks_at_names_states_and_reasons(store: Database, wanted: str, found: list[str]) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            screen.dashboard.mailboxes.filter(wanted)
            assert rows(screen) == found

    run(look)


def test_a_filter_is_recalled_and_escape_goes_back_to_where_one_was(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("2", "slash", *"novak", "enter", "escape", "j", "j")
            assert here(screen) == "g.rossi"
            await screen.press("slash")
            assert rows(screen) == ["e.novak"]  # recalled, and in force
            await screen.press(*"zah")  # takes its place
            assert rows(screen) == ["fatima.zahra"]
            await screen.press("escape")
            assert (len(rows(screen)), here(screen)) == (26, "g.rossi")
            await screen.press("slash", "enter")
            assert rows(screen) == ["e.novak"]

    run(look)


def test_a_filter_goes_on_looking_while_things_change(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("2", "slash", *"failed", "enter")
            board = Board(store, "sales-wave-2")
            board.mailbox(f"k.yamada{DOMAIN}").set(status=MailboxStatus.FAILED, error="it broke")
            board.flush()
            await screen.shows("/failed: 2 of 26", "it broke")
            board.mailbox(f"e.novak{DOMAIN}").set(status=MailboxStatus.SYNCED, error=None)
            board.flush()
            await screen.until(lambda: rows(screen) == ["k.yamada"])
            assert here(screen) == "k.yamada"
            await screen.press("slash", *"nobody at all")
            await screen.shows("No mailbox has these words; Esc shows all.")

    run(look)


def test_batches_and_folders_are_filtered_too(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("1", "slash", *"nobody", "enter")
            await screen.shows("1 Batches · /nobody: 2 of 3")
            assert [view.name for view in screen.dashboard.batches.items] == ["hq-pilot", "plant-bremen"]
            await screen.press("escape", "k", "2", "g", "3", "slash", *"gmail", "enter")
            await screen.shows("/gmail: 1 of 9", "[Gmail]/All Ma")
            assert [folder.path for folder in screen.dashboard.detail.folders.items] == ["", "[Gmail]/All Mail"]

    run(look)


def test_rows_are_ordered_by_a_column_and_the_other_way_round(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("2")
            before = rows(screen)
            await screen.press("S")
            await screen.shows("Choose a column to order by first")
            await screen.press("greater_than_sign")
            await screen.shows("Mailbox▴")
            assert rows(screen) == sorted(before)
            await screen.press("greater_than_sign")
            await screen.shows("State▴")
            assert rows(screen)[:4] == ["e.novak", "carla.mendes", "joao.silva", "g.rossi"]
            assert rows(screen)[-3:] == ["daniel.ferreira", "hanna.virtanen", "lea.dubois"]
            await screen.press("less_than_sign", "less_than_sign", "less_than_sign")
            await screen.shows("ETA▾")
            await screen.press("less_than_sign")
            assert rows(screen)[:2] == ["fatima.zahra", "anna.lindqvist"]
            await screen.press("S")
            await screen.shows("Rate▴")
            assert rows(screen)[-2:] == ["anna.lindqvist", "fatima.zahra"]

    run(look)


def test_the_cursor_stays_with_its_mailbox_when_the_order_changes(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("2", "j", "j", "greater_than_sign", "greater_than_sign")
            assert here(screen) == "carla.mendes"
            assert screen.dashboard.mailboxes.cursor == 1
            assert [line for line in screen.text.splitlines() if "▌" in line and "carla" in line]
            await screen.until(lambda: screen.text.count("▌") == 3)  # one in each list

    run(look)


def test_what_rows_are_ordered_by_is_said_where_its_column_has_no_room(store: Database) -> None:
    async def look() -> None:
        async with shown(store, (80, 24)) as screen:
            await screen.press("enter", *["greater_than_sign"] * 6)
            await screen.shows("3 of 26 · by Rej, falling")
            assert rows(screen)[:2] == ["fatima.zahra", "hanna.virtanen"]

    run(look)


def test_keys_act_on_all_that_are_marked_and_do_something_to_them(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("2", "space", "space", "j", "space", "k", "k", "k")
            await screen.shows("3 marked", " 3 mailboxes of sales-wave-2 ", "╋● b.okafor", "+● anna", "+✓ daniel")
            await screen.press("p")
            await screen.shows("2 mailboxes of sales-wave-2: pausing")  # who is done cannot be paused
            paused = {f"{name}{DOMAIN}": Wish.PAUSE for name in ("anna.lindqvist", "b.okafor")}
            assert Wanted(store).read("sales-wave-2").mailboxes == paused
            await screen.pilot.press("x")
            await screen.shows("Stop these 2 mailboxes of")
            await screen.press("n", "escape")
            assert "marked" not in screen.text
            assert screen.dashboard.target.name == f"b.okafor{DOMAIN}"

    run(look)


def test_a_mark_does_not_count_while_a_filter_hides_its_row(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("2", "asterisk")
            await screen.shows("26 marked")
            await screen.press("slash", *"okafor", "enter")
            await screen.shows("1 marked")
            assert screen.dashboard.target.sources == (f"b.okafor{DOMAIN}",)
            await screen.press("asterisk")
            assert "marked" not in screen.text
            await screen.press("escape")
            await screen.shows("25 marked")

    run(look)


def test_batches_and_folders_cannot_be_marked(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            for pane in "13":
                await screen.press(pane, "space")
                await screen.shows("Only mailboxes can be marked")
                assert "marked ·" not in screen.text
                screen.dashboard.key_bar._fade()

    run(look)


def test_from_problem_to_problem_and_round(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("2")
            seen = []
            for key in ("n", "n", "n", "n", "n", "n", "N", "N"):
                await screen.press(key)
                seen.append(here(screen))
            problems = ["carla.mendes", "e.novak", "fatima.zahra", "hanna.virtanen", "joao.silva"]
            assert seen == [*problems, problems[0], problems[-1], problems[-2]]
            await screen.press("1", "k", "n")
            assert screen.dashboard.batches.current.name == "sales-wave-2"
            await screen.press("2", "slash", *"queued", "enter", "n")
            await screen.shows("There is no problem here that this filter shows")

    run(look)


def test_keys_typed_ahead_of_a_filter_reach_it(store: Database) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            await screen.press("2")
            for key, character in (("slash", "/"), ("x", "x"), ("s", "s"), ("enter", None), ("j", "j")):
                screen.app.post_message(events.Key(key, character))
            await screen.shows("/xs: 0 of 26")
            assert Wanted(store).read("sales-wave-2").mailboxes == {}
            assert screen.app.screen is screen.dashboard

    run(look)


def test_thousands_of_mailboxes_are_filtered_ordered_and_paged(empty: Database) -> None:
    people = [Person(f"user{number:05}", 0, 0, 0.0, SALES[-1].status) for number in range(5_000)]
    Batches(empty).add(load(batch_file(empty.folder, "large", people)))

    async def look() -> None:
        async with shown(empty) as screen:
            await screen.press("2")
            await screen.shows("user00000", "1 of 5,000")
            await screen.press("slash", *"user0049", "enter")
            await screen.shows("/user0049: 10 of 5,000")
            await screen.press("escape", "G", "greater_than_sign", "S")
            assert (rows(screen)[0], here(screen)) == ("user04999", "user04999")
            await screen.press("ctrl+d", "ctrl+d")
            await screen.shows("▌○ user04961")

    run(look)
