"""The limit over IMAP: the same mail moved by a loop that knows nothing of safety. ``python -m tests.bench.raw ...``.

No ledger, nothing looked up, INBOX only. One FETCH of everything, which streams, and MULTIAPPENDs of 64 messages with
LITERAL+ (RFC 3502, RFC 7888) into the selected folder, three of them in flight. Prints the seconds that it took.
"""

import re
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Queue
from threading import Thread

_AT_ONCE, _AT_ONCE_BYTES, _IN_FLIGHT = 64, 4 << 20, 3
_JOINED = 1 << 20  # a larger command is not worth another copy of it
_LITERAL = re.compile(rb"\{(\d+)\}\r\n$")
_DATE = re.compile(rb'INTERNALDATE ("[^"]*")')
_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")


class Link:
    """One signed-in connection with INBOX selected."""

    def __init__(self, port: int, user: str, password: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self._socket.makefile("rb", 1 << 18)
        self.lines.readline()
        self.send(f"L LOGIN {user} {password}\r\nS SELECT INBOX\r\n".encode())
        self.answered(b"L")
        self.answered(b"S")

    def send(self, data: bytes) -> None:
        """Hand all of it to the kernel."""
        self._socket.sendall(data)

    def answered(self, tag: bytes) -> None:
        """Wait until a command was done well."""
        while not (line := self.lines.readline()).startswith(tag + b" "):
            assert line, "the server hung up"
        assert line.startswith(tag + b" OK"), line

    def close(self) -> None:
        """Hang up."""
        self.lines.close()
        self._socket.close()


@dataclass(slots=True)
class Append:
    """One command: what follows its name."""

    parts: list[bytes]
    messages: int = 0
    size: int = 0


def fetched(link: Link) -> Iterator[Append]:
    """Every message, as commands that append some of them."""
    link.send(b"F FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])\r\n")
    held = Append([])
    while not (line := link.lines.readline()).startswith(b"F "):
        found, flags, date = _LITERAL.search(line), _FLAGS.search(line), _DATE.search(line)
        if not (found and flags and date):
            continue
        size = int(found[1])
        kept = flags[1].replace(b"\\Recent", b"").strip()
        held.parts += (b" (%b) %b {%d+}\r\n" % (kept, date[1], size), link.lines.read(size))
        held.messages += 1
        held.size += size
        if held.messages == _AT_ONCE or held.size >= _AT_ONCE_BYTES:
            yield held
            held = Append([])
    if held.messages:
        yield held


def move(source: Link, target: Link) -> None:
    """Move all there is: one thread reads while this one writes."""
    waiting: Queue[Append | None] = Queue(_IN_FLIGHT)

    def read() -> None:
        try:
            for append in fetched(source):
                waiting.put(append)
        finally:
            waiting.put(None)

    Thread(target=read, daemon=True).start()
    flying: deque[bytes] = deque()
    for number, append in enumerate(iter(waiting.get, None)):
        tag = b"A%d" % number
        parts = (tag + b" APPEND INBOX", *append.parts, b"\r\n")
        for piece in parts if append.size > _JOINED else (b"".join(parts),):
            target.send(piece)
        flying.append(tag)
        if len(flying) == _IN_FLIGHT:
            target.answered(flying.popleft())
    for tag in flying:
        target.answered(tag)


def main() -> None:
    """Arguments: source port, target port, source user, target user, password."""
    source_port, target_port, source_user, target_user, password = sys.argv[1:]
    began = time.monotonic()
    source = Link(int(source_port), source_user, password)
    target = Link(int(target_port), target_user, password)
    move(source, target)
    source.close()
    target.close()
    sys.stdout.write(f"{time.monotonic() - began}\n")


if __name__ == "__main__":
    main()
