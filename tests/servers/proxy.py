"""Stands between a client and an IMAP server: writes down what was sent, changes or swallows answers, cuts the link."""

import re
from collections.abc import Callable, Iterator

from tests.servers.fault_proxy import FaultProxy
from tests.servers.faults import CutError, Way
from tests.servers.lane import Lane

__all__ = ["CutError", "Proxy", "without_uidplus"]

_UIDPLUS = re.compile(rb"( UIDPLUS\b|\[(APPENDUID|COPYUID) [^\]]*\] )")


class Proxy(FaultProxy):
    """Use it in a `with` block. The hooks run in the proxy's own thread and may be set at any time.

    `on_line` gets each line of the server and returns what the client is to see; `on_data` gets what the client sends.
    Either may raise CutError. `sent` is all that clients sent and the server got.
    """

    def __init__(self, server_port: int) -> None:
        super().__init__(server_port)
        self.on_line: Callable[[bytes], bytes] = lambda line: line
        self.on_data: Callable[[bytes], bytes] = lambda data: data
        self.sent = bytearray()

    def commands(self, verb: bytes) -> list[bytes]:
        """The commands that begin so, without tag and literals; the program's tags are C1, C2 ..."""
        return re.findall(rb"(?m)^C\d+ (%b[^\r]*)\r\n" % re.escape(verb), self.sent)

    def look(self, lane: Lane, data: bytes) -> Iterator[bytes]:
        """Lines down, and what comes up as it comes."""
        if lane.way is Way.UP:
            passed = self.on_data(data)
            self.sent += passed
            yield passed
            return
        *lines, lane.rest = (lane.rest + data).split(b"\n")
        seen = bytearray()  # handed on at once: a slow link waits once for each piece that it is given
        try:
            for line in lines:
                seen += self.on_line(line + b"\n")
        except CutError:
            yield bytes(seen)
            raise
        yield bytes(seen)


def without_uidplus(line: bytes) -> bytes:
    """For `on_line`: a server that neither offers UIDPLUS nor says what messages became (RFC 4315)."""
    return _UIDPLUS.sub(b"", line)
