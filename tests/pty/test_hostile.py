"""Foreign text reaches the terminal as text, whatever it says to it."""

from pathlib import Path

from core.event import Event, EventKind, Level
from core.mail.folder import FolderPath
from core.mail.outcome import Counts
from core.status import MailboxStatus
from core.store.board import Board
from core.store.database import Database
from core.store.events import EventLog
from tests.pictures.sample import NOW
from tests.pty.terminal import Terminal
from tests.tui.hostile import HOSTILE

#: What only such a text would make the console write: titles, clipboard, C1, device control, bidi, a bell.
NEVER = (
    "\x1b]",
    "\x1bP",
    "\x1b_",
    "\x1b[31mRED",
    "\x9b",
    "\x9d",
    "\x9c",
    "\u202e",
    "\u2066",
    "\x07",
    "\x00",
    "\x08",
    "\x7f",
)


def test_no_byte_of_a_terminal_command_passes(state: Path) -> None:
    with Database.open(state) as database:
        board, log = Board(database, "sales-wave-2"), EventLog(database)
        anna = board.mailbox("anna.lindqvist@northwind.example")
        anna.set(activity=HOSTILE[7], why=HOSTILE[8], error=HOSTILE[9])
        novak = board.mailbox("e.novak@northwind.example")
        novak.set(status=MailboxStatus.FAILED, error=HOSTILE[10])
        for number, text in enumerate(HOSTILE):
            anna.folder(FolderPath.of(f"{number}", text), text, Counts(copied=number), text)
            log.append(Event(NOW, Level.ERROR, EventKind.LIBRARY, text, "sales-wave-2", anna.source, text, number))
        board.flush()
        log.flush()
    with Terminal.console(state, columns=200, rows=60) as terminal:
        terminal.shows("[AUTHENTICATIONFAILED] bad")
        terminal.shows("3/[Gmail]")
        terminal.shows("]52;c;cm0gLXJm")  # it is there, and it is text
        terminal.press("23jjjjj4kkkz")
        terminal.press("q")
        assert terminal.end() == 0
        seen = terminal.output.decode()
        for command in NEVER:
            assert command not in seen, repr(command)
