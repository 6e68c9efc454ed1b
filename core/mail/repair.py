"""A message in a form that every server takes, for one that a destination refuses as it is (RFC 5322, RFC 2045).

What people and programs see stays the same: the text of the header and what each part holds when it is decoded. What is
signed gets CRLF as its line ends and nothing else, because a signature does not outlive more.
"""

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from core.mail import repair_body, repair_head
from core.mail.lines import crlf
from core.mail.repair_body import Kind
from core.mail.repair_head import Changes

#: Mending one thing may bring another to light: a NUL hid a boundary, say.
_ROUNDS = 4
#: No message is like that; whatever is beyond gets CRLF and loses its NULs, so that time and memory have a bound.
_DEEPEST, _MOST_PARTS, _LARGEST_HEAD = 60, 10_000, 256 << 10
_DELIMITER_REST = re.compile(rb"(--)?[ \t]*\r*(?:\n|\Z)")
_HEAD_END = re.compile(rb"(?<![^\n])[\r\0]*\n")
_MESSAGES = frozenset({b"message/rfc822", b"message/global", b"message/news"})
_ENCODING = b"content-transfer-encoding"
_ENDS = "line ends made CRLF"


@dataclass(frozen=True, slots=True)
class Repair:
    """A mended message: its bytes, and what was changed, in words."""

    data: bytes
    changes: tuple[str, ...]


def repaired(data: bytes) -> Repair | None:
    """The message mended; None where there is nothing to mend. Takes up to six times its size in memory."""
    changes: Changes = {}
    better = data
    for _ in range(_ROUNDS):
        pieces = _message(better, changes)
        if _is(better, pieces):
            break
        better = b"".join(pieces)
    return Repair(better, tuple(changes)) if better is not data else None


def _is(data: bytes, pieces: Sequence[bytes]) -> bool:
    """Whether the pieces make up just these bytes; without putting them together."""
    place = 0
    for piece in pieces:
        if not data.startswith(piece, place):
            return False
        place += len(piece)
    return place == len(data)


def _message(data: bytes, changes: Changes) -> list[bytes]:
    if b"\r" in data and b"\n" not in data:  # as an old Macintosh ended its lines
        changes[_ENDS] = None
        data = data.replace(b"\r", b"\r\n")
    if data.startswith(codecs.BOM_UTF8) and repair_head.begins(data[len(codecs.BOM_UTF8) :]):
        changes["a byte order mark removed"] = None
        data = data[len(codecs.BOM_UTF8) :]
    walk = _Walk(data, changes)
    walk.entity(0, len(data), 0, message=True)
    return walk.out


@dataclass(frozen=True, slots=True)
class _Delimiter:
    """A line between two parts: where it begins, where it ends with its line end, whether it is the last one."""

    start: int
    end: int
    closes: bool


@dataclass(slots=True)
class _Walk:
    """Goes through a message part by part, and puts out what each becomes; a part that is well stays a slice."""

    data: bytes
    changes: Changes
    out: list[bytes] = field(default_factory=list)

    def entity(self, start: int, end: int, depth: int, *, message: bool, default: bytes = b"text/plain") -> None:
        """A message, or a part of one: header, empty line, body. `default` is its type where it says none."""
        data, changes = self.data, self.changes
        gap = _HEAD_END.search(data, start, end)
        head = data[start : gap.start() if gap else end]
        if len(head) > _LARGEST_HEAD:
            self.out.append(repair_body.plain(data[start:end], changes))
            return
        body = gap.end() if gap else end
        fields, begins = repair_head.read(head, changes)
        between = b"\r\n" if gap else b""
        if begins < len(head):
            changes["an empty line put between header and body"] = None
            between, body = b"\r\n", start + begins
        elif gap:
            repair_body.plain(gap[0], changes)
        fields = repair_head.mended(fields, changes, top=depth == 0)
        kind = Kind.of(fields, default)
        place = len(self.out)
        encoding = self._body(body, end, kind, depth)
        if encoding is not None:
            _encode(fields, encoding, message=message)
        lines = b"\r\n".join(fields) + b"\r\n" if fields else b""
        if not between and depth and lines and not head.endswith(b"\n"):
            lines = lines[:-2]  # what comes next brings the line end
        elif not between and lines and not head.endswith(b"\n"):
            changes[_ENDS] = None
        self.out[place:place] = (lines, between)

    def _body(self, start: int, end: int, kind: Kind, depth: int) -> bytes | None:
        """Put a body out; the encoding that it has now, where that is a new one."""
        if kind.type == b"multipart/signed":
            text = self.data[start:end]
            self.out.append(crlf(text))
            if self.out[-1] is not text:
                self.changes[_ENDS] = None
            return None
        if depth < _DEEPEST:
            if kind.type.startswith(b"multipart/") and kind.boundary and self._parts(start, end, kind, depth + 1):
                return None
            if kind.type in _MESSAGES and kind.unencoded:
                self.entity(start, end, depth + 1, message=True)
                return None
        body, encoding = repair_body.mended(self.data[start:end], kind, self.changes)
        self.out.append(body)
        return encoding

    def _parts(self, start: int, end: int, kind: Kind, depth: int) -> bool:
        """Put out what a multipart holds; False where its boundary is nowhere, or everywhere."""
        if self.data.count(b"--" + kind.boundary, start, end) > _MOST_PARTS:
            return False
        default = b"message/rfc822" if kind.type == b"multipart/digest" else b"text/plain"
        last: _Delimiter | None = None
        for found in self._delimiters(kind.boundary, start, end):
            text_end = self._line_end_before(found.start, last.end if last else start)
            if last is None:
                self.out.append(repair_body.around(self.data[start:text_end], self.changes))
            else:
                self.entity(last.end, text_end, depth, message=False, default=default)
            self.out.append(repair_body.plain(self.data[text_end : found.end], self.changes))
            last = found
        if last is None:
            return False
        if last.closes:
            self.out.append(repair_body.around(self.data[last.end : end], self.changes))
        else:
            self.entity(last.end, end, depth, message=False, default=default)
        return True

    def _delimiters(self, boundary: bytes, start: int, end: int) -> Iterator[_Delimiter]:
        """The lines between parts, up to the one that closes the multipart, if it is closed at all."""
        line = b"--" + boundary
        place = start
        while (place := self.data.find(line, place, end)) >= 0:
            rest = _DELIMITER_REST.match(self.data, place + len(line), end)
            if rest and (place == start or self.data[place - 1] == ord("\n")):
                yield _Delimiter(place, rest.end(), closes=rest[1] is not None)
                if rest[1]:
                    return
            place += len(line)

    def _line_end_before(self, place: int, start: int) -> int:
        """Where the line end before a boundary begins, which belongs to the boundary (RFC 2046, 5.1.1)."""
        if place > start:
            place -= 1
            while place > start and self.data[place - 1] == ord("\r"):
                place -= 1
        return place


def _encode(fields: list[bytes], encoding: bytes, *, message: bool) -> None:
    """Say in the header how the body is encoded."""
    names = [name.partition(b":")[0].lower() for name in fields]
    if _ENCODING in names:
        place = names.index(_ENCODING)
        fields[place] = fields[place].partition(b":")[0] + b": " + encoding
    else:
        fields.append(b"Content-Transfer-Encoding: " + encoding)
    if message and b"mime-version" not in names:
        fields.append(b"MIME-Version: 1.0")
