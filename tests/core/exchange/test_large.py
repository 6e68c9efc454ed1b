"""Large messages: streamed from their spool files, in constant memory, and whole at the other end."""

import hashlib
import subprocess
import sys
import tracemalloc
from collections.abc import Callable

import pytest

from core.exchange.soap import Envelope, Request
from core.mail.body import SPOOL_ABOVE, Body
from core.ports.destination import Outgoing
from tests.core.exchange.conftest import ADMIN, PASSWORD, Box, inbox, outgoing

MB = 1 << 20

# Run in a process of its own, because the server's memory is not ours. Prints the peak in KB before and after.
_ALONE = """
import sys, tempfile
from core.exchange.destination import ExchangeDestination
from core.exchange.settings import Settings
from core.mail.body import Body
from core.mail.flags import Flags
from core.mail.folder import FolderPath, Role
from core.ports.destination import Outgoing
from core.secret import Secret

url, address, user, auth, size = sys.argv[1:]
secret = Secret(sys.stdin.readline().rstrip())

def peak():
    with open("/proc/self/status") as status:
        return next(line.split()[1] for line in status if line.startswith("VmHWM"))

destination = ExchangeDestination(Settings(url, "impersonation", auth, user, lambda: secret), address)
destination.connect()
inbox = destination.create_folder(FolderPath.of("INBOX"), Role.INBOX)
destination.write(inbox, [Outgoing("t0", Body.of(b"Subject: warm\\r\\n\\r\\nup" * 1000), Flags(), None)])
with tempfile.TemporaryFile() as file:
    while file.tell() < int(size):
        file.write(b"Subject: large\\r\\n\\r\\n0123456789 abcdefghijklmnopqrstuvwxyz\\r\\n" * 4096)
    body = Body.spooled(file, file.tell())
    before = peak()
    (written,) = destination.write(inbox, [Outgoing("t1", body, Flags(), None)])
    print(before, peak(), body.sha256().hex(), written.failure)
destination.close()
"""


@pytest.mark.parametrize(("auth", "size"), [("basic", 20 * MB), ("ntlm", 44 * MB)])
def test_a_large_message_takes_no_memory(box: Box, auth: str, size: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, box.server.url, box.address, ADMIN, auth, str(size)],
        input=f"{PASSWORD}\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    before, after, digest, failure = done.stdout.split(maxsplit=3)
    assert failure.strip() == "None"
    assert int(after) - int(before) < 8 * 1024
    assert hashlib.sha256(box.mailbox.items("inbox")[-1].mime).hexdigest() == digest


def test_a_spooled_body_is_read_piece_by_piece(spool: Callable[[int], Body]) -> None:
    body = spool(45 * MB)
    envelope = Envelope(Request("CreateItem", (b"<a>", body, b"</a>"), writes=True), None)
    tracemalloc.start()
    try:
        sent = sum(len(piece) for piece in envelope)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent == len(envelope)
    assert peak < 4 * MB


def test_many_large_ones_on_one_connection(box: Box, spool: Callable[[int], Body]) -> None:
    destination = box.connected()
    folder = inbox(destination)
    before = box.server.connections
    bodies = [spool(SPOOL_ABOVE + number) for number in range(1, 4)]  # every length that base64 pads otherwise
    for number, body in enumerate(bodies):
        plain = outgoing(number)
        (written,) = destination.write(folder, [Outgoing(plain.token, body, plain.flags, plain.received)])
        assert written.failure is None
    stored = [hashlib.sha256(item.mime).digest() for item in box.mailbox.items("inbox")]
    assert stored == [body.sha256() for body in bodies]
    assert box.server.connections == before


def test_the_largest_that_is_promised_fits_into_a_request(box: Box) -> None:
    largest = box.connected().limits.max_message
    assert largest is not None
    base64 = (largest + 2) // 3 * 4
    assert 60 * MB < base64 < 64 * MB - 20_000
