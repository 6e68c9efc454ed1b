"""The table: only what has changed is painted, the cursor stays with its item."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from tests.tui.screen import run
from tui import theme
from tui.theme import Tone
from tui.widgets.line_table import Column, LineTable, Row
from tui.widgets.line_widget import Cell


@dataclass(frozen=True)
class Item:
    name: str
    number: int = 0
    note: str = ""


class Table(LineTable[Item]):
    def columns(self) -> Sequence[Column[Item]]:
        return (
            Column("Name", 0, lambda item: Cell(item.name), lead=True),
            Column("Number", 6, lambda item: Cell(str(item.number)), right=True),
            Column("Double", 6, lambda item: Cell(str(item.number // 10)), right=True),
            Column("Wide", 6, lambda item: Cell("w"), room=40),
        )

    def key_of(self, item: Item) -> str:
        return item.name

    def note(self, item: Item) -> Cell | None:
        return Cell(item.note, Tone.BAD) if item.note else None


class Bare(App[None]):
    CSS_PATH = ["../../tui/styles/tones.tcss"]  # noqa: RUF012 - as Textual declares it

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(theme.CALM)
        self.theme = theme.CALM.name
        self.table = Table()
        self.moved: list[str | None] = []
        self.opened: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_line_table_moved(self, message: LineTable.Moved) -> None:
        current: Item | None = message.table.current
        self.moved.append(current.name if current else None)

    def on_line_table_opened(self, message: LineTable.Opened) -> None:
        self.opened.append(str(message.table.current))

    def lines(self) -> list[str]:
        return [self.table.render_line(y).text for y in range(self.table.size.height)]


def on_bare(test: Callable[[Bare, Pilot[None]], Awaitable[None]], size: tuple[int, int] = (30, 6)) -> None:
    async def look() -> None:
        app = Bare()
        async with app.run_test(size=size) as pilot:
            app.table.focus()
            await pilot.pause()
            await test(app, pilot)

    run(look)


def items(*names: str, **numbers: int) -> list[Item]:
    return [Item(name, numbers.get(name, 0)) for name in names]


def watch(app: Bare, monkeypatch: pytest.MonkeyPatch) -> list[Region]:
    """The regions that are asked to be painted again from here on; an empty one stands for all."""
    seen: list[Region] = []
    refresh = app.table.refresh

    def watched(*regions: Region, **options: Any) -> Any:
        seen.extend(regions or [Region()])
        return refresh(*regions, **options)

    monkeypatch.setattr(app.table, "refresh", watched)
    return seen


def test_every_line_is_as_wide_as_the_table_and_columns_stand_in_line() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.table.show(
            [
                Item("anna", 4),
                Item("日本語日本語日本語日本語", 1234567),
                Item("carl", note="it failed, and this is why"),
            ]
        )
        await pilot.pause()
        assert app.lines() == [
            " Name           Number Double ",
            "▌anna                4      0 ",
            " 日本語日本語 … 12345… 123456 ",
            " carl           it failed, an…",
            " " * 30,
            " " * 30,
        ]
        assert {app.table.render_line(y).cell_length for y in range(6)} == {30}

    on_bare(look)


def test_a_column_shows_only_where_there_is_room() -> None:
    async def narrow(app: Bare, _: Pilot[None]) -> None:
        assert "Wide" not in app.lines()[0]

    async def wide(app: Bare, _: Pilot[None]) -> None:
        assert "Wide" in app.lines()[0]

    on_bare(narrow, (39, 6))
    on_bare(wide, (40, 6))


def test_only_changed_cells_are_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.table.show(items("a", "b", "c"))
        await pilot.pause()
        seen = watch(app, monkeypatch)
        app.table.show(items("a", "b", "c"))
        assert seen == []
        app.table.show(items("a", "b", "c", b=7))
        assert seen == [Region(16, 2, 6, 1)]
        await pilot.pause()
        seen.clear()
        app.table.show([Item("a"), Item("b", 7, note="failed"), Item("c")])
        assert seen == [Region(0, 2, 30, 1)]

    on_bare(look)


def test_rows_out_of_sight_are_not_even_made(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        many = [Item(f"n{number:05}") for number in range(50_000)]
        app.table.show(many)
        await pilot.pause()
        made: list[str] = []
        row = app.table._row

        def counted(item: Item) -> Row:
            made.append(item.name)
            return row(item)

        monkeypatch.setattr(app.table, "_row", counted)
        app.table.show([*many[:49_999], Item("n49999", 1)])
        assert len(made) == 5

    on_bare(look)


def test_the_cursor_stays_with_its_item() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.table.show(items("a", "b", "c"))
        await pilot.press("j")
        app.table.show(items("new", "a", "b", "c"))
        await pilot.pause()
        assert app.table.cursor == 2
        app.table.show(items("a", "c"))
        await pilot.pause()
        assert app.table.current == Item("c")
        app.table.show([])
        await pilot.pause()
        assert app.moved == ["a", "b", "c", None]

    on_bare(look)


@pytest.mark.parametrize(
    ("typed", "place"),
    [("j", 1), ("down", 1), ("k", 0), ("G", 49), ("end", 49), ("ctrl+d", 4), ("pagedown", 4)],
)
def test_moving_about(typed: str, place: int) -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.table.show([Item(f"n{number}") for number in range(50)])
        await pilot.press(typed)
        await pilot.pause()
        assert app.table.cursor == place
        assert sum(line.startswith("▌") for line in app.lines()) == 1
        assert any(line.startswith(f"▌n{place} ") for line in app.lines())
        await pilot.press("g")
        await pilot.pause()
        assert app.lines()[1].startswith("▌n0 ")

    on_bare(look)


def test_a_click_chooses_and_a_second_opens() -> None:
    async def look(app: Bare, pilot: Pilot[None]) -> None:
        app.table.show(items("a", "b", "c"))
        await pilot.pause()
        await pilot.click(offset=(3, 3))
        assert app.table.current == Item("c")
        await pilot.click(offset=(3, 0))
        assert app.table.current == Item("c")
        await pilot.click(offset=(3, 2), times=2)
        await pilot.pause()
        assert app.opened == [str(Item("b"))]

    on_bare(look)
