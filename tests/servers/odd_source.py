"""An IMAP server that answers from a model, however large, and lies on order: a source that no real server plays.

It knows what a client that only reads may say. Any password is right.
"""

import base64
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

_GREETING = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n"
_SET = re.compile(r"(\d+)(?::(\d+|\*))?")
_PART = re.compile(r"BODY\.PEEK\[\]<(\d+)\.(\d+)>")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')


def short_message(uid: int) -> bytes:
    """What message of this UID is, where nothing else is said."""
    return b"Message-ID: <%d@odd.example>\r\nSubject: %d\r\n\r\nnumber %d\r\n" % (uid, uid, uid)


@dataclass
class Box:
    """One folder. `uids` ascend; `size` is what RFC822.SIZE says, None: the truth."""

    uids: Sequence[int] = ()
    message: Callable[[int], bytes] = short_message
    size: Callable[[int], int] | None = None
    uidvalidity: int = 7

    @property
    def last(self) -> int:
        """The highest UID; 0 where there is none."""
        return self.uids[-1] if self.uids else 0


@dataclass
class Account:
    """One user's folders by their names on the wire."""

    boxes: dict[bytes, Box] = field(default_factory=lambda: {b"INBOX": Box()})


#: Gets the command without its tag and the true answer; returns what is sent. TAG stands for the command's tag, CLOSE
#: at the end hangs up.
Tongue = Callable[[str, bytes], bytes]


