"""APPEND into the selected folder: byte for byte, many in flight, large messages in constant memory.

With LITERAL+ (RFC 7888) a message follows its command at once, and the answers are read afterwards, in order. With
LITERAL- that goes for up to 4096 bytes. Every other message waits for the server's go-ahead, which is asked for along
with the message before, so that it costs one round trip and not two.

With MULTIAPPEND (RFC 3502) many small messages go out in one command, which Dovecot stores five times as fast
(measured). One answer is for all of them then: they should be stored together or not at all.

After a BAD to a message that followed at once, the server may read the message as commands: Dovecot 2.3 carried a line
of one out and answered it (measured). So nothing that a server could call BAD goes out that way, odd dates and large
messages wait for the go-ahead, as does whatever reads like commands, and after any BAD to a message nothing more is
sent: the caller must drop the connection.
"""

import re
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from core.imap.answers import failure_of
from core.imap.disguise import holds_command
from core.imap.wire import Completion, Response, Wire, numbers
from core.mail.body import Body
from core.mail.dates import internaldate
from core.ports.failure import Action, Side

_UID_SET = re.compile(r"[0-9]+(?:[:,][0-9]+)*")
#: Bytes gathered before they are sent.
_FLUSH = 1 << 16
#: A larger message waits for the go-ahead: that costs it less time than to look at each of its lines.
_UNASKED = 1 << 20
#: So many messages, and bytes, in one command at most; fewer than `_WORTH_IT` get a command and an answer each.
_TOGETHER, _TOGETHER_BYTES, _WORTH_IT = 64, 1 << 20, 16
#: APPENDs without an answer. Their answers must fit into the socket buffers, else both sides wait for each other.
_IN_FLIGHT = 512
#: Every server keeps a date between these. Dovecot, Cyrus and Courier change or refuse others, some with a BAD.
SURE_DATES = (datetime(1970, 1, 2, tzinfo=UTC), datetime(2038, 1, 18, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to append, with flags that the folder is known to keep. `ask` wants the server's go-ahead first."""

    body: Body
    flags: tuple[str, ...] = ()
    received: datetime | None = None
    ask: bool = False


def sure_date(moment: datetime) -> bool:
    """Whether every server stores this INTERNALDATE as it is."""
    return SURE_DATES[0] <= moment <= SURE_DATES[1]


def nearest_sure_date(moment: datetime) -> datetime:
    """The closest that every server stores as it is."""
    return min(max(moment, SURE_DATES[0]), SURE_DATES[1])


def unasked(capabilities: Collection[str]) -> int:
    """The largest literal that may be sent without a go-ahead, in bytes; -1: none."""
    if "LITERAL+" in capabilities:
        return sys.maxsize
    return 4096 if "LITERAL-" in capabilities else -1


def appended(completion: Completion) -> list[str] | None:
    """The items ``uidvalidity:uid`` of an APPENDUID response code, in the order of the messages (RFC 4315, section 3).

    None where there is none that can be read.
    """
    validity, _, uids = completion.argument.partition(" ")
    if completion.code != "APPENDUID" or not validity.isdecimal() or not _UID_SET.fullmatch(uids):
        return None
    return [f"{validity}:{uid}" for uid in numbers(uids.encode())]


class Pipeline:
    """Sends letters to one folder over one wire. `answers`, `begun` and `redated` stay true when `run` raises.

    `folder` is the selected folder's name, without CR, LF and NUL. `answers` holds one Completion a letter, None while
    there is none. `begun` are the letters of which a byte may have left: without an answer, those are in doubt.
    `redated` are those with a date that the server refuses: they went with the nearest that every server takes.
    With `multi` (MULTIAPPEND) several may share a command and its answer; `groups` are the letters of each command.
    """

    def __init__(
        self, wire: Wire, folder: bytes, letters: Sequence[Letter], unasked: int, *, multi: bool = False
    ) -> None:
        self.answers: list[Completion | None] = [None] * len(letters)
        self.begun: set[int] = set()
        self.redated: set[int] = set()
        self.groups: list[list[int]] = []
        self._multi = multi and unasked > _UNASKED
        self._wire = wire
        # Some servers list names with 8-bit bytes and take them back so; not all: ask first.
        self._folder = b'"' + folder.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
        self._odd_folder = not folder.isascii()
        self._letters = letters
        self._unasked = unasked
        self._buffer = bytearray()
        self._waiting: dict[bytes, list[int]] = {}  # tag to letters, in the order sent
        self._go = False
        self._bad = False

    @property
    def bad(self) -> bool:
        """Whether a message was answered with BAD: the connection must be dropped."""
        return self._bad

    def run(self) -> None:
        """Send every letter and read every answer, up to the first BAD to a message.

        Raises what the wire raises, and ValueError for a body whose size is not what it says.
        """
        for group, free in self._commands():
            self.groups.append(group)
            if free:
                self._at_once(group)
            else:
                (index,) = group
                go = self._ask(index, self._letters[index])
                if self._bad:
                    return
                if not go:
                    continue
                self._body(index, self._letters[index])
                self._put(b"\r\n")
            if len(self._waiting) >= _IN_FLIGHT:
                self._read_down_to(_IN_FLIGHT // 2)
                if self._bad:
                    return
        self._flush()
        self._read_down_to(0)

    def _commands(self) -> Iterator[tuple[list[int], bool]]:
        """The letters of each command, and whether they need no go-ahead."""
        run: list[int] = []
        size = 0
        for index, letter in enumerate(self._letters):
            free = self._is_free(letter)
            if not free or len(run) == _TOGETHER or size + letter.body.size > _TOGETHER_BYTES:
                yield from self._cut(run)
                run, size = [], 0
            if free:
                run.append(index)
                size += letter.body.size
            else:
                yield [index], False
        yield from self._cut(run)

    def _cut(self, run: list[int]) -> Iterator[tuple[list[int], bool]]:
        """Letters that need no go-ahead, in one command where that is worth it."""
        if self._multi and len(run) >= _WORTH_IT:
            yield run, True
        else:
            yield from (([index], True) for index in run)

    def _is_free(self, letter: Letter) -> bool:
        """Whether a message may follow its command at once."""
        return not (
            letter.ask
            or self._odd_folder
            or letter.body.size > min(self._unasked, _UNASKED)
            or not letter.body.in_memory
            or not (letter.received is None or sure_date(letter.received))
            or holds_command(letter.body.read())
        )

    def _at_once(self, group: list[int]) -> None:
        """Send letters in one command, without waiting for anything."""
        tag = self._wire.tag()
        self._waiting[tag] = group
        self._put(b"%b APPEND %b" % (tag, self._folder))
        for index in group:
            letter = self._letters[index]
            self.begun.add(index)
            self._put(b"%b {%d+}\r\n" % (_options(letter), letter.body.size))
            self._body(index, letter)
        self._put(b"\r\n")

    def _ask(self, index: int, letter: Letter) -> bool:
        """Send the command; whether its message may follow."""
        tag = self._wire.tag()
        self._waiting[tag] = [index]
        self._put(b"%b APPEND %b%b {%d}\r\n" % (tag, self._folder, _options(letter), letter.body.size))
        self._flush()
        self._go = False
        while not self._go and tag in self._waiting and not self._bad:
            self._read()
            if not self._go:
                # The answer to the message before; many servers hold the go-ahead back until that is acknowledged.
                self._wire.acknowledge()
        if letter.received is not None and not sure_date(letter.received) and self._refused(index):
            # Cyrus and Courier take no date before 1970; and the message has not left yet.
            self.answers[index] = None
            self.redated.add(index)
            return self._ask(index, replace(letter, received=nearest_sure_date(letter.received)))
        return self._go and not self._bad

    def _refused(self, index: int) -> bool:
        """Whether the server has refused the command of a letter for good."""
        answer = self.answers[index]
        if answer is None or answer.ok:
            return False
        return failure_of(answer, Side.DESTINATION, otherwise=Action.REJECT).action is Action.REJECT

    def _body(self, index: int, letter: Letter) -> None:
        self.begun.add(index)
        left = letter.body.size
        for piece in letter.body.chunks(_FLUSH):
            left -= len(piece)
            if left < 0:
                break
            self._put(piece)
        if left:
            raise ValueError(f"a message of {letter.body.size} bytes holds {letter.body.size - left}")

    def _put(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) >= _FLUSH:
            self._flush()

    def _flush(self) -> None:
        if self._buffer:
            data = bytes(self._buffer)
            self._buffer.clear()
            self._wire.send(data)

    def _read_down_to(self, waiting: int) -> None:
        self._flush()
        while len(self._waiting) > waiting and not self._bad:
            self._read()

    def _read(self) -> None:
        response: Response = self._wire.response()
        if response.tag == b"+":
            self._go = True
            return
        group = self._waiting.pop(response.tag, None)
        if group is None:
            response.close()  # EXISTS, RECENT, FLAGS and the like
            return
        completion = response.completion()
        for index in group:
            self.answers[index] = completion
        self._bad = self._bad or (completion.status == "BAD" and group[0] in self.begun)


def _options(letter: Letter) -> bytes:
    """What stands before the literal: flags and INTERNALDATE."""
    flags = " ".join(letter.flags).encode("ascii")
    date = b"" if letter.received is None else b' "%b"' % internaldate(letter.received).encode("ascii")
    return b" (%b)%b" % (flags, date)
