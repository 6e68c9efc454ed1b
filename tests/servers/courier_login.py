"""Courier's front door: takes connections, signs users in, and hands each connection to Courier's own imapd.

Courier's sign-in asks a daemon behind a socket at a fixed place of the system, which no test may touch; hence this one.
It knows LOGIN alone, as Courier does without TLS. Beside it runs gam_server, which tells imapd when a lock is free:
without one, imapd looks for it in vain for 1.2 s each time (measured with 5.0).

A program of its own, of the standard library only. All it starts ends with it.
"""

import argparse
import os
import re
import socket
import socketserver
import subprocess
from contextlib import suppress
from pathlib import Path

_ARGUMENT = re.compile(rb'"((?:[^"\\]|\\.)*)"|([^ "]+)')
_LITERAL = re.compile(rb"\{(\d+)\}$")
_SETTING = re.compile(r"^(IMAP_\w+)=(.*)$", re.MULTILINE)
_VARIABLE = re.compile(r"\$(\w+)")


def settings(file: Path) -> dict[str, str]:
    """What Courier's own configuration (a shell script of assignments) sets for imapd."""
    found: dict[str, str] = {}
    for name, value in _SETTING.findall(file.read_text(encoding="utf-8")):
        found[name] = _VARIABLE.sub(lambda match: found.get(match[1], ""), value.strip('"'))
    return found


def unprivileged(arguments: argparse.Namespace, *program: str) -> list[str]:
    """The command that runs a program as the mail user, to end when the process that began it does."""
    user = [f"--reuid={arguments.uid}", f"--regid={arguments.gid}", "--clear-groups"]
    return ["setpriv", *user, "--pdeathsig=TERM", *program]


class Door(socketserver.ForkingTCPServer):
    """Listens; each connection gets a process of its own, which becomes imapd."""

    allow_reuse_address = True
    max_children = 200
    request_queue_size = 64

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.environment = settings(arguments.root / "etc/courier/imapd")
        super().__init__(("127.0.0.1", arguments.port), Visitor)


class Visitor(socketserver.BaseRequestHandler):
    """One connection up to its sign-in."""

    server: Door

    def handle(self) -> None:
        """Answer until the user is known, then become imapd."""
        with suppress(ConnectionError):  # who only looked whether we are there
            self._answer(self.request)

    def _answer(self, connection: socket.socket) -> None:
        # A byte at a time from here on: what follows the sign-in is imapd's.
        self._input = connection.makefile("rb", buffering=0)
        offers = self.server.environment["IMAP_CAPABILITY"].encode()
        connection.sendall(b"* OK [CAPABILITY %b] Courier-IMAP ready.\r\n" % offers)
        while line := self._input.readline():
            tag, _, rest = line.strip().partition(b" ")
            verb, _, rest = rest.partition(b" ")
            answer = b"BAD Not before the sign-in."
            if verb.upper() == b"LOGIN":
                user, password = self._arguments(rest)
                if password == os.environ["COURIER_PASSWORD"].encode():
                    self._become_imapd(user.decode(), tag.decode())
                answer = b"NO Login failed."
            elif verb.upper() == b"CAPABILITY":
                connection.sendall(b"* CAPABILITY %b\r\n" % offers)
                answer = b"OK CAPABILITY completed"
            elif verb.upper() == b"NOOP":
                answer = b"OK NOOP completed"
            elif verb.upper() == b"LOGOUT":
                connection.sendall(b"* BYE Courier-IMAP server shutting down\r\n%b OK LOGOUT completed\r\n" % tag)
                return
            connection.sendall(b"%b %b\r\n" % (tag, answer))

    def _arguments(self, text: bytes) -> tuple[bytes, bytes]:
        """User and password: atoms, quoted strings or literals."""
        found: list[bytes] = []
        while True:
            announced = _LITERAL.search(text)
            for quoted, atom in _ARGUMENT.findall(text[: announced.start()] if announced else text):
                found.append(atom or re.sub(rb"\\(.)", rb"\1", quoted))
            if not announced:
                return found[0], found[-1]
            self.request.sendall(b"+ OK\r\n")
            left = int(announced[1])
            literal = b""
            while len(literal) < left:
                literal += self._input.read(left - len(literal))
            found.append(literal)
            text = self._input.readline().strip()

    def _become_imapd(self, user: str, tag: str) -> None:
        arguments = self.server.arguments
        home = arguments.mail / user
        for name in ("cur", "new", "tmp"):
            (home / "Maildir" / name).mkdir(parents=True, exist_ok=True)
        for folder in (home, home / "Maildir", *(home / "Maildir").iterdir()):
            if folder.stat().st_uid != arguments.uid:
                os.chown(folder, arguments.uid, arguments.gid)
        environment = self.server.environment | {
            "PATH": "/usr/bin:/bin",
            "LD_LIBRARY_PATH": os.environ["LD_LIBRARY_PATH"],
            "HOME": str(home),
            "AUTHENTICATED": user,
            "IMAPLOGINTAG": tag,
            "PROTOCOL": "IMAP",
            "TCPREMOTEIP": "127.0.0.1",
            "TCPREMOTEPORT": "1",
            "GAM_CLIENT_ID": arguments.mail.parent.name,
        }
        os.chdir(home)
        for number in (0, 1):
            os.dup2(self.request.fileno(), number)
        command = unprivileged(arguments, str(arguments.root / "usr/bin/imapd"), "Maildir")
        os.execvpe(command[0], command, environment)


def main() -> None:
    """Serve until this process is ended; what it gave away ends with it. The password is in COURIER_PASSWORD."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True, help="where Courier's packages are unpacked")
    parser.add_argument("--mail", type=Path, required=True, help="the folder of the users' homes")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--uid", type=int, required=True)
    parser.add_argument("--gid", type=int, required=True)
    arguments = parser.parse_args()
    watcher = str(arguments.root / "usr/libexec/gam_server")
    subprocess.Popen(unprivileged(arguments, watcher, "--notimeout", arguments.mail.parent.name))
    with Door(arguments) as door:
        door.serve_forever()


if __name__ == "__main__":
    main()
