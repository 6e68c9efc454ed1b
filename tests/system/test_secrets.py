"""Passwords stay in the memory of who signs in: none on disk, on a screen or in a process's arguments."""

import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.pty.terminal import Terminal
from tests.sandbox.outcomes import ItemError
from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
from tests.servers.scripted import Answer, Scripted
from tests.system.letters import letter, letters
from tests.system.program import Program, to_exchange

ADMIN = Dovecot.master_password
EXCHANGE = "planted-exchange-pässword"
WRONG = "planted-wrong-password"
PASTED = "planted-pasted-password"

FAULT = """
import sys
from core.exchange import sign_in
def broken(username, password):
    said = "cannot sign in {username} with Authorization: Basic " + password.decode()
    raise RuntimeError(said) from ValueError(username + b" " + password)
sign_in.HTTPBasicAuth = broken
from core.cli.main import main
sys.exit(main())
"""


class Faulty(Program):
    """The same command line with a fault where it has a password in its hands, and an error that quotes it."""

    @staticmethod
    def _command(arguments: tuple[str | Path, ...]) -> list[str]:
        return [sys.executable, "-P", "-c", FAULT, *map(str, arguments)]


@pytest.fixture
def tables(program: Program, dovecot: Dovecot, practice_exchange: PracticeExchange, user: str) -> dict[str, Any]:
    """A batch with a secret of every kind; the second mailbox's is refused."""
    names = (user, f"{user}b")
    for name in names:
        dovecot.load(name, letters(3))
        practice_exchange.add_mailbox(f"{name}@new.example")
    practice_exchange.add_account("svc", EXCHANGE)
    program.environment["EXCHANGE_PASSWORD"] = EXCHANGE
    file = program.folder / "admin.toml"
    file.touch(0o600)
    file.write_text(f'"migrator" = "{ADMIN}"\n')
    wrong = program.folder / "wrong"
    wrong.write_text(f"{WRONG}\n")
    tables = to_exchange(dovecot, practice_exchange, *names)
    tables["source"]["admin"] = {"username": dovecot.master, "password": "file:admin.toml#migrator"}
    del tables["mailboxes"][0]["password"]
    tables["mailboxes"][1]["password"] = "command:cat wrong"
    return tables


def traces(user: str) -> list[bytes]:
    """The secrets as they are and as they cross the network."""
    sent = (f"{user}\0{Dovecot.master}\0{ADMIN}", f"\0{user}b\0{WRONG}", f"svc:{EXCHANGE}")
    plain = (ADMIN, EXCHANGE, WRONG, PASTED)
    return [*(text.encode() for text in plain), *(b64encode(text.encode()) for text in (*plain, *sent))]


def found(where: Path, user: str) -> list[tuple[Path, bytes]]:
    """Every trace of a secret in any file of a folder."""
    files = [path for path in where.rglob("*") if path.is_file()]
    assert files
    return [(path, trace) for path in files for trace in traces(user) if trace in path.read_bytes()]


def test_in_a_whole_run(program: Program, dovecot: Dovecot, tables: dict[str, Any], user: str) -> None:
    child = program.start("run", program.batch(tables), "--watch", "--json")
    program.until("wave", lambda batch: {each["status"] for each in batch["mailboxes"]} == {"Synced", "Failed"})
    proc = Path(f"/proc/{child.pid}")
    said = [(proc / "cmdline").read_bytes()]
    assert b"batch.toml" in said[0]
    assert found(program.state, user) == []  # as the disk is while the run goes on
    assert {path.name for path, _ in found(program.folder, user)} == {"admin.toml", "wrong"}, "it can be found"
    dovecot.load(user, [letter("late")])
    program.run("stop", "wave")
    said.append(child.wait(3).encode())
    for command in (("status", "--json"), ("status", "wave"), ("log", "wave", "--json", "--level", "debug")):
        done = program.run(*command)
        assert done.stdout
        said += [done.stdout.encode(), done.stderr.encode()]
    assert b"the server refuses the sign-in" in said[1]
    assert [trace for text in said for trace in traces(user) if trace in text] == []
    assert found(program.state, user) == []


def test_in_what_is_kept_of_a_fault(tmp_path: Path, program: Program, tables: dict[str, Any], user: str) -> None:
    faulty = Faulty(tmp_path)
    faulty.environment |= {"EXCHANGE_PASSWORD": EXCHANGE}
    done = faulty.run("run", program.batch(tables), exit_code=70)
    (crash,) = faulty.state.glob("crash-*.txt")
    assert str(crash) in done.stderr
    text = crash.read_text()
    assert "in broken" in text
    assert "RuntimeError: cannot sign in {username} with Authorization: Basic ***" in text
    assert "ValueError: b'svc ***'" in text, "also where nothing says that it is one"
    assert found(faulty.state, user) == []
    assert [trace for trace in traces(user) if trace in (done.stdout + done.stderr).encode()] == []


def test_that_was_pasted_into_the_batch_file(program: Program, tables: dict[str, Any], user: str) -> None:
    tables["mailboxes"][0]["password"] = PASTED
    tables["source"]["admin"]["password"] = PASTED
    done = program.run("run", program.batch(tables), exit_code=2)
    assert len(done.stderr.splitlines()) == 2
    assert PASTED not in done.stderr
    tables["mailboxes"][0]["password"] = f"env:{PASTED}"  # a reference that is none, for its sign
    done = program.run("run", program.batch(tables), exit_code=2)
    assert PASTED not in done.stderr
    assert found(program.state, user) == []


