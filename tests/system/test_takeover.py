"""Two runs that want the same: one at a time, the dead are taken over, and who wakes up too late changes nothing."""

import fcntl
import os
import signal
import socket
import sqlite3
import time
from pathlib import Path

import pytest

from tests.servers.dam import Dam, unsent
from tests.servers.dovecot import Dovecot
from tests.system.letters import letters
from tests.system.program import Child, Program, until
from tests.system.sides import Destination, at_source, places, through


def leases(program: Program, change: str) -> None:
    """Change every lease behind the back of its holder."""
    with sqlite3.connect(program.state / "state.db") as store:
        store.execute(f"UPDATE lease SET {change}")


def rows(program: Program) -> list[tuple[object, ...]]:
    """Every row of the ledger, and of what is shown."""
    with sqlite3.connect(program.state / "state.db") as store:
        tables = ("message", "folder", "pair", "batch", "mailbox", "board_folder")
        return [row for table in tables for row in store.execute(f"SELECT * FROM {table}")]


def freeze(program: Program, child: Child) -> None:
    """Stop it by a signal, at a moment when it is not writing to the store."""

    def stands_still() -> bool:
        child.signal(signal.SIGSTOP)
        until(lambda: Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        if free(program):
            return True
        child.signal(signal.SIGCONT)
        return False

    until(stands_still)


def free(program: Program) -> bool:
    """Whether nobody is writing to the store, or next to."""
    for name in ("write.queue", "write.gate"):
        with (program.state / name).open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
    return True


def test_a_frozen_run_is_never_taken_over_while_it_lives(
    program: Program, dovecot: Dovecot, destination: Destination, user: str
) -> None:
    dovecot.load(user, letters(30))
    with Dam(destination.port, after=1) as dam:
        file = program.batch(through(dam, destination.batch(dovecot, user)))
        run = program.start("run", file)
        assert dam.reached.wait(30)
        held = f"batch wave is run by {socket.gethostname()}, process {run.pid}, since 20"
        assert held in program.run("run", file, exit_code=4).stderr
        freeze(program, run)
        leases(program, "heartbeat = 0")
        said = program.run("run", file, exit_code=4).stderr
        assert held in said
        assert f"it was stopped by a signal: 'kill -CONT {run.pid}' lets it go on" in said
        run.signal(signal.SIGCONT)
        dam.release()
        run.wait(0)
    assert places(destination.read(user)) == at_source(dovecot, user)
    assert destination.sent(user) == 30


@pytest.mark.parametrize("destination", ["imap"], indirect=True)  # tests/system/test_kill.py has it for both
def test_the_dead_are_taken_over_whoever_has_their_number_now(
    program: Program, dovecot: Dovecot, destination: Destination, user: str
) -> None:
    dovecot.load(user, letters(30))
    with Dam(destination.port, after=1) as dam:
        file = program.batch(through(dam, destination.batch(dovecot, user)))
        run = program.start("run", file)
        assert dam.reached.wait(30)
        run.kill()
        # As if it had been on another host, where nobody can see that it is dead.
        leases(program, f"host = 'elsewhere', heartbeat = {time.time()}")
        assert f"is run by elsewhere, process {run.pid}, since 20" in program.run("run", file, exit_code=4).stderr
        leases(program, f"host = '{socket.gethostname()}', pid = {os.getpid()}")
        assert program.migrate(file).counts() == {"copied": 30}
    assert places(destination.read(user)) == at_source(dovecot, user)


#: What a run sends when it is stopped: requests that fit into the buffers of its link, or more than that.
#: (Larger messages wait for a go-ahead, which does not come.)
SENT = {"all": letters(45), "half": letters(8, filler=900_000)}


@pytest.mark.parametrize("sent", SENT)
def test_who_was_taken_over_while_frozen_changes_nothing(
    program: Program, dovecot: Dovecot, destination: Destination, user: str, sent: str
) -> None:
    dovecot.load(user, SENT[sent])
    with Dam(destination.port, after=1) as dam:
        batch = through(dam, destination.batch(dovecot, user))
        batch["options"]["settle"] = "1s"
        file = program.batch(batch)
        run = program.start("run", file)
        assert dam.reached.wait(30)
        if sent == "half":
            until(lambda: unsent(dam.port) > 600_000)
        freeze(program, run)
        dam.release()
        until(lambda: unsent(dam.port) == 0)  # what the system has taken arrives, whoever stands still
        leases(program, "host = 'elsewhere', heartbeat = 0")
        assert program.migrate(file).counts() == {"copied": len(SENT[sent])}
        before = rows(program)
        run.signal(signal.SIGCONT)
        assert "took over" in run.wait(4)
    assert places(destination.read(user)) == at_source(dovecot, user)
    assert rows(program) == before
