"""The IMAP line protocol: commands out, responses in (RFC 3501, sections 2.2 and 7).

A response is cut into text and literals and no further: who asked for it knows what to look for. That keeps a message
one read and one partition away from the socket, and names, keywords and numbers as the server spelt them.
"""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from time import monotonic
from typing import Protocol

from core.mail.body import SPOOL_ABOVE, Body
from core.ports.meter import UNLIMITED, Meter
from core.ports.spool import SpoolFile

_CODE = re.compile(rb"\[([^\] ]+)(?: ([^\]]*))?\] ?")
_UIDVALIDITY = re.compile(rb"\[UIDVALIDITY (\d+)\]", re.IGNORECASE)
_ALERT = re.compile(rb"\[ALERT\] *(.*)", re.IGNORECASE)
_UNQUOTABLE = re.compile(rb"[\r\n\x00]")
_STATUS = frozenset({b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"})
_PIECE = 1 << 18
_LONGEST_LINE = 64 << 20  # the UIDs of a very large folder come in one line
#: The largest number that a server may say (RFC 7162, mod-sequence).
_LARGEST = (1 << 63) - 1
_DIGITS = len(str(_LARGEST))
_LARGEST_SET = 50_000_000


class Transport(Protocol):
    """What carries the bytes (`core.imap.client`, `core.imap.deflate`)."""

    def readline(self) -> bytes:
        """One line with its end; less at the end of the connection."""
        ...

    def read(self, size: int) -> bytes:
        """`size` bytes; less at the end of the connection."""
        ...

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        ...


def line_of(stream: io.BufferedIOBase) -> bytes:
    """One line with its end; less at the end of the stream. Raises GarbledError for one without any sense."""
    line = stream.readline(_LONGEST_LINE + 1)
    if len(line) > _LONGEST_LINE:
        raise GarbledError(f"a line of more than {_LONGEST_LINE} bytes")
    return line


class LostError(Exception):
    """The connection ended; `said` is what the server gave as the reason (BYE), or nothing."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said or "connection lost")
        self.said = said


class GarbledError(Exception):
    """The server sent something that is not IMAP."""


@dataclass(frozen=True, slots=True)
class Completion:
    """How a command ended: status OK, NO or BAD, the response code in capitals, its argument, and the words."""

    status: str
    code: str
    argument: str
    said: str  # the whole text, code included, raw

    @property
    def ok(self) -> bool:
        """Whether the command was carried out."""
        return self.status == "OK"


class Response:
    """One response. `pieces` are text, literal, text, ... : a literal stands at every odd index.

    `tag` is ``*``, ``+`` or a command's. `kind` is in capitals (FETCH, LIST, OK); `number` stands before it in the
    likes of ``* 5 EXISTS``. A literal above SPOOL_ABOVE is a spooled Body, which whoever takes the response closes.
    """

    __slots__ = ("kind", "number", "pieces", "tag")

    def __init__(self, tag: bytes, kind: bytes, number: int | None, pieces: list[bytes | Body]) -> None:
        self.tag = tag
        self.kind = kind
        self.number = number
        self.pieces = pieces

    @property
    def text(self) -> bytes:
        """What follows the kind, up to the first literal."""
        first = self.pieces[0]
        assert isinstance(first, bytes)
        return first

    def completion(self) -> Completion:
        """A tagged or untagged OK, NO, BAD, BYE taken apart."""
        return completion_of(self.kind, self.text)

    def close(self) -> None:
        """Give back the spool files of a response that nobody wants."""
        for piece in self.pieces:
            if isinstance(piece, Body):
                piece.close()


def completion_of(status: bytes, text: bytes) -> Completion:
    """The status and text of a response as a Completion."""
    found = _CODE.match(text)
    code = found[1].decode("latin-1").upper() if found else ""
    argument = (found[2] or b"").decode("latin-1") if found else ""
    return Completion(status.decode("latin-1"), code, argument, text.decode("utf-8", "backslashreplace"))


class Wire:
    """Commands and responses over one connection. Used by one thread at a time.

    `exists` follows the selected folder's number of messages through EXISTS, EXPUNGE and VANISHED, `uidvalidity` what
    was said of it last. `round_trip` is the shortest time that an answer took so far, in seconds. `verbs`, where given,
    are the only commands that `run` lets out. `acknowledge` tells the server at once that its last words came; else the
    system does so in its own time. `meter` is told of all bytes, in both directions, `alert` of what the server wants
    people to read (RFC 3501, 7.1).
    """

    def __init__(
        self,
        transport: Transport,
        *,
        spool: Path | None = None,
        verbs: frozenset[bytes] | None = None,
        acknowledge: Callable[[], None] = lambda: None,
        alert: Callable[[bytes], None] | None = None,
        meter: Meter = UNLIMITED,
    ) -> None:
        self._transport = transport
        self._meter = meter
        self._spool = spool
        self._verbs = verbs
        self.acknowledge = acknowledge
        self._alert = alert
        self._count = 0
        self._sent = 0.0  # when (monotonic)
        self.round_trip = inf
        self.exists = 0
        self.uidvalidity: int | None = None

    def over(self, transport: Transport) -> None:
        """Go on over another transport, which tells the meter by itself."""
        self._transport, self._meter = transport, UNLIMITED

    def leave(self) -> None:
        """Forget what was said of the selected folder: another is about to be."""
        self.exists = 0
        self.uidvalidity = None

    def tag(self) -> bytes:
        """A tag that was not used before."""
        self._count += 1
        return b"C%d" % self._count

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._transport.send(data)
        self._sent = monotonic()
        self._meter(len(data))

    def run(self, command: bytes, take: Callable[[Response], None] | None = None) -> Completion:
        """Send one command without its tag and CRLF, hand every untagged response to `take`, and say how it ended.

        Literals in it (`astring`) are sent when the server asks for them, a round trip each. Raises LostError at the
        end of the connection, GarbledError for what is not IMAP.
        """
        if self._verbs is not None and _verb(command) not in self._verbs:
            raise AssertionError(f"not a command for this side: {_verb(command)!r}")
        tag = self.tag()
        first, *rest = _until_literals(b"%b %b\r\n" % (tag, command))
        self.send(first)
        for piece in rest:
            response = self.response()
            while response.tag == b"*":
                response = self.response()
            if response.tag == tag:
                return response.completion()
            self.send(piece)
        return self.finish(tag, take)

    def finish(self, tag: bytes, take: Callable[[Response], None] | None = None) -> Completion:
        """Read until the command of this tag ends."""
        while True:
            response = self.response()
            if response.tag == tag:
                return response.completion()
            if response.tag != b"*":
                raise GarbledError(f"unexpected response {response.tag[:40]!r}")
            if take is not None:
                take(response)

    def response(self) -> Response:
        """The next response, whatever it is. Raises LostError also for BYE."""
        line = self._line()
        tag, _, rest = line.partition(b" ")
        if tag != b"*":
            self.round_trip = min(self.round_trip, monotonic() - self._sent)
        if tag == b"+":
            return Response(tag, b"", None, [rest])
        kind, _, text = rest.partition(b" ")
        count = None
        if tag == b"*" and kind.isdigit():
            count = number(kind)
            kind, _, text = text.partition(b" ")
        kind = kind.upper()
        if not tag or not kind:
            raise GarbledError(f"not a response: {line[:80]!r}")
        response = Response(tag, kind, count, [text])
        if tag == b"*":
            if kind not in _STATUS:
                self._literals(response)
            self._notice(response)
        # A refusal and a good-bye are told with all they say.
        if self._alert is not None and (kind == b"OK" or (tag == b"*" and kind in _STATUS)):
            alert = _ALERT.match(text)
            if alert:
                self._alert(alert[1])
        return response

    def _notice(self, response: Response) -> None:
        kind = response.kind
        if kind == b"EXISTS" and response.number is not None:
            self.exists = response.number
        elif kind == b"EXPUNGE":
            self.exists -= 1
        elif kind == b"VANISHED" and not response.text.upper().startswith(b"(EARLIER)"):
            self.exists -= sum(high - low + 1 for low, high in _ranges(response.text))
        elif kind == b"OK" and (said := _UIDVALIDITY.match(response.text)):
            self.uidvalidity = number(said[1])
        elif kind == b"BYE":
            raise LostError(response.completion().said)

    def _line(self) -> bytes:
        line = self._transport.readline()
        while line in {b"\r\n", b"\n"}:  # a stray blank line means nothing
            line = self._transport.readline()
        self._meter(len(line))
        if not line.endswith(b"\n"):
            raise LostError
        return line.rstrip(b"\r\n")

    def _literals(self, response: Response) -> None:
        pieces = response.pieces
        size = _literal_size(response.text)
        while size is not None:
            pieces.append(self._literal(size))
            line = self._transport.readline()
            self._meter(len(line))
            if not line.endswith(b"\n"):
                response.close()
                raise LostError
            text = line.rstrip(b"\r\n")
            pieces.append(text)
            size = _literal_size(text)

    def _literal(self, size: int) -> bytes | Body:
        if size > SPOOL_ABOVE:
            return self._spooled(size)
        if self._meter.limited:
            return b"".join(self._pieces(size))
        data = self._transport.read(size)
        if len(data) < size:
            raise LostError
        return data

    def _spooled(self, size: int) -> Body:
        with SpoolFile(self._spool) as spool:
            for piece in self._pieces(size):
                spool.write(piece)
            return spool.body()

    def _pieces(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self._transport.read(min(size, _PIECE))
            if not piece:
                raise LostError
            self._meter(len(piece))
            yield piece
            size -= len(piece)


def astring(data: bytes) -> bytes:
    """A string for a command: quoted where that is allowed, else a literal (RFC 3501, astring)."""
    if data.isascii() and not _UNQUOTABLE.search(data):
        return b'"' + data.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"{%d}\r\n%b" % (len(data), data)


def _until_literals(command: bytes) -> list[bytes]:
    """A command cut after each literal's announcement, where the server has to say that it is ready."""
    pieces = []
    start = text = 0
    while (end := command.find(b"\r\n", text)) >= 0:
        size = _literal_size(command[text:end])
        if size is None:
            break
        pieces.append(command[start : end + 2])
        start = end + 2
        text = start + size
    return [*pieces, command[start:]]


def number(text: object) -> int | None:
    """A number as servers write it, of 63 bits at most; None for everything else."""
    if not isinstance(text, bytes) or not text.isdigit() or len(text) > _DIGITS:
        return None
    found = int(text)
    return found if found <= _LARGEST else None


def numbers(text: bytes) -> list[int]:
    """The numbers of a sequence set, without ``*`` (RFC 3501, sequence-set); what is not one is left out.

    Raises GarbledError for more than any folder holds.
    """
    ranges = _ranges(text)
    if sum(high - low for low, high in ranges) > _LARGEST_SET:
        raise GarbledError(f"not the numbers of messages: {text[:80]!r}")
    return [each for low, high in ranges for each in range(low, high + 1)]


def _ranges(text: bytes) -> list[tuple[int, int]]:
    """A sequence set as pairs of its lowest and its highest number."""
    found: list[tuple[int, int]] = []
    for piece in text.split(b","):
        first, colon, last = piece.strip().partition(b":")
        low = number(first)
        high = number(last) if colon else low
        if low is not None and high is not None:
            found.append((min(low, high), max(low, high)))
    return found


def _literal_size(text: bytes) -> int | None:
    return number(text[text.rfind(b"{") + 1 : -1].rstrip(b"+")) if text.endswith(b"}") else None


def _verb(command: bytes) -> bytes:
    words = command.split(b" ", 2)
    if words[0].upper() == b"UID" and len(words) > 1:
        return b"UID " + words[1].upper()
    return words[0].upper()
