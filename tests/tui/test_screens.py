"""Every screen, and the dashboard in every state that a batch may be in, as text at the sizes that people have.

To write the dumps anew, and look at the difference before it is committed:
`MAILCUTOVER_GOLDEN=write python -m pytest tests/tui/test_screens.py`.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, cast

import pytest
from textual.screen import Screen

from core.mail.outcome import Outcome
from core.store.database import Database
from core.store.left_out import LeftOut
from tests.pictures.sample import NOW, filled
from tests.tui.screen import GOLDEN, golden, run, shown
from tests.tui.waves import WAVES
from tui.keymap import Keymap
from tui.runs import Runs
from tui.screens import quit as quitting
from tui.screens.choice import Answer, Choice
from tui.screens.left_out import LeftOutPage
from tui.screens.problems import Problems
from tui.screens.prompt import Prompt
from tui.screens.secret import AskSecret
from tui.session import Look, Session

SIZES = ((80, 24), (120, 40), (200, 60))


class _Flying:
    """Runs that do not end."""

    in_flight = 3
    ended = False

    def hand_over(self) -> None:
        """Told."""


_LEFT_OUT = [
    LeftOut(
        "fatima", "INBOX", 20_417, Outcome.REJECTED, 61 << 20, NOW, "ErrorMessageSizeExceeded: 61 MB, 35 MB allowed"
    ),
    LeftOut(
        "fatima", "[Gmail]/Große Post", 7, Outcome.REJECTED, 4_096, None, "ErrorMimeContentInvalid [MIME part 4] " * 3
    ),
    LeftOut("fatima", "Archive/2019", 3_310, Outcome.SKIPPED, 812, NOW, "flagged \\Deleted"),
    LeftOut("fatima", "Drafts", 12, Outcome.VANISHED, 2_048, NOW, "gone at the source before it was copied"),
]
_PROBLEMS = [
    'wave.toml: source.hots: is unknown; did you mean "host"?',
    "wave.toml: destination.password: a bare password; allowed: env:NAME, file:PATH, file:PATH#KEY, command:ARGV",
    "wave.toml: mailboxes[3].destination: is missing",
]


@dataclass(frozen=True)
class Scene:
    """How to come to a screen: what stands in the store, which keys are pressed, or what is opened."""

    keys: Sequence[str] = ()
    wave: str = "running"
    opened: Callable[[], Screen[Any]] | None = None
    session: Session | None = None
    options: dict[str, Any] = field(default_factory=dict)


_THAT = Session(batch="sales-wave-2")
SCENES = {
    # The dashboard: each pane with the keys, and alone.
    "batches": Scene(("1",)),
    "batches-alone": Scene(("1", "z")),
    "mailboxes": Scene(("2",)),
    "mailboxes-alone": Scene(("2", "z")),
    "mailboxes-marked": Scene(("2", "j", "space", "space")),
    "mailboxes-filtered": Scene(
        session=Session(pane="mailboxes", looks={"mailboxes": Look("!queued", "Done", falling=True)})
    ),
    "mailboxes-none": Scene(session=Session(pane="mailboxes", looks={"mailboxes": Look("nobody")})),
    "detail": Scene(("2", "enter", "j", "j")),
    "detail-alone": Scene(("3", "z")),
    "detail-failed": Scene(("2", "n", "n", "enter")),
    "log": Scene(("4",)),
    "log-alone": Scene(("4", "z")),
    "log-warnings": Scene(("4", "L")),
    "log-wrapped": Scene(("4", "z", "w", "t")),
    "log-standing": Scene(("4", "g")),
    "warned": Scene(("j",)),
    "empty": Scene(wave=""),
    "read-only": Scene(options={"read_only": True}),
    # How a batch may stand.
    **{f"wave-{name}": Scene(("2",), wave=name, session=_THAT) for name in WAVES},
    **{f"wave-{name}-batches": Scene(wave=name, session=_THAT) for name in WAVES if name != "running"},
    "wave-throttled-detail": Scene(("3",), wave="throttled"),
    # What is asked and told in front of it.
    "help": Scene(("question_mark",)),
    "help-end": Scene(("question_mark", "G")),
    "palette": Scene(("colon",)),
    "palette-typed": Scene(("colon", *"pau")),
    "palette-nothing": Scene(("colon", *"xyz")),
    "filter": Scene(("2", "slash", *"fail")),
    "filter-begun": Scene(("2", "slash")),
    "search": Scene(("4", "slash", *"refused")),
    "prompt-long": Scene(
        opened=lambda: Prompt(Keymap(), "Write to", "/var/lib/mailcutover/" + "exports/" * 30 + "log.txt")
    ),
    "stop": Scene(("x",)),
    "limits": Scene(
        opened=lambda: Choice(
            "Limits of sales-wave-2",
            ["They count at once, for whoever runs the batch.", "1 of them differs from the batch file."],
            [
                Answer("m", "Mailboxes at once", "10 (in the file: 4)"),
                Answer("s", "Connections to the source", "20"),
                Answer("b", "Bandwidth", "no limit"),
                Answer("w", "Write them to the batch file"),
            ],
        )
    ),
    "quit": Scene(opened=lambda: quitting.ask(["sales-wave-2"])),
    "quit-many": Scene(opened=lambda: quitting.ask([f"wave-{number}" for number in range(30)])),
    "quitting": Scene(opened=lambda: quitting.Stopping(cast("Runs", _Flying()), quitting.KEEP)),
    "problems": Scene(opened=lambda: Problems("wave.toml cannot be opened", _PROBLEMS)),
    "left-out": Scene(opened=lambda: LeftOutPage("fatima.zahra@northwind.example", _LEFT_OUT, more=True, zone=UTC)),
    "secret": Scene(opened=lambda: AskSecret(Keymap(), "the old server's administrator password")),
}


@pytest.mark.parametrize("name", SCENES)
def test_it_looks_as_it_did(empty: Database, name: str) -> None:
    """One console, whose terminal grows."""
    scene = SCENES[name]

    async def look() -> None:
        async with shown(empty, SIZES[0], session=scene.session, **scene.options) as screen:
            await screen.press(*scene.keys)
            if scene.opened is not None:
                screen.app.push_screen(scene.opened())
                await screen.pilot.pause()
            for size in SIZES:
                await screen.pilot.resize_terminal(*size)
                await screen.settle()
                golden(f"{name}-{size[0]}x{size[1]}", screen.text)

    with filled(empty, WAVES[scene.wave]) if scene.wave else nullcontext():
        run(look)


@pytest.mark.parametrize(("name", "size", "keys"), [("smallest", (60, 15), ("2",)), ("too-small", (59, 15), ())])
def test_it_looks_as_it_did_at_the_edge(
    store: Database, name: str, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    async def look() -> None:
        async with shown(store, size) as screen:
            await screen.press(*keys)
            golden(f"{name}-{size[0]}x{size[1]}", screen.text)

    run(look)


def test_every_dump_is_of_something() -> None:
    """A scene that is gone takes its dumps along."""
    of_scenes = {f"{name}-{width}x{height}" for name in SCENES for width, height in SIZES}
    others = ("form-", "ascii-", "smallest-", "too-small-")
    found = {path.stem for path in GOLDEN.iterdir() if not path.stem.startswith(others)}
    assert found == of_scenes
