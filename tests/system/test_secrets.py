"""Passwords stay in the memory of who signs in: none on disk, on a screen or in a process's arguments."""

import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.server import PracticeExchange
from tests.servers.dovecot import Dovecot
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
    raise RuntimeError("cannot sign in {username} with Authorization: Basic " + password.decode())
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
