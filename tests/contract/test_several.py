"""Several requests under way over one link that fails: each message is there once in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.engine.batch_run import BatchRun
from core.event import EventKind
from tests.contract.scene import Scene, opened
from tests.sandbox.outcomes import Held
from tests.servers.faults import BLACK_HOLE, Faults, Reset, Way

_TEXT = b"Message-ID: <%d@example.org>\r\nSubject: %d\r\n\r\n" + b"some text\r\n" * 150
_MANY = [("INBOX", _TEXT % (number, number)) for number in range(100, 400)]


@pytest.fixture
def scene(
    request: pytest.FixtureRequest, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    monkeypatch.setattr("core.exchange.pace._MOST", 20)
    made = Scene("exchange", request, user, tmp_path, tls=False, messages=_MANY, connections=4)
    with opened(made, monkeypatch) as scene:
        yield scene


@contextmanager
def four_under_way(scene: Scene) -> Iterator[BatchRun]:
    """A run of which four requests have come in, and are held meanwhile."""
    four = [Held() for _ in range(4)]
    for held in four:
        scene.exchange.next("CreateItem", held)
    run = scene.start()
    try:
        assert all(held.arrived.wait(50) for held in four)
        yield run
        assert scene.there() == {}
    finally:
        for held in four:
            held.release.set()


def test_four_are_under_way_together(scene: Scene) -> None:
    with four_under_way(scene) as run:
        pass
    assert run.join(50)
    assert (run.exit_code, run.faults) == (0, [])
    scene.each_is_there_once()


@pytest.mark.parametrize("now", [False, True])
def test_a_stop_while_four_are_under_way(scene: Scene, monkeypatch: pytest.MonkeyPatch, now: bool) -> None:
    monkeypatch.setattr("tests.contract.scene.SILENCE", 50.0)
    with four_under_way(scene) as run:
        run.stop(now=now)
        if now:
            assert run.join(50), "it waits for nobody"
    assert run.join(50)
    assert (run.exit_code, run.faults) == (3, [])
    if not now:
        assert scene.there().total() == scene.view().counts.copied == 80
    run = scene.run()
    assert (run.exit_code, run.faults) == (0, [])
    scene.each_is_there_once()
    doubts = [event for event in scene.events if event.kind is EventKind.MESSAGE_IN_DOUBT]
    assert len(doubts) == (80 if now else 0)


@pytest.mark.parametrize(
    "faults",
    [BLACK_HOLE, Faults(held=frozenset({Way.UP}), late=0.3), Faults(held=frozenset({Way.DOWN}))],
    ids=["black hole", "late", "dumb"],
)
def test_a_link_that_falls_silent(scene: Scene, faults: Faults) -> None:
    scene.on[EventKind.MESSAGE_COPIED] = lambda: setattr(scene.proxy, "faults", faults)
    scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = scene.proxy.heal
    run = scene.run()
    assert (run.exit_code, run.faults) == (0, [])
    scene.each_is_there_once()


@pytest.mark.parametrize(("way", "after"), [(Way.UP, 60_000), (Way.DOWN, 9_000)])
def test_links_that_are_reset_in_the_middle(scene: Scene, way: Way, after: int) -> None:
    scene.proxy.faults = Faults(reset=Reset(way, after, times=5))
    run = scene.run()
    assert (run.exit_code, run.faults) == (0, [])
    assert scene.proxy.resets == 5
    scene.each_is_there_once()
