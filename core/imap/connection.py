"""One signed-in IMAP connection, made when first needed and again after it was lost.

`imapclient` opens and secures it (`core.imap.client`); from the sign-in on the conversation is ours
(`core.imap.wire`), because imapclient turns a link lost during sign-in into a refused password, and numeric keywords
into numbers (both measured with 4.1).
"""

import logging
import socket
import ssl
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from core.imap.administrator import administrator
from core.imap.answers import failure_of
from core.imap.client import dial
from core.imap.deflate import OFFER, Link, compress
from core.imap.signing_in import sign_in
from core.imap.wire import Completion, GarbledError, Response, Wire
from core.ports.failure import Action, EndpointError, Failure, Side, UnreachableError
from core.ports.guard import Guard, unguarded
from core.ports.lifeline import Lifeline, aborted
from core.ports.meter import UNLIMITED, Meter
from core.printable import printable_bytes
from core.secret import Secret, masked

#: All that may ever be said to a source: nothing here changes a mailbox.
SOURCE_VERBS = frozenset(
    {
        *(b"CAPABILITY", b"LOGIN", b"AUTHENTICATE", b"LOGOUT", b"NOOP", b"COMPRESS"),
        *(b"NAMESPACE", b"LIST", b"LSUB", b"EXAMINE", b"UID FETCH", b"UID SEARCH"),
    }
)
_LOG = logging.getLogger(__name__)
#: So many different alerts are kept until somebody asks.
_ALERTS = 20
_PARTING = 5.0  # seconds that a server has to say good-bye
#: Commands that change nothing at a destination, either.
_LOOKING = (*SOURCE_VERBS, b"SELECT", b"STATUS")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is and how the way there is secured."""

    host: str
    port: int
    security: Literal["tls", "starttls", "none"] = "tls"
    ca_file: Path | None = None
    verify: bool = True

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class AdminSignIn:
    """An administrator signing in for a user; `style` is ``authzid`` or a template such as ``{user}*{admin}``."""

    username: str
    style: str = "authzid"


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signs in. `password` gives the administrator's where there is one; it is asked anew at each sign-in."""

    username: str
    password: Callable[[], Secret]
    admin: AdminSignIn | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a connection, and for the next byte of an answer."""

    connect: float = 30.0
    read: float = 300.0


class Connection:
    """One mailbox on one server. Used by one thread at a time, but for `abort`.

    Every failure drops the connection and is an EndpointError; the next call makes a new one. `guard` is asked before
    anything leaves. `selected` is for `core.imap.selection` alone and None after each new connection. A destination's
    connection ends hard (SO_LINGER 0), so that nothing still in our buffers can be carried out after we have given up
    on it, or died: measured, the kernel goes on delivering what a killed process has left there.
    """

    def __init__(
        self,
        address: Address,
        sign_in: SignIn,
        side: Side,
        timeouts: Timeouts | None = None,
        *,
        spool: Path | None = None,
        meter: Meter = UNLIMITED,
    ) -> None:
        self.address = address
        self.side = side
        self.spool = spool
        self.capabilities: frozenset[str] = frozenset()
        self.selected: object = None
        self.guard: Guard = unguarded
        self._meter = meter
        self._sign_in = sign_in
        self._timeouts = timeouts or Timeouts()
        self._client: Any = None  # imapclient has no types
        self._wire: Wire | None = None
        self._secret: Secret | None = None  # kept so that it is known when the server repeats it
        self._refused: tuple[Secret, Failure] | None = None
        self._lifeline = Lifeline()
        self._changing = False  # a command is under way that changes something
        self._over = False
        self._alerts: dict[str, None] = {}  # each once, in their order

    def connect(self) -> None:
        """Sign in now, where that is not done yet."""
        with self.live():
            pass

    def has(self, capability: str) -> bool:
        """Whether the server offers this capability after the sign-in, which is made when it was not yet."""
        if not self.capabilities:
            self.connect()
        return capability in self.capabilities

    @property
    def is_open(self) -> bool:
        """Whether there is a connection now. A refusal leaves it open, every other failure does not."""
        return self._wire is not None

    @property
    def exists(self) -> int:
        """How many messages the selected folder holds now, as far as the server has said."""
        assert self._wire is not None
        return self._wire.exists

    @property
    def uidvalidity(self) -> int | None:
        """The UIDVALIDITY that the server has said last, of the selected folder; None while there is no connection."""
        return None if self._wire is None else self._wire.uidvalidity

    @contextmanager
    def live(self, *, changing: bool = False) -> Iterator[Wire]:
        """The signed-in wire. Whatever goes wrong inside drops the connection and leaves as EndpointError.

        `changing`: what is done with it changes something at the server.
        """
        if self._over:
            raise EndpointError(aborted(self.side))
        before, reached = self._changing, self._wire is not None
        try:
            if self._wire is None:
                self._open()
            reached = True
            assert self._wire is not None
            self._changing = changing
            yield self._wire
        except Exception as error:
            self.drop()
            failure = aborted(self.side) if self._lifeline.is_cut else failure_of(error, self.side)
            raise (EndpointError if reached else UnreachableError)(failure) from error
        except BaseException:
            self.drop()
            raise
        finally:
            self._changing = before

    def run(self, command: bytes, take: Callable[[Response], None] | None = None) -> Completion:
        """One command, to its end, whichever that is; `take` gets the untagged responses."""
        with self.live(changing=not command[:12].upper().startswith(_LOOKING)) as wire:
            return wire.run(command, take)

    def order(
        self, command: bytes, take: Callable[[Response], None] | None = None, *, otherwise: Action = Action.RETRY
    ) -> Completion:
        """As `run`, for a command that must succeed: NO and BAD are EndpointErrors; the connection stays."""
        done = self.run(command, take)
        if not done.ok:
            raise EndpointError(failure_of(done, self.side, otherwise=otherwise))
        return done

    def heard(self) -> Sequence[str]:
        """What the server wanted people to read (ALERT) since it was last asked, each text once."""
        alerts, self._alerts = self._alerts, {}
        return list(alerts)

    def abort(self, *, finish: bool = False) -> None:
        """End it for good, from any thread: the call that is under way fails at once, as does every later one.

        With `finish` a command that changes something is let come to its end first.
        """
        self._over = True
        if not (finish and self._changing):
            self._lifeline.cut()

    def drop(self) -> None:
        """End the connection without a word; never raises."""
        self._lifeline.let_go()
        client, self._client, self._wire, self.selected = self._client, None, None, None
        if client is None:
            return
        if self.side is Side.DESTINATION:
            with suppress(OSError):
                client.socket().close()  # before imaplib would send a polite end
        with suppress(OSError):
            client.shutdown()

    def close(self) -> None:
        """Sign out and end the connection; never raises."""
        wire = self._wire
        if wire is not None and not self._over:
            with suppress(Exception):  # BYE ends it as it should, and every other end is an end too
                self._client.socket().settimeout(_PARTING)
                wire.run(b"LOGOUT")
        self.drop()

    def _alert(self, text: bytes) -> None:
        if len(self._alerts) < _ALERTS:
            self._alerts[masked(printable_bytes(text))] = None

    # --- making it ------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        secret = self._sign_in.password()
        if self._refused is not None and self._refused[0] == secret:
            raise EndpointError(self._refused[1])  # asking again would only lock the account
        failure = self._attempt(secret)
        if failure is not None and failure.sign_in:
            self._refused = (secret, failure)
            again = self._sign_in.password()
            if again != secret:
                self.drop()
                failure = self._attempt(again)
                if failure is not None and failure.sign_in:
                    self._refused = (again, failure)
        if failure is not None:
            raise EndpointError(failure)

    def _attempt(self, secret: Secret) -> Failure | None:
        """One connection and one sign-in; what was refused, if it was."""
        self._secret = secret
        self._client = self._dial()
        verbs = SOURCE_VERBS if self.side is Side.SOURCE else None
        transport = self._client._imap  # noqa: SLF001 - imapclient's own
        acknowledge = partial(_acknowledge, self._client.socket())
        wire = Wire(
            transport,
            spool=self.spool,
            verbs=verbs,
            acknowledge=acknowledge,
            alert=self._alert,
            meter=self._meter,
        )
        offered = frozenset(item.decode("latin-1").upper() for item in self._client.capabilities())
        failure = self._be_let_in(lambda: self._say_who(wire, offered, secret), secret)
        if failure is not None:
            return failure
        self._wire = wire
        self.capabilities = self._offered()
        self._compress(wire, transport)
        return None

    def _compress(self, wire: Wire, link: Link) -> None:
        if OFFER in self.capabilities and compress(wire, link, self.address, self._meter):
            words = "%s %s: %s's connection is compressed, as the quickest answer took %.0f ms"
            _LOG.info(words, self.side.value, self.address, self._sign_in.username, wire.round_trip * 1000)

    def _be_let_in(self, say_who: Callable[[], Completion], secret: Secret) -> Failure | None:
        """What was refused, if it was; an administrator is not refused once for every mailbox."""

        def attempt() -> Failure | None:
            done = say_who()
            return None if done.ok else failure_of(done, self.side, sign_in=True)

        who, admin = self._sign_in.username, self._sign_in.admin
        if admin is None:
            return attempt()
        known = administrator(self.address, admin, hash(secret))
        return known.sign_in(who, self.side, attempt, lambda: self._lifeline.is_cut)

    def _offered(self) -> frozenset[str]:
        """What is offered after the sign-in; servers offer more then."""
        found: set[str] = set()

        def take(response: Response) -> None:
            if response.kind == b"CAPABILITY":
                found.update(response.text.decode("latin-1").upper().split())

        self.order(b"CAPABILITY", take)
        return frozenset(found)

    def _dial(self) -> Any:
        address = self.address
        context = _context(address, self.side) if address.security != "none" else None
        try:
            client = dial(
                address.host,
                address.port,
                context if address.security == "tls" else None,
                connect=self._timeouts.connect,
                read=self._timeouts.read,
                hold=self._hold,
                guard=self._ask,
            )
        except UnicodeError as error:
            raise GarbledError(f"{address}: {error}") from error
        if address.security == "starttls":
            self._client = client  # so that a failure closes it
            if b"STARTTLS" not in client.capabilities():
                raise EndpointError(
                    Failure(
                        Action.STOP_BATCH,
                        "STARTTLS",
                        "the server does not offer STARTTLS",
                        cure='set security to "tls" with its port, or to "none"',
                        side=self.side,
                    )
                )
            client.starttls(context)
        return client

    def _ask(self) -> None:
        """The guard of now, which may come after the connection."""
        self.guard()

    def _hold(self, link: socket.socket) -> None:
        """A bare connection, from its first moment on."""
        if self.side is Side.DESTINATION:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._lifeline.hold(link)

    def _say_who(self, wire: Wire, offered: frozenset[str], secret: Secret) -> Completion:
        """The user himself, or an administrator for him."""
        who, admin = self._sign_in.username, self._sign_in.admin
        identity, login = "", who
        if admin is not None and admin.style == "authzid":
            identity, login = who, admin.username
        elif admin is not None:
            login = admin.style.replace("{user}", who).replace("{admin}", admin.username)
        return sign_in(wire, offered, identity, login, secret, self.side)


def _acknowledge(link: socket.socket) -> None:
    """Send the acknowledgement that the system holds back for some 40 ms (Linux)."""
    option = getattr(socket, "TCP_QUICKACK", None)
    if option is not None:
        link.setsockopt(socket.IPPROTO_TCP, option, 1)


def _context(address: Address, side: Side) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise EndpointError(
            Failure(
                Action.STOP_BATCH,
                "CA-FILE",
                f"{address.ca_file} holds no certificate that can be used: {error}",
                cure="give ca_file a PEM file",
                side=side,
            )
        ) from error
    if not address.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
