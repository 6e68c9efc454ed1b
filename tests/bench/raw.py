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

_AT_ONCE, _AT_ONCE_BYTES, _IN_FLIGHT = 64, 4 << 20, 3
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


def fetched(link: Link) -> Iterator[bytes]:
    """Every message as a part of an APPEND: flags, date, literal."""
    link.send(b"F FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])\r\n")
    while not (line := link.lines.readline()).startswith(b"F "):
        found, flags, date = _LITERAL.search(line), _FLAGS.search(line), _DATE.search(line)
        if found and flags and date:
            data = link.lines.read(int(found[1]))
            yield b" (%b) %b {%d+}\r\n%b" % (flags[1].replace(b"\\Recent", b"").strip(), date[1], len(data), data)


def move(source: Link, target: Link) -> None:
    """Move all there is."""
    flying: deque[bytes] = deque()
    parts: list[bytes] = []
    held = number = 0

    def send() -> None:
        nonlocal held, number
        number += 1
        tag = b"A%d" % number
        target.send(tag + b" APPEND INBOX" + b"".join(parts) + b"\r\n")
        flying.append(tag)
        parts.clear()
        held = 0
        if len(flying) == _IN_FLIGHT:
            target.answered(flying.popleft())

    for part in fetched(source):
        parts.append(part)
        held += len(part)
        if len(parts) == _AT_ONCE or held >= _AT_ONCE_BYTES:
            send()
    if parts:
        send()
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
