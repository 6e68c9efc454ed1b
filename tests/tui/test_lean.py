"""What the terminal is sent of a change: that part alone, and the same screen as Textual would paint."""

import re

from hypothesis import given
from hypothesis import strategies as some
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui.lean import Sent, fewer_codes

WIDTH, HEIGHT = 24, 3
STYLES = [
    Style.parse(style) for style in ("", "color(1) on color(2)", "color(3) on color(2)", "color(1) on color(4)", "bold")
]
CONSOLE = Console(color_system="256", force_terminal=True, legacy_windows=False)

Screen = dict[tuple[int, int], tuple[str, frozenset[str]]]


def painted(text: str) -> tuple[Screen, frozenset[str]]:
    """A terminal that knows what the updates use: what stands where in which style, and the style at the end."""
    screen: Screen = {}
    style: dict[str, str] = {}
    x = y = 0
    for move, codes, char in re.findall(r"\x1b\[(\d+;\d+)H|\x1b\[([\d;]+)m|([^\x1b])", text):
        if move:
            y, x = (int(number) - 1 for number in move.split(";"))
        elif codes:
            for code in re.findall(r"[34]8;5;\d+|\d+", codes):
                if code == "0":
                    style = {}
                else:
                    style["weight" if code == "1" else "ground" if code.startswith("4") else "ink"] = code
        elif char == "\n":
            y, x = y + 1, 0
        else:
            screen[y, x] = char, frozenset(style.values())
            x += 1
    return screen, frozenset(style.values())


def sent(to: Sent, update: ChopsUpdate | LayoutUpdate) -> str:
    return to.lean(update).render_segments(CONSOLE)  # type: ignore[no-any-return]


lines = some.lists(
    some.tuples(some.text("abc ", min_size=1, max_size=5), some.sampled_from(STYLES)), min_size=WIDTH, max_size=WIDTH
).map(lambda parts: Strip([Segment(*part) for part in parts]).crop(0, WIDTH))
spans = some.lists(
    some.tuples(some.integers(0, HEIGHT - 1), some.integers(0, WIDTH - 1), some.integers(1, WIDTH)).filter(
        lambda span: span[1] < span[2]
    ),
    min_size=1,
    max_size=4,
).map(sorted)


@given(some.lists(lines, min_size=HEIGHT, max_size=HEIGHT), spans, some.integers(1, WIDTH - 1))
def test_exactly_the_spans_are_painted_and_as_textual_paints_them(
    strips: list[Strip], spans: list[tuple[int, int, int]], cut: int
) -> None:
    chops = [{0: strip.crop(0, cut), cut: strip.crop(cut, WIDTH)} for strip in strips]
    update = ChopsUpdate(chops, spans, [[cut, WIDTH]] * HEIGHT)
    screen, style = painted(sent(Sent(), update))
    stock, _ = painted(update.render_segments(CONSOLE))
    wanted = {(y, x) for y, x1, x2 in spans for x in range(x1, x2)}
    assert screen == {place: stock[place] for place in wanted}
    assert style == frozenset()


def layout(strips: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[strip] for strip in strips], Region(0, 0, WIDTH, len(strips)))


screens = some.lists(lines, min_size=HEIGHT, max_size=HEIGHT)


@given(some.lists(screens, min_size=1, max_size=4), some.data())
def test_after_each_update_the_terminal_shows_what_textual_would_have_painted(
    frames: list[list[Strip]], data: some.DataObject
) -> None:
    to = Sent()
    screen: Screen = {}
    for frame in frames:
        kept = [data.draw(some.sampled_from([old, new])) for old, new in zip(frames[0], frame, strict=True)]
        if data.draw(some.booleans()) and screen:
            update = ChopsUpdate([{0: strip} for strip in kept], [(1, 0, WIDTH)], [[WIDTH]] * HEIGHT)
            stock = painted(update.render_segments(CONSOLE))[0]
            screen |= painted(sent(to, update))[0]
            assert {place: screen[place] for place in stock} == stock
        else:
            screen |= painted(sent(to, layout(kept)))[0]
            assert screen == painted(layout(kept).render_segments(CONSOLE))[0]


def test_a_screen_that_is_there_already_is_sent_again_only_after_it_was_forgotten() -> None:
    strips = [Strip([Segment("some text", STYLES[1])])] * HEIGHT
    to = Sent()
    whole = sent(to, layout(strips))
    assert "some text" in whole
    assert sent(to, layout(strips)) == ""
    to.forget()
    assert sent(to, layout(strips)) == whole


def test_a_colour_that_stays_is_not_named_again() -> None:
    text = "\x1b[38;5;1;48;5;2mab\x1b[0m\x1b[2;2H\x1b[38;5;3;48;5;2mcd\x1b[0m\x1b[38;5;3;48;5;2me\x1b[0m"
    assert fewer_codes(text) == "\x1b[38;5;1;48;5;2mab\x1b[2;2H\x1b[38;5;3mcde\x1b[0m"


def test_a_text_without_a_style_gets_none() -> None:
    assert fewer_codes("\x1b[1ma\x1b[0mb\x1b[1mc\x1b[0m") == "\x1b[1ma\x1b[0mb\x1b[1mc\x1b[0m"
