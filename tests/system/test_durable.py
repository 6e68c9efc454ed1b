"""No byte of a message leaves before its intent is on the disk: looked at from the outside, with strace."""

import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from tests.conftest import lacking
from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record
from tests.system.letters import letters
from tests.system.program import Program
from tests.system.sides import Destination, at_source, places

#: What writes to files and sockets, and what waits for the disk.
_CALLS = "write,writev,pwrite64,pwritev,send,sendto,sendmsg,sendmmsg,fsync,fdatasync"
_LINE = re.compile(r"(?P<thread>\d+) +(?P<call>[a-z0-9]+)\((?P<fd>\d+)<(?P<of>(?:->|[^>])*)>(?P<rest>.*)")
_RESUMED = re.compile(r"(?P<thread>\d+) +<\.\.\. (?P<call>[a-z0-9]+) resumed>(?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that ended well: in which lines of the trace it began and ended, on which file or socket."""

    name: str
    of: str
    data: bytes
    began: int
    ended: int


def calls(lines: Sequence[str]) -> Iterator[Call]:
    """The calls of all threads, in the order in which they ended."""
    begun: dict[str, tuple[re.Match[str], int]] = {}
    for number, line in enumerate(lines):
        found, resumed = _LINE.match(line), _RESUMED.match(line)
        if found is not None and line.endswith("<unfinished ...>"):
            begun[found["thread"]] = found, number
            continue
        first, began = (found, number) if resumed is None else begun.pop(resumed["thread"], (None, number))
        if first is not None and not re.search(r"= -1 E[A-Z]+", line):
            written = b"".join(map(_bytes, re.findall(r'"((?:\\x[0-9a-f]{2})*)"', first["rest"])))
            of = first["of"]
            yield Call(first["call"], os.fsdecode(_bytes(of)) if "\\x" in of else of, written, began, number)


def _bytes(said: str) -> bytes:
    """A string as strace shows it with -xx."""
    return bytes.fromhex(said.replace("\\x", ""))


def traced(program: Program, file: Path, trace: Path) -> list[Call]:
    """The calls of a whole migration."""
    strace = shutil.which("strace")
    if strace is None:
        lacking("strace is not installed (make servers)")
    if subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        lacking("strace may not trace here (a container without ptrace)")
    command = [strace, "-f", "-yy", "-xx", "-s", "1000000", "-o", str(trace), "-e", f"trace={_CALLS}", "--seccomp-bpf"]
    run = [sys.executable, "-P", "-m", "core", "run", str(file)]
    done = subprocess.run(
        [*command, *run], env=program.environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(calls(trace.read_text().splitlines()))


def test_the_intent_is_on_the_disk_before_the_first_byte_of_its_message_leaves(
    program: Program, dovecot: Dovecot, destination: Destination, user: str, tmp_path: Path
) -> None:
    records = letters(30)
    dovecot.load(user, records)
    made = traced(program, program.batch(destination.batch(dovecot, user)), tmp_path / "trace")
    assert places(destination.read(user)) == at_source(dovecot, user)
    log = [call for call in made if call.of == str(program.state / "state.db-wal")]
    written = [call for call in log if call.name.startswith("pwrite")]
    synced = [call for call in log if call.name in {"fsync", "fdatasync"}]
    sent = [call for call in made if f"->127.0.0.1:{destination.port}" in call.of]
    assert written
    assert synced
    for record in records:
        leaves = first_byte(record, sent)
        noted = min(call.ended for call in written if sha256(record.data).digest() in call.data)
        assert any(noted < call.began and call.ended < leaves for call in synced), record.data


def first_byte(record: Record, sent: Sequence[Call]) -> int:
    """The line of the trace in which the message begins to leave, as it is or as base64."""
    plain, coded = record.data[:60], b64encode(record.data[:60])
    return min(call.began for call in sent if plain in call.data or coded in call.data)
