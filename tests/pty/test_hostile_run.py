"""A source whose every word means harm: what runs print of it, on a terminal and as JSON, is text."""

import sys
from base64 import b64encode
from pathlib import Path

import pytest
import tomli_w

from tests.pty.terminal import Terminal
from tests.pty.test_hostile import NEVER
from tests.sandbox.outcomes import ItemError
from tests.sandbox.server import PracticeExchange
from tests.servers.scripted import Answer, Scripted

EVIL = b"\x1b]0;retitled\x07\x9b2J\x1b[31mRED [/red] \xe2\x80\xaegnp\x08\x7f"
FORGED = b"\x1bP1\x1b\\ forged"
SUBJECT = b"Subject: \x1b]52;c;cm0gLXJm\x1b\\ \x9d0;x\x9c\r\nFrom: a@b.example\r\n\r\n\x1b[2J\r\n"
ADDRESS = "ann@new.example"
#: No control character, which a batch file refuses, but all that turns text round.
LOGIN = "ann\u202egnp\u2066"
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("run", "BATCH"),
    ("run", "BATCH", "--json"),
    ("status", "evil"),
    ("log", "evil", "--level", "debug"),
    ("status",),
    ("status", "evil", "--json"),
    ("log", "evil", "--level", "debug", "--json"),
    ("pause", "evil", "--mailbox", LOGIN),
    ("resume", "BATCH"),
    ("import-csv", "LIST", "--like", "BATCH", "--out", "NEW"),
    ("run", "LIST"),
    ("remove", "evil"),
)


def folders() -> bytes:
    names = (EVIL, FORGED + b"/[Gmail]", b"&2D3-half")
    listed = b"".join(b'* LIST (\\HasNoChildren) "/" {%d}\r\n%b\r\n' % (len(name), name) for name in (b"INBOX", *names))
    return listed + b"TAG OK " + EVIL.replace(b"\r", b"") + b"\r\n"


def fetch(command: str) -> bytes:
    if "BODY" in command:
        items = b"UID 1 BODY[] {%d}\r\n%b" % (len(SUBJECT), SUBJECT)
    else:
        items = b'UID 1 RFC822.SIZE %d INTERNALDATE "01-Jan-2020 00:00:00 +0000" FLAGS ($\x1bx odd[/red])' % len(
            SUBJECT
        )
    return b"* 1 FETCH (%b)\r\nTAG OK %b\r\n" % (items, FORGED)


def script() -> dict[str, Answer]:
    """All folders are well until a message was fetched; from then on one after another is refused."""
    fetched: list[str] = []

    def fetch_and_turn(command: str) -> bytes:
        fetched.extend([command] if "BODY" in command else [])
        return fetch(command)

    def examine(command: str) -> bytes:
        if fetched and "INBOX" not in command:
            return b"TAG NO [NOPERM] " + EVIL + b"\r\n"
        said = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] " + EVIL + b"\r\n* OK [UIDNEXT 2] x\r\n"
        return said + b"TAG OK [READ-ONLY] " + FORGED + b"\r\n"

    return {
        "LIST": folders(),
        "LSUB": b"TAG OK " + EVIL + b"\r\n",
        "EXAMINE": examine,
        "UID SEARCH": b"* SEARCH 1\r\nTAG OK done\r\n",
        "UID FETCH": fetch_and_turn,
    }


def table(port: int, exchange: PracticeExchange) -> dict[str, object]:
    return {
        "name": "evil",
        "source": {"host": "127.0.0.1", "port": port, "security": "none"},
        "destination": {"url": exchange.url, "username": "svc", "password": "env:EXCHANGE_PASSWORD"},
        "options": {"settle": "0.1s"},
        "mailboxes": [{"source": LOGIN, "destination": ADDRESS, "password": "env:OLD_PASSWORD"}],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the batch is: its name means harm, too."""
    folder = tmp_path / f"{FORGED.decode()} \x1b]0;retitled\x07\u202e"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("refused", [False, True], ids=["moved", "sign-in refused"])
def test_what_commands_print_is_text(
    tmp_path: Path, folder: Path, practice_exchange: PracticeExchange, refused: bool
) -> None:
    practice_exchange.add_mailbox(ADDRESS)
    practice_exchange.next(
        "CreateItem", ItemError("ErrorVirusDetected", text="[/red] \u202egnp\u2066 \x9b2J"), times=None
    )
    said: dict[str, Answer] = {"AUTHENTICATE": b"TAG NO [AUTHENTICATIONFAILED] " + EVIL + b"\r\n"} if refused else {}
    environment = {"OLD_PASSWORD": "old", "EXCHANGE_PASSWORD": "secret"}
    printed = b""
    with Scripted(script() | said, b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] " + EVIL + b"\r\n") as source:
        files = {"BATCH": folder / "evil\x1b[31m.toml", "LIST": folder / "\x9b.csv", "NEW": folder / "new.toml"}
        files["BATCH"].write_text(tomli_w.dumps(table(source.port, practice_exchange)))
        files["LIST"].write_text("EmailAddress,UserName,Password\na@x.example,\u202eu,pw\n\x1b[31mb,u\x9b,\x07\n")
        for arguments in COMMANDS[:4] if refused else COMMANDS:
            command = [sys.executable, "-m", "core", "--state", str(tmp_path / "state")]
            command += [str(files.get(argument, argument)) for argument in arguments]
            with Terminal(command, columns=200, env=environment) as terminal:
                terminal.end()
                printed += terminal.output
    text = printed.decode("utf-8")
    for command_sequence in NEVER:
        assert command_sequence not in text, repr(command_sequence)
    assert "RED" in text, "it is there, and it is text"
    assert refused or "[/red] \ufffdgnp" in text.partition('{"time"')[0], "a refused message is, too"


def test_what_is_asked_at_the_terminal_is_text(
    tmp_path: Path, folder: Path, practice_exchange: PracticeExchange
) -> None:
    practice_exchange.add_mailbox(ADDRESS)
    with Scripted(script()) as source:
        mailbox = {"source": LOGIN, "destination": ADDRESS, "password": "prompt:Old \u202egnp\u2066 [red]"}
        tables = table(source.port, practice_exchange) | {"mailboxes": [mailbox]}
        batch = folder / "evil.toml"
        batch.write_text(tomli_w.dumps(tables))
        command = [sys.executable, "-m", "core", "--state", str(tmp_path / "state"), "run", str(batch)]
        with Terminal(command, columns=200, env={"EXCHANGE_PASSWORD": "secret"}) as terminal:
            terminal.shows("[red]: ")
            terminal.press("typed-here\n")
            terminal.end()
            text = terminal.output.decode()
    assert any(b64encode(f"\0{LOGIN}\0typed-here".encode()).decode() in command for command in source.seen)
    assert "typed-here" not in text
    for command_sequence in NEVER:
        assert command_sequence not in text, repr(command_sequence)
