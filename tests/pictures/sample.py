"""Made-up batches in the middle of their work: what the pictures and the console's tests show.

Everything goes into a real store through the same doors that the engine uses. It is the same every time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.batch.load import load
from core.event import Event, EventKind, Level
from core.mail.folder import FolderPath
from core.mail.outcome import Counts
from core.status import BatchStatus, Condition, MailboxStatus, PassKind
from core.store.batches import Batches
from core.store.board import Board, MailboxBoard
from core.store.database import Database
from core.store.events import EventLog
from core.store.lease import Runner

MB = 1024 * 1024
GB = 1024 * MB

#: The moment that all of it is told for.
NOW = datetime(2026, 11, 22, 2, 47, 12, tzinfo=UTC)


class StillClock:
    """A clock that stands at `NOW`, unless it is pushed."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The time of day."""
        return self.moment

    def monotonic(self) -> float:
        """Seconds."""
        return self.moment.timestamp()

    def push(self, seconds: float) -> None:
        """Go on."""
        self.moment += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Person:
    """A mailbox: `share` is how much of it is moved."""

    name: str
    messages: int
    size: int
    share: float
    status: MailboxStatus = MailboxStatus.SYNCING
    condition: Condition | None = None
    wait: int | None = None  # seconds to the end of the condition
    why: str = ""
    error: str | None = None
    rate: float | None = None
    rejected: int = 0

    @property
    def address(self) -> str:
        """At the source."""
        return f"{self.name}@northwind.example"


_S = MailboxStatus
_NO_SIGN_IN = "source refused the sign-in: NO [AUTHENTICATIONFAILED] Invalid credentials; see password of this mailbox"

SALES: Sequence[Person] = (
    Person("anna.lindqvist", 48_211, 9 * GB, 0.43, rate=3.1 * MB),
    Person("b.okafor", 12_870, 2 * GB, 0.91, rate=2.4 * MB),
    Person(
        "carla.mendes",
        30_114,
        5 * GB,
        0.62,
        condition=Condition.THROTTLED,
        wait=42,
        why="destination asked to wait: ErrorServerBusy, BackOffMilliseconds 60000",
    ),
    Person("daniel.ferreira", 8_233, 1_400 * MB, 1.0, _S.SYNCED),
    Person("e.novak", 21_006, 3 * GB, 0.0, _S.FAILED, error=_NO_SIGN_IN),
    Person("fatima.zahra", 66_902, 14 * GB, 0.12, rate=4.7 * MB, rejected=2),
    Person("g.rossi", 4_120, 640 * MB, 0.31, _S.STOPPED, Condition.PAUSED),
    Person("hanna.virtanen", 17_554, 2_900 * MB, 1.0, _S.SYNCED, rejected=1),
    Person("i.petrov", 9_871, 1_800 * MB, 0.77, rate=1.9 * MB),
    Person(
        "joao.silva",
        25_340,
        4 * GB,
        0.55,
        condition=Condition.WAITING_FOR_LINK,
        wait=12,
        why="imap.old.example:993 does not answer: connection reset by peer",
    ),
    Person("k.yamada", 31_008, 6 * GB, 0.28, rate=2.2 * MB),
    Person("lea.dubois", 2_145, 310 * MB, 1.0, _S.SYNCED),
    Person("m.svensson", 14_377, 2_300 * MB, 0.0, _S.VALIDATING),
    *(
        Person(name, 0, 0, 0.0, _S.QUEUED)
        for name in (
            "n.haddad",
            "olga.kim",
            "p.murphy",
            "quentin.blake",
            "rosa.diaz",
            "s.bauer",
            "t.nguyen",
            "uma.rao",
            "v.costa",
            "wei.zhang",
            "x.moreau",
            "yara.cohen",
            "z.kowalski",
        )
    ),
)

PILOT: Sequence[Person] = tuple(
    Person(name, 5_000 + 811 * place, (700 + 90 * place) * MB, 1.0, _S.INCREMENTAL_SYNCED)
    for place, name in enumerate(("it.desk", "it.lead", "it.ops", "it.web"))
)

_FOLDERS = (
    ("INBOX", "Inbox", 0.46),
    ("Sent", "Sent Items", 0.2),
    ("Archive/2024", "Archive/2024", 0.16),
    ("Archive/2025", "Archive/2025", 0.09),
    ("Projects/Bremen", "Projects/Bremen", 0.05),
    ("Drafts", "Drafts", 0.01),
    ("Trash", "Deleted Items", 0.02),
    ("Junk", "Junk Email", 0.01),
)

