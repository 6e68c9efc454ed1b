"""Whatever the link does in the middle of a run: each message is there once in the end, and nobody had to help."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.event import EventKind
from tests.contract.scene import Scene, opened
from tests.servers.certificates import Authority
from tests.servers.faults import BLACK_HOLE, Faults, Reset, Way

#: Bytes that a link carries at most, so that something got through and something did not.
ENOUGH = {
    ("source", Way.UP): 400,
    ("source", Way.DOWN): 25_000,
    ("imap", Way.UP): 20_000,
    ("imap", Way.DOWN): 2_500,
    ("exchange", Way.UP): 60_000,
    ("exchange", Way.DOWN): 9_000,
}


@pytest.fixture
def tls() -> bool:
    return False


@pytest.fixture(params=["source", "imap", "exchange"])
def scene(
    request: pytest.FixtureRequest, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> Iterator[Scene]:
    """Where the bad link is: at the source, or before one of both kinds of destination."""
    with opened(Scene(request.param, request, user, tmp_path, tls=tls), monkeypatch) as scene:
        yield scene


def test_a_slow_link_is_no_trouble(scene: Scene) -> None:
    scene.proxy.faults = Faults(latency=0.005, rate=2_000_000)
    assert scene.run().exit_code == 0
    scene.each_is_there_once()
    assert scene.conditions == []


@pytest.mark.parametrize("way", Way)
def test_resets_in_the_middle(scene: Scene, way: Way) -> None:
    scene.proxy.faults = Faults(reset=Reset(way, ENOUGH[scene.where, way], times=3))
    run = scene.run()
    assert (run.exit_code, run.faults) == (0, [])
    scene.each_is_there_once()
    assert scene.proxy.resets == 3
    if (scene.where, way) == ("imap", Way.UP):
        assert "settling" in scene.conditions, "messages were sent, and are not there"
    assert scene.kinds().count("mailbox.finished") == 1


@pytest.mark.parametrize(
    "faults",
    [BLACK_HOLE, Faults(held=frozenset({Way.UP})), Faults(held=frozenset({Way.DOWN}))],
    ids=["both ways", "up", "down"],
)
def test_silence_in_the_middle(scene: Scene, faults: Faults) -> None:
    """The link seems to stand, and carries nothing."""
    scene.on[scene.in_the_middle()] = lambda: setattr(scene.proxy, "faults", faults)
    scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = scene.proxy.heal
    run = scene.run()
    assert (run.exit_code, run.faults) == (0, [])
    scene.each_is_there_once()
    assert "waiting_for_link" in scene.conditions
    if scene.where == "exchange" and Way.UP in faults.held:
        assert "settling" in scene.conditions, "a whole request was sent, and is not there"
    assert scene.kinds()[-1] == "mailbox.finished"


def test_nobody_listens_for_a_while(scene: Scene) -> None:
    tries = iter(range(3))

    def go_down() -> None:
        scene.proxy.faults = Faults(refused=True)
        scene.proxy.cut()

    def come_back_later() -> None:
        if next(tries, None) is None:
            scene.proxy.heal()
        else:
            scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = come_back_later

    scene.on[scene.in_the_middle()] = go_down
    scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = come_back_later
    run = scene.run()
    assert (run.exit_code, run.faults) == (0, [])
    scene.each_is_there_once()
    assert scene.kinds().count("mailbox.waiting_for_link") == 4
    assert scene.kinds().count("mailbox.started") == 1
    assert "waiting_for_link" in scene.conditions


def test_a_link_that_is_down_from_the_beginning(scene: Scene) -> None:
    scene.proxy.faults = Faults(refused=True)
    scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = scene.proxy.heal
    assert scene.run().exit_code == 0
    scene.each_is_there_once()


@pytest.mark.parametrize("tls", [True])
def test_another_certificate_stops_the_batch(scene: Scene, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    scene.proxy.faults = Faults(certificate=Authority(other).server())
    assert scene.run().exit_code == 1
    assert "certificate does not verify" in (scene.view().error or "")
    assert "mailbox.waiting_for_link" not in scene.kinds(), "waiting would not help"
    assert not scene.there()
    scene.proxy.heal()
    assert scene.run().exit_code == 0
    scene.each_is_there_once()


@pytest.mark.parametrize("way", Way)
def test_stop_now_waits_for_no_server(scene: Scene, way: Way) -> None:
    held = threading.Event()

    def hold() -> None:
        scene.proxy.faults = Faults(held=frozenset({way}))
        held.set()

    scene.on[scene.in_the_middle()] = hold
    run = scene.start()
    assert held.wait(30)
    run.stop(now=True)
    assert run.join(20)
    assert (run.exit_code, run.faults, scene.view().status.value) == (3, [], "Stopped")
    scene.proxy.heal()
    assert scene.run().exit_code == 0
    scene.each_is_there_once()