class OddSource:
    """Use it in a `with` block. `accounts` by login; `tongue` says what is sent to a login instead of the truth.

    `seen` holds each login's commands; `connections` counts those it signed in on.
    """

    host = "127.0.0.1"

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.tongue: dict[str, Tongue] = {}
        self.seen: dict[str, list[str]] = {}
        self.connections: dict[str, int] = {}
        self._listener = socket.create_server((self.host, 0), backlog=100)
        self._lock = threading.Lock()
        self._peers: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept)]
        self._problems: list[BaseException] = []
        self._ending = False
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._ending = True
            for peer in self._peers:
                with suppress(OSError):  # it is gone already
                    peer.shutdown(socket.SHUT_RDWR)
        socket.create_connection((self.host, self.port)).close()  # wakes accept
        for thread in self._threads:
            thread.join()
        self._listener.close()
        assert self._problems == []

    def add(self, login: str, **boxes: Box) -> Account:
        """A user; INBOX is there, empty, when it is not given."""
        account = self.accounts.setdefault(login, Account())
        account.boxes |= {name.encode(): box for name, box in boxes.items()}
        return account

    def _accept(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            with self._lock:
                if self._ending:
                    peer.close()
                    return
                self._peers.add(peer)
                self._threads.append(threading.Thread(target=self._serve, args=(peer,)))
                self._threads[-1].start()

    def _serve(self, peer: socket.socket) -> None:
        try:
            with peer, suppress(OSError):  # the client hung up
                _Session(self, peer).talk()
        except BaseException as error:  # noqa: BLE001  told when the server ends
            self._problems.append(error)
        finally:
            with self._lock:
                self._peers.discard(peer)


class _Session:
    def __init__(self, server: OddSource, peer: socket.socket) -> None:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = server
        self._peer = peer
        self._lines = peer.makefile("rb")
        self._login = ""
        self._box = Box()

    def talk(self) -> None:
        self._peer.sendall(_GREETING)
        with self._lines:
            while line := self._lines.readline():
                tag, _, command = self._whole(line).partition(b" ")
                text = command.decode("utf-8", "surrogateescape")
                if text.upper().startswith("AUTHENTICATE PLAIN"):
                    answer = self._sign_in()
                else:
                    self._server.seen[self._login].append(text) if self._login else None
                    answer = self._true(text)
                    tongue = self._server.tongue.get(self._login)
                    answer = answer if tongue is None else tongue(text, answer)
                self._peer.sendall(answer.removesuffix(b"CLOSE").replace(b"TAG", tag))
                if answer.endswith(b"CLOSE"):
                    return

    def _whole(self, line: bytes) -> bytes:
        """A command with its literals as quoted strings."""
        line = line.rstrip(b"\r\n")
        while line.endswith(b"}"):
            start = line.rindex(b"{")
            self._peer.sendall(b"+ go on\r\n")
            literal = self._lines.read(int(line[start + 1 : -1]))
            line = line[:start] + _quoted(literal) + self._lines.readline().rstrip(b"\r\n")
        return line

    def _sign_in(self) -> bytes:
        self._peer.sendall(b"+ \r\n")
        self._login = base64.b64decode(self._lines.readline()).split(b"\0")[1].decode()
        if self._login not in self._server.accounts:
            return b"TAG NO [AUTHENTICATIONFAILED] nobody\r\n"
        self._server.connections[self._login] = self._server.connections.get(self._login, 0) + 1
        self._server.seen.setdefault(self._login, [])
        return b"TAG OK signed in\r\n"

    # --- the truth -------------------------------------------------------------------------------------------------

    def _true(self, command: str) -> bytes:
        """The honest answer to a command."""
        words = command.split(" ")
        verb = " ".join(words[:2]) if words[0].upper() == "UID" else words[0]
        if verb.upper() == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK done\r\n"
        if verb.upper() == "LOGOUT":
            return b"* BYE bye\r\nTAG OK done\r\nCLOSE"
        if verb.upper() in {"LIST", "LSUB"}:
            return self._list(verb.upper(), command)
        if verb.upper() == "EXAMINE":
            return self._examine(command)
        if verb.upper() == "UID SEARCH":
            return self._search(words[2:])
        if verb.upper() == "UID FETCH":
            return b"".join(self._fetch(words[2], command.partition(" (")[2]))
        return b"TAG OK done\r\n"

    def _list(self, verb: str, command: str) -> bytes:
        pattern = _names(command)[1]
        found = [
            b'* %b () "/" %b\r\n' % (verb.encode(), wire(name))
            for name in self._server.accounts[self._login].boxes
            if pattern in {b"*", name} or (b"%" in pattern and len(name) == len(pattern))
        ]
        return b"".join(found) + b"TAG OK done\r\n"

    def _examine(self, command: str) -> bytes:
        box = self._server.accounts[self._login].boxes.get(_names(command)[0])
        if box is None:
            self._box = Box()
            return b"TAG NO [NONEXISTENT] there is no such mailbox\r\n"
        self._box = box
        return (
            b"* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"
            b"* %d EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY %d] valid\r\n* OK [UIDNEXT %d] next\r\n"
            b"TAG OK [READ-ONLY] done\r\n" % (len(self._box.uids), box.uidvalidity, box.last + 1)
        )

    def _search(self, words: Sequence[str]) -> bytes:
        uids: Iterable[int] = ()
        if words == ["ALL"]:
            uids = self._box.uids
        elif words[0] == "UID":
            uids = self._among(words[1])
        return b"* SEARCH%b\r\nTAG OK done\r\n" % b"".join(b" %d" % uid for uid in uids)

    def _fetch(self, which: str, what: str) -> Iterator[bytes]:
        box = self._box
        for uid in self._among(which):
            size = len(box.message(uid)) if box.size is None else box.size(uid)
            items = [b"UID %d" % uid]
            if "FLAGS" in what:
                items.append(b"FLAGS (\\Seen)")
            if "INTERNALDATE" in what:
                items.append(b'INTERNALDATE "%02d-Mar-2019 06:07:08 +0000"' % (1 + uid % 28))
            if "RFC822.SIZE" in what:
                items.append(b"RFC822.SIZE %d" % size)
            if part := _PART.search(what):
                start, length = int(part[1]), int(part[2])
                piece = box.message(uid)[start : start + length]
                items.append(b"BODY[]<%d> {%d}\r\n%b" % (start, len(piece), piece))
            elif "BODY.PEEK[]" in what:
                items.append(b"BODY[] {%d}\r\n%b" % (len(box.message(uid)), box.message(uid)))
            yield b"* %d FETCH (%b)\r\n" % (box.uids.index(uid) + 1, b" ".join(items))
        yield b"TAG OK done\r\n"

    def _among(self, which: str) -> list[int]:
        """The UIDs of a set that are there, ascending."""
        found: set[int] = set()
        for first, last in _SET.findall(which):
            end = int(first) if not last else self._box.last if last == "*" else int(last)
            found.update(uid for uid in range(int(first), end + 1) if uid in self._box.uids)
        return sorted(found)


def wire(name: bytes) -> bytes:
    """A folder's name as LIST has it: quoted, or as a literal where it cannot be."""
    return b"{%d}\r\n%b" % (len(name), name) if set(b"\r\n\0") & set(name) else _quoted(name)


def _quoted(name: bytes) -> bytes:
    return b'"' + name.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def _names(command: str) -> list[bytes]:
    """The quoted strings of a command."""
    data = command.encode("utf-8", "surrogateescape")
    return [re.sub(rb"\\(.)", rb"\1", name) for name in _QUOTED.findall(data)]