#: One secret for each kind of reference; by its mailbox.
PLANTED = {
    "ann": "planted-in-env&\\",
    "ben": "planted-in-a-file",
    "cid": 'planted-"in"-a-table',
    "dan": "planted-at-a-command",
    "eve": "planted-by-typing",
}
LOUD = """
import http.client, logging, sys
for name in ("imapclient", "imaplib", "exchangelib", "urllib3", "requests", "spnego", "asyncio"):
    logging.getLogger(name).setLevel(logging.DEBUG)
from core.cli.main import main
sys.exit(main())
"""
MESSAGE = b"Subject: one\r\nFrom: a@b.example\r\n\r\none\r\n"


def repeating(*, good: str, half: str) -> dict[str, Answer]:
    """A source that repeats what it is told, in every way. It lets two in, and one of them not into a folder."""
    told: list[str] = []

    def login() -> str:
        return b64decode(told[-1]).split(b"\0")[1].decode()

    def quoted() -> bytes:
        encoded, password = told[-1], b64decode(told[-1]).split(b"\0")[2]
        escaped = password.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        return b'got %b, that is %b; LOGIN "%b" %b' % (encoded.encode(), password, escaped, b64encode(password))

    def sign_in(command: str) -> bytes:
        told.append(command.rpartition(" ")[2])
        done = b"OK signed in" if login() in {good, half} else b"NO [AUTHENTICATIONFAILED] no: " + quoted()
        return b"* OK [ALERT] " + quoted() + b"\r\nTAG " + done + b"\r\n"

    def examine(command: str) -> bytes:
        if login() == half and "INBOX" not in command:
            return b"TAG NO [NOPERM] not for " + quoted() + b"\r\n"
        return b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\nTAG OK [READ-ONLY] done\r\n"

    def fetch(command: str) -> bytes:
        what = b"BODY[] {%d}\r\n%b" % (len(MESSAGE), MESSAGE)
        if "BODY" not in command:
            what = b'RFC822.SIZE %d INTERNALDATE "01-Jan-2020 00:00:00 +0000" FLAGS ()' % len(MESSAGE)
        return b"* 1 FETCH (UID 1 %b)\r\nTAG OK done\r\n" % what

    listed = b"".join(b'* LIST (\\HasNoChildren) "/" "%b"\r\n' % name for name in (b"INBOX", b"Other"))
    return {
        "AUTHENTICATE": sign_in,
        "LIST": listed + b"TAG OK done\r\n",
        "EXAMINE": examine,
        "UID SEARCH": b"* SEARCH 1\r\nTAG OK done\r\n",
        "UID FETCH": fetch,
    }


def test_that_a_server_repeats(program: Program, practice_exchange: PracticeExchange) -> None:
    """Of every kind, typed ones too, in whatever the server answers, with libraries as talkative as they can be."""
    practice_exchange.add_account("svc", EXCHANGE)
    for login in PLANTED:
        practice_exchange.add_mailbox(f"{login}@new.example")
    basic = b64encode(f"svc:{EXCHANGE}".encode()).decode()
    refused = ItemError("ErrorVirusDetected", text=f"Authorization was {basic}: {EXCHANGE} of svc")
    practice_exchange.next("CreateItem", refused, times=None)
    references = ("env:ANN", "file:secret", "file:table.toml#cid", "command:cat printed", "prompt:Eve")
    texts = {"secret": PLANTED["ben"], "table.toml": f"cid = '{PLANTED['cid']}'", "printed": PLANTED["dan"]}
    for file, text in ((program.folder / name, texts[name]) for name in texts):
        file.touch(0o600)
        file.write_text(f"{text}\n")
    environment = {"ANN": PLANTED["ann"], "EXCHANGE_PASSWORD": EXCHANGE, "PYTHONWARNINGS": "always"}
    with Scripted(repeating(good="ann", half="ben")) as source:
        tables = to_exchange(source, practice_exchange, *PLANTED)
        tables["options"]["mailboxes_at_once"] = 1
        for mailbox, reference in zip(tables["mailboxes"], references, strict=True):
            mailbox["password"] = reference
        batch = program.batch(tables)
        loud = [sys.executable, "-P", "-c", LOUD, "--state", str(program.state)]
        with Terminal([*loud, "run", str(batch), "--json"], columns=200, env=environment) as terminal:
            terminal.shows("Eve: ")
            terminal.press(f"{PLANTED['eve']}\n")
            assert terminal.end() == 1
            said = bytes(terminal.output)
    assert source.count("AUTHENTICATE") == len(PLANTED)
    said += b"".join(
        program.run(*command).stdout.encode()
        for command in (("status", "--json"), ("status", "wave"), ("log", "wave", "--level", "debug"))
    )
    secrets = {**PLANTED, "svc": EXCHANGE}
    traces = [password.encode() for password in secrets.values()]
    traces += [b64encode(trace) for trace in traces]
    traces += [b64encode(f"\0{user}\0{password}".encode()) for user, password in PLANTED.items()]
    traces += [basic.encode(), b"planted"]
    assert [trace for trace in traces if trace in said] == []
    files = [path for path in program.state.rglob("*") if path.is_file()]
    assert [(path, trace) for path in files for trace in traces if trace in path.read_bytes()] == []
    assert said.count(b"got ***, that is ***; LOGIN") > len(PLANTED), "it did repeat them"
    assert b"Authorization was ***: *** of svc" in said
