"""An answer that never came: the message is looked up, and is there once in the end, whatever others do meanwhile.

Many of these messages are real duplicates, byte for byte, of one date and in one folder: they stay as many.
"""

import itertools
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.event import EventKind
from core.exchange.destination import ExchangeDestination
from core.imap.destination import ImapDestination
from core.ports.destination import DestinationFolder, Outgoing, Written
from tests.contract.scene import Scene, opened
from tests.sandbox.outcomes import Fewer
from tests.sandbox.script import Rule
from tests.servers import mail
from tests.servers.faults import Faults, Reset, Way
from tests.servers.mail import WHEN, Record, quoted, sure
from tests.servers.proxy import Proxy


def text(number: int) -> bytes:
    return b"Message-ID: <%d@example.org>\r\nSubject: %d\r\n\r\n" % (number, number) + b"some text\r\n" * 100


#: In two folders, so that one is there before the other is sent. Of every third there are four.
MESSAGES = [
    (folder, text(number))
    for folder, first in (("INBOX", 100), ("Later", 200))
    for copy in range(4)
    for number in range(first, first + 12)
    if copy == 0 or number % 3 == 0
]
LATER = [data for folder, data in MESSAGES if folder == "Later"]

Turn = Callable[[], object]
Bad = Callable[..., None]


