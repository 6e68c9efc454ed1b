"""The practice Exchange as a whole: `PracticeExchange` is started, told what to do, and looked into.

with PracticeExchange(folder) as server:
    server.add_mailbox("ann@example.com", "secret")
    server.next("CreateItem", Busy(back_off_ms=300))
    ...
    assert [item.is_draft for item in server.mailbox("ann@example.com").items("inbox")] == [False]
"""

import logging
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock, Thread, current_thread
from typing import Self

from tests.sandbox import folders
from tests.sandbox.access import Access, Account, Token
from tests.sandbox.connection import Connection, Limit
from tests.sandbox.database import Database
from tests.sandbox.mailbox import Mailbox
from tests.sandbox.outcomes import Outcome
from tests.sandbox.schemas import compiled
from tests.sandbox.script import Request, Rule, Script, Seen
from tests.sandbox.service import Pace, Service
from tests.sandbox.signin import BOTH, SignIn
from tests.sandbox.throttling import Policy, Throttle

_LOG = logging.getLogger("tests.sandbox")


class PracticeExchange:
    """An EWS server on a loopback port, with its mailboxes in `data`.

    `schemas` is the folder with Microsoft's schemas; without it nothing is validated. `certificate` and `key` (PEM
    files) make it speak TLS. `durable` also survives a power cut. `schemes` are the ways to sign in. `limit` (request
    size), `pace` (seconds a request and an item take) and `policy` (throttling) may be changed while it runs.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int = 0,
        schemas: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        schemes: tuple[str, ...] = BOTH,
        durable: bool = False,
        host: str = "127.0.0.1",
    ) -> None:
        if schemas is None:
            _LOG.warning("validation against the EWS schemas is off: no schema folder was given")
        self._database = Database(data, durable=durable)
        self._access = Access()
        self._script = Script()
        self._service = Service(
            self._database, self._access, self._script, None if schemas is None else compiled(schemas)
        )
        self._schemes = schemes
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificate, key)
        self.data = data
        self._host, self._port = host, port
        self._listener: socket.socket | None = None
        self._open: set[Connection] = set()
        self._threads: set[Thread] = set()
        self._lock = Lock()
        self._stopping = False
        self.limit = Limit()
        self.connections = 0  # how many were ever made

    # Running

    def start(self) -> None:
        """Listen, and answer in threads of its own."""
        self._listener = socket.create_server((self._host, self._port), backlog=128)
        self._port = self._listener.getsockname()[1]
        self._stopping = False
        accepting = Thread(target=self._accept, args=(self._listener,), name="practice-exchange", daemon=True)
        self._threads.add(accepting)
        accepting.start()

    def stop(self) -> None:
        """Stop listening, end every connection, wait for what is being stored, close the disk. May be repeated."""
        with self._lock:
            self._stopping = True
            open_now = list(self._open)
            listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in open_now:
            connection.shut()
        while True:
            with self._lock:
                threads = list(self._threads)
            if not threads:
                break
            for thread in threads:
                thread.join()
                with self._lock:
                    self._threads.discard(thread)
        self._service.settle()
        self._database.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where clients find it."""
        scheme = "http" if self._context is None else "https"
        return f"{scheme}://{self._host}:{self._port}/EWS/Exchange.asmx"

    # Who is there

    def add_mailbox(
        self,
        address: str,
        password: str | None = None,
        *,
        language: str = "en",
        message_limit: int | None = None,
        quota: int | None = None,
    ) -> Mailbox:
        """Make a mailbox with its default folders, unless it is there; with a password its owner can sign in."""
        with self._database.writing() as db:
            folders.make_mailbox(db, address, language)
        found = self.mailbox(address)
        found.limit(message=message_limit, quota=quota)
        if password is not None:
            self._access.add(Account(address, password, mailbox=address))
        return found

    def add_account(self, username: str, password: str, *, impersonation: bool = True) -> None:
        """Make an account; with the right to impersonate, unless told otherwise. A mailbox of that name is its own."""
        with self._database.reading() as db:
            own = folders.find_mailbox(db, username)
        mailbox = None if own is None else own.address
        self._access.add(Account(username, password, impersonation=impersonation, mailbox=mailbox))

    def add_token(self, token: str, account: str, *, expires: datetime | None = None) -> None:
        """Give out an access token for an account, good until `expires` (UTC)."""
        self._access.add_token(token, Token(account, expires))

    @property
    def lock_after(self) -> int | None:
        """After how many wrong passwords in a row an account is locked; None for never. May be changed."""
        return self._access.lock_after

    @lock_after.setter
    def lock_after(self, wrong: int | None) -> None:
        self._access.lock_after = wrong

    def grant(self, account: str, address: str) -> None:
        """Give an account full access to a mailbox (delegate access)."""
        self._access.grant(account, address)

    def mailbox(self, address: str) -> Mailbox:
        """Look into a mailbox, past the protocol. Raises KeyError when there is none."""
        return Mailbox(self._database, address)

    # What goes wrong

    def next(self, operation: str | None, *outcomes: Outcome, times: int | None = 1, after: int = 0) -> None:
        """What becomes of the next `times` requests of that operation (None: any), `after` others have gone through."""
        self._script.add(Rule(outcomes, operation=operation, times=times, after=after))

    def when(
        self, condition: Callable[[Request], bool], *outcomes: Outcome, times: int | None = None, after: int = 0
    ) -> None:
        """What becomes of every request that fulfils a condition; of the first `times` of them, where given."""
        self._script.add(Rule(outcomes, when=condition, times=times, after=after))

    def script(self, *rules: Rule) -> None:
        """Add whole rules."""
        for rule in rules:
            self._script.add(rule)

    def clear_script(self) -> None:
        """From now on everything goes well."""
        self._script.clear()

    @property
    def script_left(self) -> int:
        """How many limited rules were not used up: 0 when all that was planned has happened."""
        return self._script.left

    def settle(self) -> None:
        """Wait until all that is stored late has been stored."""
        self._service.settle()

    @property
    def pace(self) -> Pace:
        """How long a request and an item take; may be changed."""
        return self._service.pace

    @property
    def strict(self) -> bool:
        """Whether it takes no message whose form is wrong (tests.sandbox.message.form); may be changed."""
        return self._service.strict

    @strict.setter
    def strict(self, strict: bool) -> None:
        self._service.strict = strict

    @property
    def policy(self) -> Policy:
        """How much may be asked of the server; setting it fills every budget anew."""
        return self._service.throttle.policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        self._service.throttle = Throttle(policy)

    # What was seen

    @property
    def requests(self) -> list[Seen]:
        """Every signed-in request so far, in the order of the answers."""
        return self._service.requests

    @property
    def schema_errors(self) -> list[str]:
        """Answers of ours that broke the schema: defects of the practice Exchange."""
        return self._service.schema_errors

    @property
    def errors(self) -> list[BaseException]:
        """Faults of the practice Exchange itself."""
        return self._service.errors

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _address = listener.accept()
            except OSError:  # closed by `stop`
                return
            thread = Thread(target=self._serve, args=(sock,), name="practice-exchange-connection", daemon=True)
            with self._lock:
                self.connections += 1
                self._threads.add(thread)
            thread.start()

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is not None:
            try:
                sock = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            except OSError:  # gone already
                sock.close()
                return
        connection = Connection(sock, SignIn(self._access, self._schemes), self._service.answer, self.limit)
        with self._lock:
            if self._stopping:
                connection.reset()
                return
            self._open.add(connection)
        try:
            connection.serve()
        finally:
            with self._lock:
                self._open.discard(connection)
                self._threads.discard(current_thread())
