"""What real IMAP servers refuse in a real run: the others arrive, and the mailbox says what was the matter."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.event import EventKind
from tests.contract.scene import Scene, opened
from tests.servers.mail import sure

LARGE = ("INBOX", b"Message-ID: <large@example.org>\r\nSubject: large\r\n\r\n" + b"some text\r\n" * 60_000)
SMALL = [
    ("INBOX", b"Message-ID: <%d@example.org>\r\nSubject: %d\r\n\r\n" % (number, number) + b"some text\r\n" * 100)
    for number in range(30)
]
Make = Callable[..., Scene]


@pytest.fixture
def make(request: pytest.FixtureRequest, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    contexts: list[Any] = []

    def made(messages: list[tuple[str, bytes]], **shape: Any) -> Scene:
        scene = Scene("imap", request, user, tmp_path, tls=False, messages=messages, **shape)
        contexts.append(opened(scene, monkeypatch))
        contexts[-1].__enter__()
        return scene

    yield made
    for context in contexts:
        context.__exit__(None, None, None)


def test_a_full_mailbox_is_blocked_with_the_cure_and_goes_on_when_there_is_room(make: Make) -> None:
    scene = make(SMALL, quota="20k")
    for _ in range(2):
        assert scene.run().exit_code == 1
        view = scene.view()
        assert (view.status.value, view.condition) == ("Failed", "quota")
        assert "the mailbox is full ([OVERQUOTA] Quota exceeded" in (view.error or "")
        assert "raise its quota" in (view.error or "")
        assert (view.counts.rejected, view.counts.copied + view.counts.pending) == (0, 30)
        assert 0 < view.counts.copied == scene.there().total() < 30
    stored = scene.there()
    with scene.other.client(f"{scene.user}-new") as client:
        sure(client.select())
        sure(client.store("1:*", "+FLAGS.SILENT", "\\Deleted"))
        sure(client.expunge())
    scene.run()
    assert scene.view().counts.copied > stored.total()
    assert not scene.there() & stored, "what was deleted there is not sent again"


def test_what_is_above_the_server_s_limit_is_known_before_it_is_sent(make: Make) -> None:
    scene = make([*SMALL, LARGE], offers=("APPENDLIMIT=500000",))
    assert scene.run().exit_code == 1
    assert scene.there().total() == 30
    assert scene.view().counts.rejected == 1
    (said,) = [event.text for event in scene.events if event.kind is EventKind.MESSAGE_REJECTED]
    assert said == "644.6 KB is more than the destination takes (488.3 KB)"
