"""Stores with as many mailboxes as wanted, made through the same doors that the program uses."""

from pathlib import Path

from core.batch.load import load
from core.mail.outcome import Counts
from core.status import BatchStatus, MailboxStatus
from core.store.batches import Batches
from core.store.board import Board
from core.store.database import Database

BATCH = "bench"
TOTAL = 1_000_000  # messages in each mailbox

_TOML = """\
name = "bench"

[source]
kind = "imap"
host = "imap.old.example"

[source.admin]
username = "migrator"
password = "env:OLD_ADMIN_PASSWORD"

[destination]
kind = "ews"
url = "https://mail.new.example/EWS/Exchange.asmx"
username = "svc-migration@new.example"
password = "env:EXCHANGE_PASSWORD"
"""


def login(place: int) -> str:
    """Of the mailbox at that place; its number has five digits."""
    return f"m{place:05}@old.example"


def batch_file(folder: Path, mailboxes: int) -> Path:
    """A batch file with so many."""
    entries = (
        f'\n[[mailboxes]]\nsource = "{login(place)}"\ndestination = "m{place:05}@new.example"\n'
        for place in range(mailboxes)
    )
    path = folder / f"{BATCH}.toml"
    path.write_text(_TOML + "".join(entries))
    return path


def made(folder: Path, mailboxes: int) -> Path:
    """A state folder in `folder` whose store has that batch, every third mailbox of it done."""
    state = folder / "state"
    state.mkdir(mode=0o700)
    file = batch_file(folder, mailboxes)
    with Database.open(state) as database:
        Batches(database).add(load(file))
        board = Board(database, BATCH)
        board.batch(status=BatchStatus.STOPPED)
        for place in range(mailboxes):
            mailbox = board.mailbox(login(place))
            if place % 3:
                mailbox.counts(Counts(pending=TOTAL, bytes_total=TOTAL * 30_000))
            else:
                mailbox.set(status=MailboxStatus.SYNCED)
                mailbox.counts(Counts(copied=1000, bytes_total=30_000_000, bytes_copied=30_000_000))
        board.flush()
    return state
