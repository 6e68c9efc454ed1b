"""Large messages are streamed: they arrive to the last byte, and the program's memory does not follow their size."""

import base64
import random
import re
import signal
import time
from pathlib import Path

from tests.servers.dovecot import Dovecot
from tests.servers.mail import Record
from tests.servers.odd_source import Box, OddSource
from tests.system.letters import letter, letters
from tests.system.program import Child, Program, to_imap
from tests.system.sides import Destination, at_source, places

MB = 1 << 20


def large(name: str, size: int) -> Record:
    """One message with an attachment that cannot be compressed; `size` bytes in all."""
    head = letter(name).data.partition(b"\r\n\r\n")[0]
    kind = b"Content-Type: application/zip; name=all.zip\r\nContent-Transfer-Encoding: base64"
    content = base64.encodebytes(random.Random(name).randbytes(size * 3 // 4)).replace(b"\n", b"\r\n")
    text = b"\r\n".join((head, b"MIME-Version: 1.0", kind, b"", content))[: size - 2]
    if text.endswith(b"\r"):  # cut within a line end: servers store a bare CR in ways of their own
        text = text[:-1] + b"A"
    return Record(text + b"\r\n")


def peak_memory(child: Child) -> int:
    """The most memory that a process ever held, in bytes; looked at until its end."""
    peak = 0
    while not child.ended:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{child.pid}/status").read_text())
        peak = max(peak, int(found[1]) << 10 if found else 0)  # a process that has just ended has none
        time.sleep(0.01)
    return peak


def test_thirty_megabytes(program: Program, dovecot: Dovecot, destination: Destination, user: str) -> None:
    sizes = {f"{user}a": 30 * MB, f"{user}b": 10 * MB}
    for one, size in sizes.items():
        dovecot.load(one, [large(one, size), *letters(5)])
    run = program.start("run", program.batch(destination.batch(dovecot, *sizes)))
    peak = peak_memory(run)
    run.wait()
    for number, (one, size) in enumerate(sizes.items()):
        assert program.counts("wave", number) == {"copied": 6}
        assert places(destination.read(one)) == at_source(dovecot, one)
        assert max(len(found.data) for found in destination.read(one)) == size
    assert peak < 200 * MB


def test_above_the_limit(program: Program, dovecot: Dovecot, destination: Destination, user: str) -> None:
    dovecot.load(user, [large("too large", 2 * MB + 1), large("just right", 2 * MB)])
    batch = destination.batch(dovecot, user)
    batch["options"]["max_message_size"] = "2 MB"
    migrated = program.migrate(program.batch(batch))
    assert migrated.counts() == {"copied": 1, "skipped": 1}
    assert [len(found.data) for found in destination.read(user)] == [2 * MB]
    batch["options"]["max_message_size"] = 2 * MB + 1
    assert program.migrate(program.batch(batch)).counts() == {"copied": 2}


def test_a_hundred_thousand_in_one_folder(program: Program, second_dovecot: Dovecot, user: str) -> None:
    """They are listed window by window, in memory that does not follow their number; then they are copied."""
    number = 100_000
    with OddSource() as source:
        source.add(user, INBOX=Box(range(1, number + 1)))
        batch = to_imap(second_dovecot, second_dovecot, user)
        batch["source"]["port"] = source.port
        run = program.start("run", program.batch(batch), "--json")
        run.until_said(f"{number} messages, {number} new")
        run.until_said('"message.copied"')
        run.signal(signal.SIGINT)
        peak = peak_memory(run)
        run.wait(3)
        asked = source.seen[user]
    counts = program.counts("wave")
    assert counts["copied"] + counts["pending"] == number
    assert len({record.data for record in second_dovecot.read(f"{user}-new")}) == counts["copied"]
    assert peak < 200 * MB
    assert [command for command in asked if "SEARCH" in command] == ["UID SEARCH ALL"]
    assert sum("RFC822.SIZE" in command for command in asked) == 50
    assert max(map(len, asked)) < 8192, "RFC 7162 lets servers stop there"
