"""Servers that ask for time in a real run: obeyed, shown, and counted against no message."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.event import EventKind
from tests.contract.scene import Scene, opened
from tests.sandbox.outcomes import Busy, Http, Outcome
from tests.servers.proxy import CutError, Proxy

Make = Callable[..., Scene]


@pytest.fixture
def make(request: pytest.FixtureRequest, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    open_now: list[Any] = []

    def made(where: str, **shape: Any) -> Scene:
        open_now.append(opened(Scene(where, request, user, tmp_path, tls=False, **shape), monkeypatch))
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


@pytest.mark.parametrize("operation", ["CreateItem", "FindFolder"])
def test_a_throttle_without_end_is_given_up(make: Make, operation: str) -> None:
    scene = make("exchange")
    scene.exchange.next(operation, Busy(back_off_ms=50), times=None)
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


def test_a_server_that_lets_a_user_in_once(make: Make) -> None:
    """Dovecot itself says so here: somebody else is signed in."""
    scene = make("imap", extra="protocol imap {\n  mail_max_userip_connections = 1\n}\n")
    turned_away = threading.Event()
    scene.on[EventKind.MAILBOX_THROTTLED] = turned_away.set
    with scene.other.client(f"{scene.user}-new"):
        run = scene.start()
        assert turned_away.wait(20)
    assert run.join(50)
    assert run.exit_code == 0
    scene.each_is_there_once()
    assert "mail_max_userip_connections=1" in throttles(scene)[0]
    assert set(scene.conditions) == {"throttled"}


def test_an_imap_server_that_asks_for_time_in_the_middle(make: Make) -> None:
    """As Exchange Online does: it says how long, and hangs up."""
    scene = make("imap", without=("LITERAL+",))
    proxy = scene.proxy
    assert isinstance(proxy, Proxy)
    appends = itertools.count(1)

    def go_ahead(line: bytes) -> bytes:
        if line.startswith(b"+ OK") and next(appends) in {1, 20, 45}:
            proxy.on_line = hang_up
            tag = proxy.sent.splitlines()[-1].split()[0]
            return bytes(tag) + b" BAD Request is throttled. Suggested Backoff Time: 150 milliseconds\r\n"
        return line

    def hang_up(line: bytes) -> bytes:
        proxy.on_line = go_ahead
        raise CutError

    proxy.on_line = go_ahead
    assert scene.run().exit_code == 0
    scene.each_is_there_once()
    assert len(throttles(scene)) == 3
    assert all("Suggested Backoff Time: 150 milliseconds" in said for said in throttles(scene))
    assert None not in [shown["until"] for shown in scene.shown if shown["condition"] == "throttled"]


def test_a_source_that_asks_for_time_in_the_middle(make: Make) -> None:
    scene = make("source")
    proxy = scene.proxy
    assert isinstance(proxy, Proxy)
    answers = itertools.count(1)

    def turn_away(line: bytes) -> bytes:
        if b"OK Fetch completed" in line and next(answers) == 3:
            return b"* BYE [OVERQUOTA] Account exceeded command or bandwidth limits.\r\n"
        return line

    proxy.on_line = turn_away
    assert scene.run().exit_code == 0
    was_throttled(scene, 1)


def test_a_wrong_password_is_not_waited_for(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = make("exchange")
    monkeypatch.setenv("EXCHANGE_PASSWORD", "wrong")
    assert scene.run().exit_code == 1
    assert "refuses the sign-in" in (scene.view().error or "")
    assert (scene.conditions, scene.proxy.links) == ([], 1)
