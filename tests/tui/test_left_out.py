"""What was not copied of a mailbox is listed with its reasons."""

import pytest

from core.clock import SystemClock
from core.store.database import Database
from tests.tui.screen import run, shown
from tests.tui.test_running import Ground, ground  # noqa: F401 - a fixture


@pytest.mark.usefixtures("ground")
def test_messages_that_a_rule_left_out_are_shown_with_it(empty: Database, ground: Ground) -> None:  # noqa: F811
    async def look() -> None:
        path = ground.file("ann", "ben")
        path.write_text(path.read_text().replace("[options]", "[options]\nreceived_since = 2030-01-01"))
        async with shown(empty, files=[path], clock=SystemClock(), make_host=ground.host) as screen:
            await screen.shows("sales", "Created")
            await screen.press("v")
            await screen.shows("Choose a mailbox of sales to see what was not copied")
            await screen.press("2", "v")
            await screen.shows("Nothing of ann was refused, left out or gone")
            await screen.pilot.press("s")
            await screen.until(lambda: screen.dashboard.mailboxes.current.counts.skipped == 3)
            await screen.settle()
            await screen.pilot.press("v")
            await screen.shows("Not copied · ann", "Left out by a rule or limit of the batch", "INBOX:3", "2030-01-01")
            await screen.pilot.press("q")
            await screen.until(lambda: "Not copied" not in screen.text)

    run(look)