@pytest.fixture(params=["imap", "plain", "exchange"])
def scene(
    request: pytest.FixtureRequest, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    """Both kinds of destination, and one that does not say what messages became; one request at a time."""
    monkeypatch.setattr("core.exchange.pace._MOST", 20)
    made = Scene(request.param, request, user, tmp_path, tls=False, messages=MESSAGES)
    with opened(made, monkeypatch) as scene:
        yield scene


class Others:
    """Other people in the destination's mailbox, past the program and its link."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def deliver(self, *messages: bytes) -> None:
        """The same messages come from elsewhere, with the same date, to the folder that is written to second."""
        if self._scene.where == "exchange":
            mailbox = self._scene.exchange.mailbox(f"{self._scene.user}@new.example")
            for data in messages:
                mailbox.put("Later", data, received=WHEN)
            return
        with self._scene.other.client(f"{self._scene.user}-new") as client:
            mail.load(client, [Record(data, "Later") for data in messages])

    def delete(self, *messages: bytes) -> None:
        """All that are like these go from the first folder, for good."""
        if self._scene.where == "exchange":
            mailbox = self._scene.exchange.mailbox(f"{self._scene.user}@new.example")
            for item in mailbox.items("inbox"):
                if item.mime in messages:
                    mailbox.delete(item.id)
            return
        with self._scene.other.client(f"{self._scene.user}-new") as client:
            records = [record for record in mail.read(client) if record.folder == "INBOX" and record.data in messages]
            sure(client.select(quoted("INBOX")))
            for record in records:
                sure(client.uid("STORE", str(record.uid), "+FLAGS.SILENT", r"(\Deleted)"))
            sure(client.expunge())

    def file(self, number: int) -> None:
        """So many go from the second folder to one that is made for them."""
        mailbox = self._scene.exchange.mailbox(f"{self._scene.user}@new.example")
        mailbox.make_folder("Filed")
        for item in mailbox.items("Later")[:number]:
            mailbox.move(item.id, "Filed")


@pytest.fixture
def others(scene: Scene) -> Others:
    return Others(scene)


def sent() -> Counter[bytes]:
    """What is at the source."""
    return Counter(data for _, data in MESSAGES)


def items(scene: Scene) -> list[str]:
    """What the ledger calls the messages at the destination."""
    with scene.database.reading() as connection:
        return list(connection.exec_driver_sql("SELECT item FROM message WHERE item IS NOT NULL").scalars())


def listen(scene: Scene, change: Callable[[bytes], bytes]) -> None:
    """Change what the server says, line by line."""
    assert isinstance(scene.proxy, Proxy)
    said = scene.proxy.on_line
    scene.proxy.on_line = lambda line: change(said(line))


def settled(scene: Scene) -> Counter[str]:
    """How what was in doubt ended, each message once."""
    found = [event for event in scene.events if event.kind is EventKind.MESSAGE_SETTLED]
    assert len({(event.folder, event.uid) for event in found}) == len(found)
    return Counter(event.text.partition(":")[0] for event in found)


def requested(scene: Scene) -> int:
    """How many messages the first request to the second folder carries."""
    return 20 if scene.where == "exchange" else len(LATER)


@pytest.fixture
def before_later(monkeypatch: pytest.MonkeyPatch) -> Callable[[Turn], None]:
    """What happens when intents are durable, and the first message to the second folder is about to leave."""
    turns: list[Turn] = []

    def watched(kind: type[ImapDestination] | type[ExchangeDestination]) -> None:
        plain = kind.write

        def write(self: Any, folder: DestinationFolder, batch: Sequence[Outgoing]) -> Sequence[Written]:
            if turns and str(folder.path) == "Later":
                turns.pop()()
            return plain(self, folder, batch)

        monkeypatch.setattr(kind, "write", write)

    watched(ImapDestination)
    watched(ExchangeDestination)
    return turns.append


def _nothing() -> None:
    return


@pytest.fixture
def bad(scene: Scene, before_later: Callable[[Turn], None]) -> Bad:
    """From the second folder on the link has these faults; when the program has given it up, it is a good one again."""

    def go_bad(faults: Faults, *, first: Turn = _nothing, meanwhile: Turn = _nothing) -> None:
        def begin() -> None:
            first()
            scene.proxy.faults = faults

        def heal() -> None:
            meanwhile()
            scene.proxy.heal()

        before_later(begin)
        scene.on[EventKind.MAILBOX_WAITING_FOR_LINK] = heal

    return go_bad


def run(scene: Scene, settle: str = "0.4s") -> None:
    """To its end, without any fault of ours."""
    ended = scene.run(settle=settle)
    assert (ended.exit_code, ended.faults) == (0, [])


def test_stored_seconds_after_the_connection_broke(scene: Scene, bad: Bad) -> None:
    bad(Faults(held=frozenset({Way.UP}), late=0.6))
    run(scene, settle="3s")
    scene.each_is_there_once()
    assert settled(scene) == {"was stored after all": requested(scene)}


def test_never_stored(scene: Scene, bad: Bad) -> None:
    bad(Faults(held=frozenset({Way.UP})))
    run(scene)
    scene.each_is_there_once()
    assert settled(scene) == {"was not stored": requested(scene)}


def test_answers_that_never_come(scene: Scene, bad: Bad) -> None:
    bad(Faults(held=frozenset({Way.DOWN})))
    run(scene)
    scene.each_is_there_once()
    assert settled(scene) == {"was stored after all": requested(scene)}


#: Bytes of a request, or of its answers, that are about the half.
HALF = {
    ("exchange", Way.UP): 20_000,
    ("exchange", Way.DOWN): 2_000,
    ("imap", Way.UP): 12_000,
    ("imap", Way.DOWN): 40,
    ("plain", Way.UP): 12_000,
    ("plain", Way.DOWN): 900,
    ("deflated", Way.UP): 400,
    ("deflated", Way.DOWN): 40,
}


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("scene", ["imap", "plain", "deflated", "exchange"], indirect=True)
def test_cut_off_in_the_middle_of_a_request_or_its_answers(
    scene: Scene, bad: Bad, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "core.imap")
    bad(Faults(reset=Reset(way, HALF[scene.where, way], times=1)))
    run(scene)
    scene.each_is_there_once()
    assert scene.proxy.resets == 1
    assert ("connection is compressed" in caplog.text) is (scene.where == "deflated")
    if way is Way.DOWN:
        assert settled(scene)["was stored after all"] > requested(scene) // 2
    elif scene.where in {"plain", "deflated"}:
        assert settled(scene).keys() == {"was stored after all", "was not stored"}
    else:  # nothing was stored before all had been heard
        assert settled(scene) == {"was not stored": requested(scene)}


def test_fewer_answers_than_messages(scene: Scene, bad: Bad) -> None:
    if scene.where == "exchange":
        scene.exchange.script(Rule((Fewer(3),), "CreateItem", after=2))
    else:
        answers = itertools.count()
        enough = len(MESSAGES) - 3 if scene.where == "plain" else 1  # one for each folder

        def swallow_the_last(line: bytes) -> bytes:
            last = b"Append completed" in line and next(answers) >= enough
            return b"" if last else line

        listen(scene, swallow_the_last)
        bad(Faults())
    run(scene)
    scene.each_is_there_once()
    assert settled(scene) == {"was stored after all": requested(scene)}


@pytest.mark.parametrize("argument", [b"%d %d:%d", b"%d %d,%d", b"%d *"], ids=["a range", "a list", "no number"])
@pytest.mark.parametrize("scene", ["apart"], indirect=True)
def test_an_appenduid_that_is_not_one_number(scene: Scene, argument: bytes) -> None:
    """It was stored, for sure; as what, is looked up."""

    def garble(line: bytes) -> bytes:
        found = re.search(rb"APPENDUID (\d+) (\d+)", line)
        if found is None:
            return line
        validity, uid = map(int, found.groups())
        numbers = (validity, uid, uid + 1)[: argument.count(b"%d")]
        return line.replace(found[0], b"APPENDUID " + argument % numbers)

    listen(scene, garble)
    run(scene)
    scene.each_is_there_once()
    assert settled(scene) == {}
    assert len(items(scene)) == len(MESSAGES)


@pytest.mark.parametrize("scene", ["apart"], indirect=True)
def test_of_twins_the_server_names_one(scene: Scene) -> None:
    """The other is not taken for it, though both come with one request."""
    numbers = itertools.cycle(range(len(LATER)))

    def leave_the_last_unnamed(line: bytes) -> bytes:
        found = re.search(rb"\[APPENDUID \d+ \d+\] ", line)
        return line if found is None or next(numbers) < len(LATER) // 2 else line.replace(found[0], b"")

    listen(scene, leave_the_last_unnamed)
    run(scene)
    scene.each_is_there_once()
    assert len(items(scene)) == len(set(items(scene))) == len(MESSAGES)


@pytest.mark.parametrize("scene", ["imap"], indirect=True)
@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (rb"OK \[APPENDUID [^\]]*\]", b"NO"),
        (rb"(APPENDUID \d+ \d+):\d+", rb"\1"),
        (rb"(APPENDUID \d+ \d+:\d+)", rb"\1,999"),
    ],
    ids=["refused", "too few", "too many"],
)
def test_many_sent_together_are_stored_and_the_server_says_otherwise(scene: Scene, was: bytes, becomes: bytes) -> None:
    """It has answered: what is there is found at once, and nothing waits until it is settled."""
    answers = itertools.count()
    listen(scene, lambda line: line if b"Append completed" not in line or next(answers) else re.sub(was, becomes, line))
    run(scene, settle="1h")
    scene.each_is_there_once()
    assert settled(scene) == {}
    assert len(items(scene)) == len(set(items(scene))) == len(MESSAGES)
    assert isinstance(scene.proxy, Proxy)
    # After a refusal the next ones go apart.
    assert len(scene.proxy.commands(b"APPEND")) == 1 + (len(LATER) if becomes == b"NO" else 1)


def test_what_the_server_does_not_name_is_found_at_once(scene: Scene) -> None:
    """Batch by batch, each its own: flags can be carried, and nothing is left for others to take."""
    run(scene)
    scene.each_is_there_once()
    assert settled(scene) == {}
    assert len(items(scene)) == len(set(items(scene))) == len(MESSAGES)


def test_others_bring_and_delete_the_same_messages_meanwhile(scene: Scene, bad: Bad, others: Others) -> None:
    """Some come before ours, but behind the mark; some while we wait for answers."""
    brought, gone = [LATER[:5], LATER[3:9]], [text(101), text(103)]

    def some_come_and_go() -> None:
        others.deliver(*brought[1])
        others.delete(*gone)

    bad(Faults(held=frozenset({Way.DOWN})), first=lambda: others.deliver(*brought[0]), meanwhile=some_come_and_go)
    run(scene)
    scene.each_is_copied()
    assert scene.there() == sent() - Counter(gone) + Counter(brought[0] + brought[1])
    assert settled(scene) == {"was stored after all": requested(scene)}


def test_another_brings_what_we_could_not(scene: Scene, bad: Bad, others: Others) -> None:
    """Without keys it cannot be told from ours: then it is taken for it, and there once. It is never lost."""
    bad(Faults(held=frozenset({Way.UP})), meanwhile=lambda: others.deliver(*LATER[:9]))
    run(scene)
    scene.each_is_copied()
    assert scene.there() == sent() + (Counter(LATER[:9]) if scene.where == "exchange" else Counter())


@pytest.mark.parametrize("scene", ["exchange"], indirect=True)
def test_a_user_files_what_is_in_doubt(scene: Scene, bad: Bad, others: Others) -> None:
    """Its key finds it, in whichever folder; over IMAP nothing does."""
    bad(Faults(held=frozenset({Way.DOWN})), meanwhile=lambda: others.file(7))
    run(scene)
    scene.each_is_there_once()
    assert settled(scene) == {"was stored after all": requested(scene)}
