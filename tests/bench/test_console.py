"""The console's bench looks at the real program, and judges as the design does. No figure is looked at."""

from pathlib import Path

import pytest

from core.store.database import Database
from core.store.views import mailboxes
from tests.bench.console.figure import Figure
from tests.bench.console.load import ACTIVE, Rate
from tests.bench.console.stores import BATCH, TOTAL, login, made
from tests.bench.console.watched import Probed


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure("lateness", 150, "ms", 150), "holds"),
        (Figure("lateness", 150.1, "ms", 150), "misses"),
        (Figure("rate", 95, "%", 95, floor=True), "holds"),
        (Figure("rate", 94.9, "%", 95, floor=True), "misses"),
        (Figure("rate", 5, "/s"), "/s"),
    ],
)
def test_a_budget_is_kept_or_missed(figure: Figure, verdict: str) -> None:
    assert figure.line().split()[-1] == verdict


@pytest.mark.pty
def test_a_load_reaches_the_store_and_the_screen_of_the_console_that_is_probed(tmp_path: Path) -> None:
    state = made(tmp_path, ACTIVE + 10)
    with Probed(state) as terminal:
        terminal.when("m00001")
        terminal.ask(Rate(500))
        terminal.when("1 running")
        terminal.when("copied, 300")
        terminal.until(lambda: terminal.take().told >= 10 * ACTIVE, "a round of all")
        terminal.ask(None)
        terminal.until(lambda: bool(terminal.take().late), "the ticker in the event loop")
        terminal.press("q")
        assert terminal.end() == 0
    with Database.open(state) as database, database.look() as look:
        rows, _ = mailboxes(look, BATCH)
    worked = [row.source for row in rows if row.counts.copied and row.counts.total == TOTAL]
    assert {login(place) for place in range(ACTIVE)} >= set(worked)
    assert worked
