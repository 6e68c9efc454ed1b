"""A tiny IMAP server that says what a test tells it to: for the lies that no real server tells on demand."""

import socket
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

#: What to send: TAG stands for the command's tag, CLOSE at the end hangs up. PLAIN at the beginning: not compressed,
#: whatever was agreed.
Answer = bytes | Callable[[str], bytes]

_GREETING = b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready\r\n"
_USUAL: dict[str, bytes] = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK done\r\n",
    "AUTHENTICATE": b"TAG OK signed in\r\n",
    "LOGIN": b"TAG OK signed in\r\n",
    "EXAMINE": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n* OK [UIDNEXT 4] next\r\nTAG OK [READ-ONLY] done\r\n",
    "LOGOUT": b"* BYE bye\r\nTAG OK done\r\nCLOSE",
}


class Scripted:
    """Answers a command by its name (``UID FETCH``, ``EXAMINE``): the n-th time with the n-th answer, then the last.

    What is not scripted is OK. `seen` holds the commands without their tags, literals in place; `greeting` comes
    first on each connection. After an OK to COMPRESS all is compressed, the rest of that answer included.
    """

    host = "127.0.0.1"

    def __init__(self, script: Mapping[str, Answer | Sequence[Answer]], greeting: bytes = _GREETING) -> None:
        self._script = {name: [said] if isinstance(said, bytes) or callable(said) else list(said)
                        for name, said in {**_USUAL, **script}.items()}  # fmt: skip
        self._greeting = greeting
        self._listener = socket.create_server((self.host, 0))
        self._thread = threading.Thread(target=self._serve)
        self._ending = False
        self._peer: socket.socket | None = None
        self.port: int = self._listener.getsockname()[1]
        self.seen: list[str] = []
        self.connections = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending = True
        if self._peer is not None:
            with suppress(OSError):  # it is gone already
                self._peer.shutdown(socket.SHUT_RDWR)
        socket.create_connection((self.host, self.port)).close()  # wakes accept
        self._thread.join()
        self._listener.close()

    def count(self, name: str) -> int:
        """How often a command came."""
        return sum(1 for command in self.seen if command.upper().startswith(name))

    def _serve(self) -> None:
        while True:
            peer, _ = self._listener.accept()
            with peer:
                if self._ending:
                    return
                self._peer = peer
                self.connections += 1
                with suppress(ConnectionError):  # the client hung up
                    self._talk(peer)

    def _talk(self, peer: socket.socket) -> None:
        talk = _Talk(peer)
        talk.send(self._greeting)
        while line := talk.readline():
            tag, _, command = line.rstrip(b"\r\n").partition(b" ")
            rest = command
            while rest.endswith(b"}"):
                size = rest[rest.rindex(b"{") + 1 : -1]
                if not size.endswith(b"+"):
                    talk.send(b"+ go on\r\n")
                literal = talk.read(int(size.rstrip(b"+")))
                rest = talk.readline().rstrip(b"\r\n")
                command += b"\r\n" + literal + rest
            if command.upper().startswith(b"AUTHENTICATE"):
                talk.send(b"+ \r\n")
                command += b" " + talk.readline().rstrip(b"\r\n")
            text = command.decode("utf-8", "surrogateescape")
            self.seen.append(text)
            answer = self._answer(text).replace(b"TAG", tag)
            said = answer.removesuffix(b"CLOSE")
            if text == "COMPRESS DEFLATE" and said.startswith(tag + b" OK"):
                talk.compress(said)
            else:
                talk.send(said)
            if answer.endswith(b"CLOSE"):
                return

    def _answer(self, command: str) -> bytes:
        words = command.upper().split(" ", 2)
        name = " ".join(words[:2]) if words[0] == "UID" else words[0]
        answers = self._script.get(name)
        if not answers:
            return b"TAG OK done\r\n"
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, bytes) else answer(command)


class _Talk:
    """Lines and bytes to and from one client, as they are or compressed (RFC 4978)."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._held = b""
        self._inflater: Any = None
        self._deflater: Any = None

    def compress(self, said: bytes) -> None:
        """From now on; what follows the first line of `said` comes with it in one piece."""
        line, end, rest = said.partition(b"\r\n")
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        self._peer.sendall(line + end + self._packed(rest))

    def send(self, data: bytes) -> None:
        self._peer.sendall(self._packed(data))

    def readline(self) -> bytes:
        """One line with its end; nothing at the end of the connection."""
        while b"\n" not in self._held and self._more():
            pass
        return self.read(self._held.find(b"\n") + 1)

    def read(self, size: int) -> bytes:
        """So many bytes; less at the end of the connection."""
        while len(self._held) < size and self._more():
            pass
        data, self._held = self._held[:size], self._held[size:]
        return data

    def _more(self) -> bool:
        data = self._peer.recv(1 << 16)
        self._held += self._inflater.decompress(data) if self._inflater else data
        return bool(data)

    def _packed(self, data: bytes) -> bytes:
        if data.startswith(b"PLAIN"):
            return data.removeprefix(b"PLAIN")
        if self._deflater is None or not data:
            return data
        packed: bytes = self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)
        return packed
