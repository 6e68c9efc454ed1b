"""Signed-in connections to Exchange, by exchangelib: the only file that imports it.

exchangelib knows how to sign in and keeps a pool of sessions; what comes out is a plain `requests.Session`. Its own
services are not used: they send a request again when an answer is lost, and so duplicate mail (measured, 5.6).
"""

import socket
import ssl
import struct
import threading
import warnings
from time import monotonic
from typing import Any, Final

import requests
from exchangelib.configuration import Configuration
from exchangelib.credentials import Credentials
from exchangelib.protocol import BaseProtocol
from exchangelib.transport import BASIC, NTLM
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from spnego.exceptions import SpnegoError
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from core import version
from core.exchange.gate import Gate
from core.exchange.settings import Settings
from core.ports.failure import Action, EndpointError, Failure
from core.ports.guard import Guard, send, unguarded
from core.ports.lifeline import Lifeline
from core.secret import Secret

_AUTH: Final = {"basic": BASIC, "ntlm": NTLM}
#: A refused sign-in is not tried again for so long, though nobody waits for it any more: other mailboxes of the run may
#: be on their way to it. Seconds.
_REFUSED: Final = 10.0
#: IIS keeps an idle connection for two minutes, firewalls often less: one that idled longer is not trusted, in seconds.
_IDLE: Final = 60.0

_SOCKET: Final = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    # So that a firewall forgets no quiet connection, in seconds; each system has others.
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), seconds)
        for name, seconds in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15))
        if hasattr(socket, name)
    ),
    # A connection that we give up must not go on delivering what is still in the buffer.
    (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)),
]


class _Adapter(HTTPAdapter):
    """One connection with our own TLS context: the system's authorities, or those of one file, or none asked.

    `silence` is how many seconds the way to the server may be blocked. Another thread may end it by its lifeline.
    `guard` is asked before anything leaves.
    """

    def __init__(self, context: ssl.SSLContext, silence: float) -> None:
        self._context = context
        self._silence = silence
        self.lifeline = Lifeline()
        self.guard: Guard = unguarded
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0, pool_block=True)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context, socket_options=_SOCKET)
        self.poolmanager.pool_classes_by_scheme = _pools(self.lifeline, self._silence, self._ask)

    def _ask(self) -> None:
        """The guard of whoever uses the connection now."""
        self.guard()

    def close(self) -> None:
        """Close the connection. It ends only when its lifeline has let go, too."""
        self.lifeline.let_go()
        super().close()

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave everything to the context; requests would add the authorities that it ships."""


def _pools(lifeline: Lifeline, silence: float, guard: Guard) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections are held by a lifeline from their first moment, before TLS.

    urllib3 gives each piece of a request the seconds that are meant for connecting: too few on a slow line.
    """

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            link = super()._new_conn()
            lifeline.hold(link)
            return link

        def send(self, data: Any) -> None:
            if self.sock is None:
                self.connect()
            self.sock.settimeout(silence)
            send(self.sock, data, guard)

    class Secured(HTTPSConnection, Plain):
        pass

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecuredPool(HTTPSConnectionPool):
        ConnectionCls = Secured

    return {"http": PlainPool, "https": SecuredPool}


class _Protocol(BaseProtocol):  # type: ignore[misc]
    """exchangelib's pool of sessions, for one set of settings.

    Not one of the protocols that exchangelib shares process-wide by address and user name, and asks for their version.
    """

    def __init__(self, settings: Settings, password: Secret) -> None:
        self._settings = settings
        self._password = password
        self._context = _tls(settings)
        super().__init__(
            Configuration(
                service_endpoint=settings.url,
                credentials=Credentials(settings.username, password.reveal()),
                auth_type=_AUTH[settings.auth],
                max_connections=settings.max_connections,
            )
        )

    def create_session(self) -> requests.Session:
        session: requests.Session = super().create_session()
        if self._settings.auth == "basic":
            # As bytes, because requests can write no more than Latin-1.
            session.auth = HTTPBasicAuth(self._settings.username.encode(), self._password.reveal().encode())
        session.trust_env = False  # no proxies, .netrc or authorities from the environment
        session.verify = self._settings.verify
        session.headers["User-Agent"] = f"mailcutover/{version()}"
        session.adapters.clear()  # exchangelib's own stands at the endpoint's address, and would win
        session.mount("https://", _Adapter(self._context, self._settings.timeout))
        session.mount("http://", _Adapter(self._context, self._settings.timeout))
        return session