_TOML = """\
name = "{name}"

[source]
kind = "imap"
host = "imap.old.example"

[source.admin]
username = "migrator"
password = "env:OLD_ADMIN_PASSWORD"

[destination]
kind = "ews"
url = "https://mail.new.example/EWS/Exchange.asmx"
username = "svc-migration@northwind.example"
password = "env:EXCHANGE_PASSWORD"
"""


def batch_file(folder: Path, name: str, people: Sequence[Person]) -> Path:
    """A batch file with these mailboxes."""
    entries = [f'\n[[mailboxes]]\nsource = "{p.address}"\ndestination = "{p.address}"\n' for p in people]
    path = folder / f"{name}.toml"
    path.write_text(_TOML.format(name=name) + "".join(entries), encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class Wave:
    """How sales-wave-2 stands. `ago`: what its log says last, by seconds before `NOW`; none: a minute of all sorts."""

    people: Sequence[Person]
    status: BatchStatus
    condition: Condition | None = None
    wait: int | None = None  # seconds to the end of the condition
    why: str = ""
    runs: bool = True  # this process seems to run it
    ago: Sequence[tuple[int, Level, EventKind, str, str]] = ()  # with the mailbox's name and a text


RUNNING = Wave(SALES, BatchStatus.SYNCING)


@contextmanager
def filled(database: Database, wave: Wave = RUNNING) -> Iterator[None]:
    """The store with the sample in it. While this lasts, this process seems to run what runs."""
    clock = StillClock()
    runner = Runner(database, clock)
    log = EventLog(database)
    batches = Batches(database, clock)
    for name, people in (("hq-pilot", PILOT), ("sales-wave-2", wave.people), ("plant-bremen", PILOT[:3])):
        batches.add(load(batch_file(database.folder, name, people)))
        clock.push(1)
    try:
        with runner.take("batch:sales-wave-2") if wave.runs else nullcontext():
            _show(database, log, wave)
            log.flush()
            yield
    finally:
        runner.close()


def _show(database: Database, log: EventLog, wave: Wave) -> None:
    pilot, sales, plant = (Board(database, name) for name in ("hq-pilot", "sales-wave-2", "plant-bremen"))
    pilot.batch(status=BatchStatus.SYNCED)
    for person in PILOT:
        _mailbox(pilot.mailbox(person.address), person)
    until = None if wave.wait is None else NOW + timedelta(seconds=wave.wait)
    sales.batch(status=wave.status, condition=wave.condition, until=until, why=wave.why)
    for person in wave.people:
        _mailbox(sales.mailbox(person.address), person)
    plant.batch(
        status=BatchStatus.CREATED,
        warning="certificate not verified: anyone in between can read and alter mail, source imap.old.example",
    )
    for event in _told(wave.ago) if wave.ago else _events():
        log.append(event)
    for board in (pilot, sales, plant):
        board.flush()


def _mailbox(board: MailboxBoard, person: Person) -> None:
    done = int(person.messages * person.share)
    counts = Counts(copied=done, pending=person.messages - done, bytes_total=person.size)
    counts.bytes_copied = int(person.size * person.share)
    if done:
        _odd(counts, person)
    board.set(status=person.status, condition=person.condition, why=person.why, error=person.error, rate=person.rate)
    if person.wait is not None:
        board.set(until=NOW + timedelta(seconds=person.wait))
    if person.rate is not None:
        board.set(eta=(counts.bytes_total - counts.bytes_copied) / person.rate)
        board.set(
            activity="copying INBOX, UID 48102 to 48133",
            slow="waits for the destination 84%",
            progressed=NOW - timedelta(seconds=1),
        )
    if done and person.share < 1:
        board.set(
            pass_kind=PassKind.INITIAL, pass_started=NOW - timedelta(minutes=47, seconds=3), pass_new=counts.copied
        )
    if person.share >= 1:
        board.set(synced=NOW - timedelta(minutes=12), pass_kind=PassKind.INITIAL)
    board.counts(counts)
    if person.messages:
        _folders(board, counts)


def _odd(counts: Counts, person: Person) -> None:
    """A few that did not go the usual way."""
    odd = min(counts.copied // 200, 37)
    counts.already_there, counts.skipped, counts.rejected, counts.vanished = odd, odd // 3, person.rejected, odd // 12
    counts.copied -= odd + odd // 3 + person.rejected + odd // 12


def _folders(board: MailboxBoard, counts: Counts) -> None:
    left = Counts() + counts
    for place, (path, destination, share) in enumerate(_FOLDERS):
        part = Counts()
        for name in (
            "copied",
            "already_there",
            "skipped",
            "rejected",
            "vanished",
            "pending",
            "bytes_total",
            "bytes_copied",
        ):
            whole, rest = getattr(counts, name), getattr(left, name)
            number = rest if place == len(_FOLDERS) - 1 else min(-int(-whole * share // 1), rest)
            setattr(part, name, number)
            setattr(left, name, rest - number)
        board.folder(FolderPath.parse(path), destination, part)
    board.folder(
        FolderPath.parse("[Gmail]/All Mail"), "", Counts(), "a view (\\All): what is in it is moved from its folders"
    )


def _told(ago: Sequence[tuple[int, Level, EventKind, str, str]]) -> Iterator[Event]:
    for seconds, level, kind, name, text in ago:
        mailbox = f"{name}@northwind.example" if name else ""
        yield Event(NOW - timedelta(seconds=seconds), level, kind, text, "sales-wave-2", mailbox)


def _events() -> Iterator[Event]:
    """A minute of log."""
    kinds = EventKind
    said = (
        (61, Level.INFO, kinds.BATCH_STARTED, "", "", None, "26 mailboxes"),
        (
            60,
            Level.INFO,
            kinds.MAILBOX_STARTED,
            "anna.lindqvist",
            "",
            None,
            "initial pass to anna.lindqvist@northwind.example",
        ),
        (58, Level.INFO, kinds.MAILBOX_STARTED, "b.okafor", "", None, "initial pass to b.okafor@northwind.example"),
        (57, Level.ERROR, kinds.MAILBOX_FAILED, "e.novak", "", None, _NO_SIGN_IN),
        (44, Level.INFO, kinds.FOLDER_FINISHED, "daniel.ferreira", "Archive/2025", None, "741 copied"),
        (
            43,
            Level.INFO,
            kinds.MAILBOX_FINISHED,
            "daniel.ferreira",
            "",
            None,
            "initial pass done: 8,233 copied, nothing rejected",
        ),
        (
            39,
            Level.WARNING,
            kinds.MESSAGE_REJECTED,
            "fatima.zahra",
            "INBOX",
            20_417,
            "destination refused it: ErrorMessageSizeExceeded, 61 MB",
        ),
        (
            37,
            Level.WARNING,
            kinds.MESSAGE_REJECTED,
            "hanna.virtanen",
            "Archive/2024",
            3_310,
            "destination refused it: ErrorMimeContentInvalid [MIME part 4]",
        ),
        (
            31,
            Level.INFO,
            kinds.FOLDER_RENAMED,
            "k.yamada",
            "Calendar ",
            None,
            'written as "Calendar": Exchange takes no blank at the end',
        ),
        (30, Level.INFO, kinds.FOLDER_FINISHED, "lea.dubois", "INBOX", None, "987 copied, 2 already there"),
        (
            24,
            Level.INFO,
            kinds.MAILBOX_FINISHED,
            "lea.dubois",
            "",
            None,
            "initial pass done: 2,145 copied, nothing rejected",
        ),
        (20, Level.INFO, kinds.MAILBOX_PAUSED, "g.rossi", "", None, "paused"),
        (
            18,
            Level.WARNING,
            kinds.MAILBOX_THROTTLED,
            "carla.mendes",
            "",
            None,
            "destination asked to wait: ErrorServerBusy, BackOffMilliseconds 60000; next try in 1 minute",
        ),
        (11, Level.INFO, kinds.FOLDER_FINISHED, "i.petrov", "Sent", None, "1,974 copied"),
        (
            9,
            Level.WARNING,
            kinds.MESSAGE_IN_DOUBT,
            "joao.silva",
            "INBOX",
            7_781,
            "sent, but the answer was lost; it is looked up before anything is sent again",
        ),
        (
            8,
            Level.WARNING,
            kinds.MAILBOX_WAITING_FOR_LINK,
            "joao.silva",
            "",
            None,
            "imap.old.example:993 does not answer: connection reset by peer; next try in 20 seconds",
        ),
        (5, Level.INFO, kinds.FOLDER_CREATED, "fatima.zahra", "Projects/Bremen", None, "created Projects/Bremen"),
        (2, Level.INFO, kinds.FOLDER_FINISHED, "b.okafor", "Archive/2024", None, "2,059 copied"),
    )
    for ago, level, kind, name, folder, uid, text in said:
        mailbox = f"{name}@northwind.example" if name else ""
        yield Event(NOW - timedelta(seconds=ago), level, kind, text, "sales-wave-2", mailbox, folder, uid)
