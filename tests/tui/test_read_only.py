"""A console that only looks on: it shows everything and steers nothing."""

from core.clock import SystemClock
from core.status import Wish
from core.store.batches import Batches
from core.store.database import Database
from core.store.wanted import Wanted, Wishes
from tests.tui.screen import run, shown
from tests.tui.test_running import Ground, ground  # noqa: F401 - a fixture
from tui.keys import KEYS
from tui.target import CHANGES


def test_no_key_changes_anything(empty: Database, ground: Ground) -> None:  # noqa: F811
    from core.batch.load import load

    async def look() -> None:
        Batches(empty).add(load(ground.file("ann")))
        keys = [key.keys.partition(",")[0] for key in KEYS if key.id in CHANGES]
        assert len(keys) == len(CHANGES)
        async with shown(empty, clock=SystemClock(), make_host=ground.host, read_only=True) as screen:
            await screen.shows("sales", "looks on only")
            said: list[str] = []
            screen.dashboard.key_bar.flash = lambda word, _tone: said.append(word)
            for pane in "12":
                await screen.press(pane)
                for key in keys:
                    said.clear()
                    await screen.pilot.press(key)
                    await screen.until(lambda: said == ["This console only looks on (--read-only)"], key)
            said.clear()
            await screen.pilot.press("v")
            await screen.until(lambda: said and said[0].startswith("Nothing of ann was refused"))
            assert screen.app.runs.ended
        assert Wanted(empty).read("sales") == Wishes(Wish.RUN, {})
        assert ground.moved() == {}

    run(look)
