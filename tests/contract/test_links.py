"""Whatever a link does: each message is there once in the end, nobody had to help, and waits were shown as such."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.engine.retry import Patience
from core.event import EventKind
from tests.contract.scene import GONE, Scene, opened
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
DEAF, DUMB = Faults(held=frozenset({Way.UP})), Faults(held=frozenset({Way.DOWN}))


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


class TestALink:
    """Every fault at every place."""

    @pytest.mark.parametrize(
        "faults",
        [Faults(latency=0.01), Faults(rate=1_000_000), Faults(piece=16)],
        ids=["late", "narrow", "dripping"],
    )
    def test_that_is_slow_is_no_trouble(self, scene: Scene, faults: Faults) -> None:
        scene.proxy.faults = faults
        assert scene.run().exit_code == 0
        scene.each_is_there_once()
        assert scene.conditions == []

    @pytest.mark.parametrize("way", Way)
    def test_that_is_reset_in_the_middle(self, scene: Scene, way: Way) -> None:
        scene.proxy.faults = Faults(reset=Reset(way, ENOUGH[scene.where, way], times=3))
        run = scene.run()
        assert (run.exit_code, run.faults) == (0, [])
        scene.each_is_there_once()
        assert scene.proxy.resets == 3
        if (scene.where, way) == ("imap", Way.UP):
            assert "settling" in scene.conditions, "messages were sent, and are not there"
        assert scene.kinds().count("mailbox.finished") == 1

    @pytest.mark.parametrize("after", [0, 1, 50, 300])
    def test_that_is_reset_before_it_was_of_any_use(self, scene: Scene, after: int) -> None:
        """In the greeting, while signing in, while looking around."""
        scene.proxy.faults = Faults(reset=Reset(Way.DOWN, after, times=3))
        assert scene.run().exit_code == 0
        scene.each_is_there_once()
        assert scene.proxy.resets == 3
        self.waits_were_shown(scene)

    @pytest.mark.parametrize("faults", [BLACK_HOLE, DEAF, DUMB], ids=["both ways", "up", "down"])
    def test_that_falls_silent_in_the_middle(self, scene: Scene, faults: Faults) -> None:
        """It seems to stand, and carries nothing."""
        scene.on[scene.in_the_middle()] = lambda: setattr(scene.proxy, "faults", faults)
        scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = scene.proxy.heal
        run = scene.run()
        assert (run.exit_code, run.faults) == (0, [])
        scene.each_is_there_once()
        self.waits_were_shown(scene)
        if scene.where == "exchange" and Way.UP in faults.held:
            assert "settling" in scene.conditions, "a whole request was sent, and is not there"
        assert scene.kinds()[-1] == "mailbox.finished"

    def test_that_is_gone_for_a_while(self, scene: Scene) -> None:
        tries = iter(range(3))

        def come_back_later() -> None:
            if next(tries, None) is None:
                scene.proxy.heal()
            else:
                scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = come_back_later

        scene.on[scene.in_the_middle()] = scene.go_down
        scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = come_back_later
        run = scene.run()
        assert (run.exit_code, run.faults) == (0, [])
        scene.each_is_there_once()
        assert scene.kinds().count("mailbox.waiting_for_link") == 4
        assert scene.kinds().count("mailbox.started") == 1
        self.waits_were_shown(scene)

    def test_that_stays_away_is_given_up_and_found_again_by_the_next_run(self, scene: Scene) -> None:
        scene.on[scene.in_the_middle()] = scene.go_down
        assert scene.run(give_up_after="0.5s").exit_code == 1
        error = scene.view().error or ""
        assert error.startswith(scene.endpoint)
        assert error.endswith("given up after 0.5s without any progress (options.give_up_after)")
        self.waits_were_shown(scene)
        scene.proxy.heal()
        assert scene.run().exit_code == 0
        scene.each_is_there_once()

    def test_that_is_down_from_the_beginning(self, scene: Scene) -> None:
        scene.proxy.faults = GONE
        scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = scene.proxy.heal
        assert scene.run().exit_code == 0
        scene.each_is_there_once()
        self.waits_were_shown(scene)

    def test_that_was_never_there_is_tried_three_times(self, scene: Scene) -> None:
        scene.host._patience = Patience(before_first=(0.05, 0.05), shortest=0.05)
        scene.proxy.faults = GONE
        assert scene.run().exit_code == 1
        assert scene.kinds() == ["mailbox.waiting_for_link"] * 2 + ["mailbox.failed"]
        error = scene.view().error or ""
        assert error.startswith(scene.endpoint)
        assert error.endswith("; it did not answer in 3 tries")
        self.waits_were_shown(scene)
        assert not scene.there()

    @pytest.mark.parametrize("tls", [True])
    @pytest.mark.parametrize("when", ["at once", "in the middle"])
    def test_with_another_certificate_stops_the_batch(self, scene: Scene, tmp_path: Path, when: str) -> None:
        """Waiting would not help."""
        other = tmp_path / "other"
        other.mkdir()
        swapped = Faults(certificate=Authority(other).server())
        if when == "at once":
            scene.proxy.faults = swapped
        else:
            scene.on[scene.in_the_middle()] = lambda: scene.go_down(swapped)
        assert scene.run().exit_code == 1
        error = scene.view().error or ""
        assert error.startswith(f"{scene.endpoint}the server's certificate does not verify")
        if when == "at once":
            assert "mailbox.waiting_for_link" not in scene.kinds()
            assert not scene.there()
        scene.proxy.heal()
        assert scene.run().exit_code == 0
        scene.each_is_there_once()

    @pytest.mark.parametrize("faults", [DEAF, DUMB], ids=["up", "down"])
    def test_that_is_silent_does_not_hold_up_stop_now(self, scene: Scene, faults: Faults) -> None:
        held = threading.Event()

        def hold() -> None:
            scene.proxy.faults = faults
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

    @staticmethod
    def waits_were_shown(scene: Scene) -> None:
        """With the endpoint, what is wrong with it, and the moment of the next try."""
        waits = [shown for shown in scene.shown if shown["condition"] == "waiting_for_link"]
        assert waits
        for wait in waits:
            assert wait["until"] is not None
            assert wait["why"].startswith(scene.endpoint)
            assert len(wait["why"]) > len(scene.endpoint) + 10