class Connections:
    """Connections to one endpoint under one account, shared by every mailbox with the same settings."""

    #: What a request may end with when it does not come through. KeyError: NTLM's handshake met an answer without a
    #: challenge.
    BREAKS: Final = (requests.RequestException, HTTPError, SpnegoError, KeyError, OSError)

    def __init__(self, settings: Settings, password: Secret) -> None:
        self.gate = Gate()
        self._protocol = _Protocol(settings, password)
        self._used: dict[requests.Session, float] = {}

    def take(self) -> requests.Session:
        """A connection for one request; waits while all of them are in use."""
        session: requests.Session = self._protocol.get_session()
        if session in self._used and monotonic() - self._used[session] > _IDLE:
            del self._used[session]
            session = self._protocol.renew_session(session)
        return session

    def give(self, session: requests.Session) -> None:
        """Back after an answer, good for the next request."""
        self._used[session] = monotonic()
        self._protocol.release_session(session)

    def drop(self, session: requests.Session) -> None:
        """Back after a failure: it is closed, and a new one takes its place."""
        self._used.pop(session, None)
        self._protocol.retire_session(session)

    @staticmethod
    def guard(session: requests.Session, guard: Guard) -> None:
        """Ask this before anything leaves over a connection that was taken."""
        for adapter in session.adapters.values():
            assert isinstance(adapter, _Adapter)
            adapter.guard = guard

    @staticmethod
    def cut(session: requests.Session) -> None:
        """End a connection that is in use, from any thread; who uses it drops it then."""
        for adapter in session.adapters.values():
            assert isinstance(adapter, _Adapter)
            adapter.lifeline.cut()

    def signed_in(self, session: requests.Session) -> bool:
        """Whether this connection has brought an answer: NTLM signs in connections, not requests."""
        return session in self._used

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._protocol.close()
        self._used.clear()


_lock = threading.Lock()
_shared: dict[tuple[object, ...], tuple[Connections, int]] = {}
_refused: dict[tuple[object, ...], tuple[Connections, float]] = {}  # used by nobody any more, and until when


def _key(settings: Settings, password: Secret) -> tuple[object, ...]:
    """Everything that makes a difference on the wire, and to whom it belongs."""
    return (
        settings.url,
        settings.auth,
        settings.username,
        password,
        settings.ca_file,
        settings.verify,
        settings.max_connections,
    )


def join(settings: Settings, password: Secret) -> Connections:
    """The connections for these settings, made by who comes first. Raises EndpointError for a useless `ca_file`."""
    key = _key(settings, password)
    with _lock:
        for gone in [each for each, (_, until) in _refused.items() if until < monotonic()]:
            del _refused[gone]
        known = (_refused[key][0], 0) if key in _refused else None
        connections, users = _shared.get(key) or known or (Connections(settings, password), 0)
        _shared[key] = connections, users + 1
    return connections


def forget_refusals() -> None:
    """A new run begins: what was refused in an earlier one is tried again."""
    with _lock:
        _refused.clear()


def leave(settings: Settings, password: Secret) -> None:
    """Undo one `join`; who leaves last closes them."""
    key = _key(settings, password)
    with _lock:
        connections, users = _shared[key]
        if users > 1:
            _shared[key] = connections, users - 1
            return
        del _shared[key]
        if connections.gate.refused:
            _refused.setdefault(key, (connections, monotonic() + _REFUSED))
    connections.close()


def _tls(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise EndpointError(
            Failure(
                Action.STOP_BATCH,
                "CA_FILE",
                f"the authorities in {settings.ca_file} cannot be read",
                said=str(error),
                cure="destination.ca_file must name a file of PEM certificates",
            )
        ) from error
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        # The batch said so in so many words, and the console keeps saying it.
        warnings.filterwarnings("ignore", category=InsecureRequestWarning)
    return context
