"""Servers that ask for time in a real run: obeyed, shown, and counted against no message."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.event import EventKind
from tests.contract.scene import Scene, opened
from tests.sandbox.outcomes import Busy, Http, Outcome
from tests.servers.proxy import Proxy

Make = Callable[[str], Scene]


@pytest.fixture
def make(request: pytest.FixtureRequest, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    open_now: list[Any] = []

    def made(where: str) -> Scene:
        open_now.append(opened(Scene(where, request, user, tmp_path, tls=False), monkeypatch))
        scene: Scene = open_now[-1].__enter__()
        return scene

    yield made
    for context in open_now:
        context.__exit__(None, None, None)


def throttles(scene: Scene) -> list[str]:
    return [event.text for event in scene.events if event.kind is EventKind.MAILBOX_THROTTLED]


def was_throttled(scene: Scene, times: int) -> None:
    """Shown each time, with its end; nothing else was the matter, and everything arrived."""
    scene.each_is_there_once()
    assert len(throttles(scene)) == times
    assert set(scene.conditions) == {"throttled"}
    assert None not in [shown["until"] for shown in scene.shown]
    assert scene.kinds().count("mailbox.finished") == 1


@pytest.mark.parametrize("outcome", [Busy(back_off_ms=50), Http(503, retry_after=0)], ids=["fault", "503"])
def test_before_writing_to_exchange(make: Make, outcome: Outcome) -> None:
    scene = make("exchange")
    scene.exchange.next("FindFolder", outcome, times=3)
    assert scene.run().exit_code == 0
    was_throttled(scene, 3)


def test_a_throttle_without_end_is_given_up(make: Make) -> None:
    scene = make("exchange")
    scene.exchange.next("CreateItem", Busy(back_off_ms=50), times=None)
    assert scene.run(give_up_after="0.3s").exit_code == 1
    assert "given up after 0.3s without any progress" in (scene.view().error or "")
    assert scene.view().counts.rejected == 0
    scene.exchange.clear_script()
    assert scene.run().exit_code == 0
    scene.each_is_there_once()


@pytest.mark.parametrize("where", ["source", "imap"])
@pytest.mark.parametrize(
    "said",
    [
        b"* BYE Too many connections from your address\r\n",
        b"* BYE Request is throttled. Suggested Backoff Time: 50 milliseconds\r\n",
    ],
    ids=["too many", "backoff"],
)
def test_an_imap_server_that_turns_us_away(make: Make, where: str, said: bytes) -> None:
    scene = make(where)
    proxy = scene.proxy
    assert isinstance(proxy, Proxy)
    left = iter(range(3))

    def turn_away(line: bytes) -> bytes:
        if b" ready" in line and next(left, None) is not None:
            return said
        return line

    proxy.on_line = turn_away
    assert scene.run().exit_code == 0
    was_throttled(scene, 3)


def test_a_wrong_password_is_not_waited_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = make("exchange")
    monkeypatch.setenv("EXCHANGE_PASSWORD", "wrong")
    assert scene.run().exit_code == 1
    assert "refuses the sign-in" in (scene.view().error or "")
    assert (scene.conditions, scene.proxy.links) == ([], 1)
