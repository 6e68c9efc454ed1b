"""The thread that reads for the screen, and how often it does."""

import queue
import threading
from typing import Any

import pytest

from core.errors import StateError
from core.store.database import Database
from tests.pictures.sample import StillClock
from tests.tui.screen import run, shown
from tui.link import Link
from tui.pace import Pace
from tui.tick import Focus, News, Tick

QUICK = 0.001


class Scene:
    """A link whose looks are counted and whose ticks come into a queue."""

    def __init__(self) -> None:
        self.looks: list[Focus] = []
        self.answers: queue.Queue[Tick | Exception] = queue.Queue()
        self.more = False
        self.trouble: Exception | None = None
        self.link = Link(self.read, self.answers.put, Pace(QUICK))

    def read(self, focus: Focus) -> Tick:
        self.looks.append(focus)
        if self.trouble is not None:
            raise self.trouble
        return Tick(StillClock().now(), focus, (), (), (), News(more=self.more), None)

    def begin(self) -> Tick | Exception:
        self.link.start()
        answer = self.link.first(20)
        assert answer is not None
        return answer

    def take(self) -> Tick | Exception:
        return self.answers.get(timeout=20)


def test_the_first_answer_waits_for_the_screen() -> None:
    scene = Scene()
    answer = scene.begin()
    assert isinstance(answer, Tick)
    assert scene.answers.empty()
    scene.link.close()


def test_the_first_answer_is_delivered_when_the_screen_was_first() -> None:
    scene = Scene()
    assert scene.link.first(0) is None
    scene.link.start()
    assert isinstance(scene.take(), Tick)
    scene.link.close()


def test_the_next_look_waits_until_the_last_tick_is_shown() -> None:
    scene = Scene()
    scene.begin()
    scene.link.look(Focus("b"))  # not even then
    with pytest.raises(queue.Empty):
        scene.answers.get(timeout=0.2)
    assert len(scene.looks) == 1
    scene.link.shown(0)
    answer = scene.take()
    assert isinstance(answer, Tick)
    assert answer.focus == Focus("b")
    scene.link.close()


def test_another_focus_is_looked_at_at_once() -> None:
    scene = Scene()
    scene.link.pace.seconds = 3600
    scene.begin()
    scene.link.shown(0)
    scene.link.look(Focus("b"))
    answer = scene.take()
    assert isinstance(answer, Tick)
    assert answer.focus == Focus("b")
    scene.link.close()


def test_what_is_left_of_a_flood_is_read_at_once() -> None:
    scene = Scene()
    scene.link.pace.seconds = 3600
    scene.more = True
    scene.begin()
    for _ in range(2):
        scene.link.shown(0)
        scene.take()
    scene.link.close()


def test_an_error_is_handed_over_and_reading_goes_on() -> None:
    scene = Scene()
    scene.trouble = StateError("state.db: the disk gave an error")
    assert scene.begin() is scene.trouble
    scene.trouble = None
    scene.link.shown(0)
    assert isinstance(scene.take(), Tick)
    scene.link.close()


@pytest.mark.parametrize("shown_first", [True, False])
def test_closing_ends_the_thread_wherever_it_waits(shown_first: bool) -> None:
    scene = Scene()
    scene.link.pace.seconds = 3600
    scene.begin()
    if shown_first:
        scene.link.shown(0)
    scene.link.close()
    assert not any(thread.name == "link" for thread in threading.enumerate())


def test_closing_before_the_start_is_nothing() -> None:
    Scene().link.close()


def test_the_pace_slows_down_for_a_terminal_that_does_not_keep_up() -> None:
    pace = Pace(0.25)
    pace.note(0.5, 0)
    assert (pace.seconds, pace.slow) == (0.25, False)  # once is an accident
    pace.note(0.0, 3)
    assert (pace.seconds, pace.slow) == (0.5, True)
    for _ in range(20):
        pace.note(9.0, 0)
    assert pace.seconds == 4.0
    for _ in range(9):
        pace.note(0.01, 0)
    assert pace.seconds == 4.0
    pace.note(0.01, 0)
    assert pace.seconds == 2.0
    for _ in range(100):
        pace.note(0.01, 0)
    assert (pace.seconds, pace.slow) == (0.25, False)


def test_the_pace_is_slower_over_ssh() -> None:
    assert Pace.of({}).seconds == 0.25
    assert Pace.of({"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}).seconds == 0.5


def test_a_store_that_cannot_be_read_is_said_and_read_again(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            read = screen.app.link._read
            trouble = StateError("state.db: the disk gave an error; look into the system's log")

            def broken(_: Focus) -> Tick:
                raise trouble

            monkeypatch.setattr(screen.app.link, "_read", broken)
            await screen.shows("state.db: the disk gave an error", "anna.lindqvist")
            monkeypatch.setattr(screen.app.link, "_read", read)
            await screen.until(lambda: "the disk gave an error" not in screen.text)

    run(look)


def test_a_fault_in_reading_ends_the_console_and_is_kept(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = ZeroDivisionError("of our own")

    async def look() -> None:
        async with shown(store) as screen:

            def broken(_: Focus) -> Tick:
                raise fault

            monkeypatch.setattr(screen.app.link, "_read", broken)
            await screen.until(lambda: screen.app.fault is fault)

    with pytest.raises(ZeroDivisionError):
        run(look)


def test_a_fault_in_a_worker_ends_the_console_and_is_kept(store: Database, capfd: pytest.CaptureFixture[str]) -> None:
    fault = ZeroDivisionError("of our own")

    async def broken() -> None:
        raise fault

    async def look() -> None:
        async with shown(store) as screen:
            screen.app.run_worker(broken())
            await screen.until(lambda: screen.app.fault is fault)

    with pytest.raises(ZeroDivisionError):
        run(look)
    assert capfd.readouterr() == ("", "")


def test_nothing_is_sent_while_nothing_changes(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    async def look() -> None:
        async with shown(store) as screen:
            sent: list[object] = []
            ticks: list[object] = []
            show = screen.dashboard.show

            def count(*told: Any) -> None:
                ticks.append(told)
                show(*told)

            monkeypatch.setattr(screen.app, "_display", lambda _, update: sent.append(update))
            monkeypatch.setattr(screen.dashboard, "show", count)
            await screen.until(lambda: len(ticks) > 3, "four ticks")
            await screen.pilot.pause()
            assert sent == []
            screen.app.flash("something")
            await screen.until(lambda: sent, "a word")

    run(look)
