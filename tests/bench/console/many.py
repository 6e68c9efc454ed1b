"""A batch of 50,000 mailboxes: how soon it is there, and how soon it answers."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tests.bench.console.figure import Figure
from tests.bench.console.start import first_paint
from tests.bench.console.stores import BATCH, made
from tests.bench.console.watched import Probed

MAILBOXES = 50_000
_PAGES = 10
_PAGE_DOWN = "\x1b[6~"


def figures(folder: Path) -> Iterator[Figure]:
    """From a store that knows the batch; then with the batch file named, too."""
    state = made(folder, MAILBOXES)
    yield from first_paint("50,000 mailboxes: first paint of rows from the store", state, 1)
    with Probed(state) as terminal:
        terminal.when("m00001")
        terminal.press("2")
        terminal.quiet(3)  # until all of them are read
        pages = []
        for _ in range(_PAGES):
            pages.append(terminal.answer(_PAGE_DOWN, r"m\d{5}"))
            terminal.quiet(0.2)
        yield Figure("50,000 mailboxes: page-down to repaint, median", 1000 * median(pages), "ms", 20)
        yield Figure("50,000 mailboxes: page-down to repaint, worst", 1000 * max(pages), "ms")
        terminal.press("g")
        terminal.quiet()
        opened = terminal.answer("/", "Filter ")
        yield Figure("50,000 mailboxes: key that opens the filter, to repaint", 1000 * opened, "ms", 100)
        terminal.quiet()
        terminal.take()
        keys = []
        for typed in range(1, 6):  # the first row becomes m00004, then m00049, and so on
            last = str(MAILBOXES - 1)[:typed]
            keys.append(terminal.answer(last[-1], f"{int(last):05}"))
            terminal.quiet(0.2)
        yield Figure("50,000 mailboxes: filter keystroke to repaint, median", 1000 * median(keys), "ms", 100)
        yield Figure("50,000 mailboxes: filter keystroke to repaint, worst", 1000 * max(keys), "ms", 100)
        yield Figure("50,000 mailboxes: loop lateness while filtering, worst", terminal.take().worst, "ms")
    with Probed(state, str(folder / f"{BATCH}.toml")) as terminal:
        seen = terminal.when("m00001") - terminal.began
        yield Figure("50,000 mailboxes, file named: first paint of rows", seen, "s")
        terminal.quiet(3)
        yield Figure("50,000 mailboxes, file named: loop lateness while it loads", terminal.take().worst, "ms", 300)
