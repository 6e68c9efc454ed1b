"""Killed at every step, one run after the other, and then run to the end: each message is there exactly once."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.points import KINDS
from tests.crash.victims import Ended, Victims
from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record, folders, quoted, subscribed, sure
from tests.system import old_user
from tests.system.letters import letter, letters
from tests.system.program import Migrated, Program
from tests.system.sides import Destination, Exchange, Imap, at_source, places

#: Points of a run, and at which hit to kill it there; those that a kind of destination has not are left out.
Kills = Sequence[tuple[str, int]]

FOLDERS = ("INBOX", "Sent", "A", "B", "C", "D")


def durable(name: str, *hits: int) -> Kills:
    """The points around one kind of write to the store. Not committed is as good as not begun: once will do."""
    hits = hits or (1,)
    return [
        *[(f"{name}: not begun", hit) for hit in hits],
        (f"{name}: not committed", hits[0]),
        *[(f"{name}: committed", hit) for hit in hits],
    ]


def around(name: str, *hits: int) -> Kills:
    return [(f"{when} {name}", hit) for when in ("before", "after") for hit in hits or (1,)]


def sent(name: str, *hits: int) -> Kills:
    return [(f"{name}: {part} sent", hit) for part in ("one byte", "half", "all") for hit in hits or (1,)]


BEGINNING: Kills = [
    ("store: tables not made", 1),
    ("store: tables not committed", 1),
    *around("the batch's lease"),
    ("batch noted", 1),
    *around("the pair's lease"),
    ("signed in at the source", 1),
    ("signed in at the destination", 1),
    ("destination's folders listed", 1),
    *around("the plan"),
    ("source folder opened", 2),
    *durable("new folder"),
    *around("making a folder"),
    ("folder made", 1),
    *durable("folder's place"),
    ("UIDs listed", 3),
    *durable("new messages"),
    *around("the search for what was there"),
    ("what was there: read", 2),
    ("adopted, not recorded", 1),
    ("adopted, recorded", 1),
    *around("the fetch of messages"),
    ("messages handed over", 1),
    *durable("adoption's end"),
    *durable("baseline", 2),
    *durable("end of the pass"),
    *around("the lease's release"),
]
#: Each run has new messages in six folders, and so six requests.
COPYING: Kills = [
    *durable("intent", 1, 3, 6),
    ("mark taken", 2),
    *sent("request", 1, 3, 6),
    ("one answer read", 4),
    ("answer not read", 2),
    ("answer came", 1),
    ("answer came", 3),
    ("answer came", 6),
    *durable("result", 1, 3, 6),
]
DOUBT: Kills = [
    ("request: half sent", 1),
    ("request: all sent", 2),
    *durable("doubt: when it ended"),
    *around("doubt: looking it up"),
    ("doubt: found, not recorded", 1),
    ("doubt: found, recorded", 1),
    ("request: half sent", 1),
    ("doubt: settling", 1),
    *durable("doubt: absent"),
]
FLAGS: Kills = [
    *around("changing flags", 1, 2),
    *sent("flags", 2),
    *durable("flags"),
]
RENAMES: Kills = [
    *durable("rename intended"),
    *around("renaming a folder"),
    *[("probing for a rename", hit) for hit in range(1, 8)],
    ("folder moved, not yet renamed", 1),
    *around("subscribing a renamed folder"),
    *durable("rename followed"),
    ("renamed folder: not recorded", 1),
    ("renamed folder: recorded without its place", 1),
    ("renamed folder: recorded", 1),
]
MOVES: Kills = [
    *durable("gone messages"),
    *around("moving a copy"),
    *sent("MOVE"),
    *around("copying"),
    *around("expunging"),
    ("copied, marked as deleted", 1),
    ("copied, marked as deleted", 2),
    ("moved copy: not recorded", 2),
    ("moved copy: recorded", 2),
]
FORMS: Kills = [
    ("refused: form chosen", 1),
    *around("keeping an original"),
    ("original: named, not on the disk", 1),
    *durable("intent for another form"),
    ("request: half sent", 2),
    ("answer came", 2),
    *durable("result of another form"),
]
RENUMBERED: Kills = [
    ("old folder: messages gone, still current", 1),
    ("old folder: retired", 1),
    ("new folder: committed", 1),
    ("folder's place: committed", 1),
    ("result: not begun", 1),
    ("result: committed", 1),
]


def subscribe(source: Dovecot, user: str) -> None:
    """The user subscribes all folders but INBOX."""
    with source.client(user) as client:
        for name in folders(client).keys() - {"INBOX"}:
            sure(client.subscribe(quoted(name)))


def test_every_point_is_in_a_scenario() -> None:
    scenarios = (BEGINNING, COPYING, DOUBT, FLAGS, RENAMES, MOVES, FORMS, RENUMBERED)
    named = {name for kills in scenarios for name, _ in kills}
    assert named == {name for points in KINDS.values() for name in points}


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    with Victims() as victims:
        yield victims


@dataclass(frozen=True, slots=True)
class Stage:
    """One mailbox, moved again and again."""

    victims: Victims
    program: Program
    source: Dovecot
    destination: Destination
    kind: str
    user: str
    file: Path

    def load(self, *records: Record) -> None:
        self.source.load(self.user, records)

    def load_all(self, name: str) -> None:
        """One message for each folder."""
        self.load(*[letter(f"{name} in {folder}", folder=folder) for folder in FOLDERS])

    def kill(self, point: str, hit: int) -> None:
        """See a run die at that point, if this kind of destination has it."""
        if point in KINDS[self.kind]:
            ended = self._run(point, hit)
            assert ended.status == -9, f"{point} ({hit}) did not come, {ended.status}: {ended.said[-4000:]}"
            assert ended.came_to(point, hit), ended.said[-4000:]

    def run(self) -> Migrated:
        """Run to the end: nothing is left open, and the counts add up."""
        migrated = self._run(None, 1).migrated()
        assert set(migrated.counts()) <= {"copied", "already_there", "source_gone"}
        return migrated

    def check(self, there: Counter[tuple[str, bytes]] | None = None) -> None:
        """Everything is there once, with its flags."""
        found = self.destination.read(self.user)
        assert places(found) == (at_source(self.source, self.user) if there is None else there)
        flags = {(one.data, one.seen, one.flagged) for one in found}
        read = self.source.read(self.user)
        assert flags >= {(one.data, "\\Seen" in one.flags, "\\Flagged" in one.flags) for one in read}
        if isinstance(self.destination, Imap):
            with self.source.client(self.user) as old, self.destination.server.client(f"{self.user}-new") as new:
                assert subscribed(new) >= subscribed(old) & set(folders(old))

    def _run(self, point: str | None, hit: int) -> Ended:
        return self.victims.run(
            ["run", self.file, "--json"],
            self.program.folder / "output",
            self.program.environment,
            kind=self.kind,
            point=point,
            hit=hit,
        )


@pytest.fixture(params=["ews", "imap"])
def stage(
    request: pytest.FixtureRequest,
    victims: Victims,
    tmp_path: Path,
    dovecot: Dovecot,
    make_dovecot: Callable[..., Dovecot],
    user: str,
) -> Stage:
    kind: str = request.param
    destination: Destination
    if kind == "ews":
        destination = Exchange(request.getfixturevalue("practice_exchange"))
    else:
        without = ("MOVE",) if kind == "imap without MOVE" else ()
        destination = Imap(make_dovecot(fsync="optimized", without=without))
    return set_up(victims, tmp_path, dovecot, destination, kind, user)


@pytest.fixture(params=["ews", "imap"])
def strict_stage(
    request: pytest.FixtureRequest, victims: Victims, tmp_path: Path, dovecot: Dovecot, user: str
) -> Stage:
    """With a destination that refuses messages for their form."""
    destination: Destination
    if request.param == "ews":
        exchange = request.getfixturevalue("practice_exchange")
        exchange.strict = True
        destination = Exchange(exchange)
    else:
        destination = Imap(request.getfixturevalue("cyrus"))
    return set_up(victims, tmp_path, dovecot, destination, request.param, user)


def set_up(victims: Victims, folder: Path, source: Dovecot, destination: Destination, kind: str, user: str) -> Stage:
    program = Program(folder)
    batch = destination.batch(source, user)
    batch["options"] = {"settle": "1s"}
    return Stage(victims, program, source, destination, kind, user, program.batch(batch))


def test_from_the_beginning_to_the_end(stage: Stage) -> None:
    # Some of it is there from before, as far as a ledger that was lost knew.
    stage.load(*letters(4, name="before"), *letters(3, "Before", name="before"))
    stage.run()
    stage.program.state.rename(stage.program.folder / "lost")
    stage.load_all("new")
    stage.load(*letters(2, "A/Below/Deep"), *letters(2, "Empty/Full"), letter("e", folder="E"), letter("f", folder="F"))
    for point, hit in BEGINNING:
        stage.kill(point, hit)
    stage.run()
    stage.check()
    assert stage.destination.sent(stage.user) == 7 + len(FOLDERS) + 6


def test_while_messages_are_copied(stage: Stage) -> None:
    stage.load_all("first")
    stage.run()
    stage.load(*letters(90, name="many"))  # over EWS several requests: results and the next intents are one commit
    for number, (point, hit) in enumerate(COPYING):
        stage.load_all(f"letter {number}")
        stage.kill(point, hit)
    last = stage.run()
    stage.check()
    count = len(FOLDERS) * (len(COPYING) + 1) + 90
    assert last.counts() == {"copied": count}
    assert stage.destination.sent(stage.user) == count


def test_while_doubt_is_settled(stage: Stage) -> None:
    stage.load_all("first")
    stage.run()
    stage.load_all("second")
    for point, hit in DOUBT:
        stage.kill(point, hit)
    stage.run()
    stage.check()
    assert stage.destination.sent(stage.user) == 2 * len(FOLDERS)


def test_while_flags_change(stage: Stage) -> None:
    mail = letters(12)
    stage.load(*mail)
    stage.run()
    for number, record in enumerate(mail):
        old_user.flag(stage.source, stage.user, record, r"+FLAGS (\Seen)" if number % 2 else r"+FLAGS (\Flagged)")
    for point, hit in FLAGS:
        stage.kill(point, hit)
    last = stage.run()
    stage.check()
    assert last.counts() == {"copied": 12}
    assert stage.destination.sent(stage.user) == 12


def test_while_folders_are_renamed(stage: Stage) -> None:
    """Each becomes a folder below another, and takes one below itself along."""
    names = [f"Folder {number}" for number in range(len(RENAMES))]
    for name in names:
        stage.load(letter(name, folder=name), letter(f"below {name}", folder=f"{name}/Below"))
    stage.load(letter("above", folder="Above"))
    stage.run()
    for name in names:
        old_user.rename(stage.source, stage.user, name, f"Above/New {name}")
    subscribe(stage.source, stage.user)  # as a mail client does; a server leaves it at the old name
    stage.load(letter("new", folder="Above/New Folder 0"))
    for point, hit in RENAMES:
        stage.kill(point, hit)
    last = stage.run()
    stage.check()
    assert last.counts() == {"copied": 2 * len(names) + 2}
    assert stage.destination.sent(stage.user) == 2 * len(names) + 2
    assert stage.destination.folders(stage.user) >= {
        f"Above/New {name}{below}" for name in names for below in ("", "/Below")
    }
    assert [name for name in stage.destination.folders(stage.user) if name.startswith(("Folder", "mailcutover"))] == []


@pytest.mark.parametrize("stage", ["ews", "imap", "imap without MOVE"], indirect=True)
def test_while_copies_are_moved(stage: Stage) -> None:
    """Several at a time, of different folders, and each flagged when it was moved."""
    mail = [letter(f"moved {number}", folder=folder) for number in range(len(MOVES)) for folder in ("INBOX", "A")]
    stage.load(*mail, letter("done", folder="Done"))
    stage.run()
    for record in mail:
        old_user.flag(stage.source, stage.user, record, r"+FLAGS (\Flagged)")
        old_user.move(stage.source, stage.user, record, "Done")
    for point, hit in MOVES:
        stage.kill(point, hit)
    last = stage.run()
    stage.check()
    assert last.counts() == {"copied": len(mail) + 1, "already_there": len(mail), "source_gone": len(mail)}


def test_while_messages_are_sent_in_another_form(strict_stage: Stage) -> None:
    stage = strict_stage
    headless = [Record(b"Dear Ann, %d\r\n" % number) for number in range(len(FORMS) + 1)]
    stage.load(letter("good"), headless.pop())
    stage.run()
    for record, (point, hit) in zip(headless, FORMS, strict=True):
        stage.load(record)
        stage.kill(point, hit)
    last = stage.run()
    mended = Counter(b"\r\n" + record.data for record in stage.source.read(stage.user) if b"Dear" in record.data)
    arrived = Counter(found.data for found in stage.destination.read(stage.user))
    assert arrived == mended + Counter([letter("good").data])
    assert last.counts() == {"copied": len(FORMS) + 2}
    altered = last.status["mailboxes"][0]["altered"]
    assert (altered["repaired"], altered["wrapped"]) == (len(FORMS) + 1, 0)
    originals = Counter(Path(one["original"]).read_bytes() for one in altered["messages"])
    assert originals == Counter(data.removeprefix(b"\r\n") for data in mended)


def test_while_a_folder_is_known_again(stage: Stage) -> None:
    """It was made anew: its messages have other UIDs, and some are new."""
    mail = letters(5, "Anew")
    stage.load(*mail)
    stage.run()
    old_user.make_anew(stage.source, stage.user, "Anew")
    stage.load(letter("new", folder="Anew"))
    for point, hit in RENUMBERED:
        stage.kill(point, hit)
    last = stage.run()
    stage.check()
    assert last.counts() == {"copied": 6, "already_there": 5, "source_gone": 5}
    assert stage.destination.sent(stage.user) == 6
