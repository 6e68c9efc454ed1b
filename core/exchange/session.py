"""One mailbox's way to Exchange: a request takes effect once at most, and ends as answers or as an EndpointError."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.exchange import answers, link
from core.exchange.settings import Settings
from core.exchange.soap import Answer, Envelope, NotSoapError, Reply, Request, read, text
from core.ports.failure import Action, EndpointError, Failure, Side
from core.ports.guard import Guard, unguarded
from core.ports.lifeline import aborted
from core.secret import Secret

if TYPE_CHECKING:
    import requests

    from core.exchange.sign_in import Connections

#: How long a host may take to accept a connection, in seconds.
_CONNECT: Final = 15.0
#: The slowest conversion of a large message that is still waited for, in bytes a second.
_SLOWEST: Final = 1 << 18
#: Before a larger request, a connection signs in with a small one: NTLM sends the first request up to three times.
_SMALL: Final = 1 << 14


class Session:
    """Sends requests for one mailbox, with the access that the settings name. Used by one thread, but for `abort`."""

    def __init__(self, settings: Settings, address: str) -> None:
        self.settings = settings
        self.address = address
        self.guard: Guard = unguarded
        self._password: Secret | None = None
        self._known: Secret | None = None  # the password that another session of this mailbox has signed in with
        self._connections: Connections | None = None
        self._lock = threading.Lock()
        self._using: requests.Session | None = None
        self._changing = False  # the request under way changes something
        self._over = False
        self._cut = False

    def beside(self) -> "Session":
        """Another one for the same mailbox, which signs in with the password that this one has read already."""
        other = Session(self.settings, self.address)
        other._known = self._password
        return other

    def well_known(self, name: str) -> str:
        """A default folder as XML. It names the mailbox, unless the request itself is impersonated to it."""
        if self.settings.access == "impersonation":
            return f'<t:DistinguishedFolderId Id="{name}"/>'
        mailbox = f"<t:Mailbox><t:EmailAddress>{text(self.address)}</t:EmailAddress></t:Mailbox>"
        return f'<t:DistinguishedFolderId Id="{name}">{mailbox}</t:DistinguishedFolderId>'

    def call(self, request: Request) -> Sequence[Answer]:
        """One request; as many answers as it wants, each of them good or bad.

        A password is tried once. When it is refused its reference is read once more, and tried again only if it says
        something else by then. Nothing that may have taken effect is sent again.
        Raises EndpointError when it failed as a whole; `in_doubt` says whether it may have taken effect nevertheless.
        """
        try:
            return self._call(request)
        except EndpointError as error:
            if not error.failure.sign_in:
                raise
            password = self.settings.password()
            if password == self._password:
                raise
        self.close()
        self._join(password)
        return self._call(request)

    def abort(self, *, finish: bool = False) -> None:
        """End it for good, from any thread: the request under way fails at once, as does every later one.

        With `finish` a request that changes something is let come to its end first.
        """
        with self._lock:
            self._over = True
            if finish and self._changing:
                return
            self._cut = True
            connections = self._connections
            if connections is not None and self._using is not None:
                connections.cut(self._using)

    def close(self) -> None:
        """Give the connections back; others may go on using them."""
        if self._connections is not None and self._password is not None:
            from core.exchange.sign_in import leave

            leave(self.settings, self._password)
        self._connections = None
        self._password = self._known = None

    def _call(self, request: Request) -> Sequence[Answer]:
        envelope = Envelope(request, self.address if self.settings.access == "impersonation" else None)
        reply = self._twice_if_cut(request, envelope)
        if reply.fault is not None:
            if request.messages:
                raise EndpointError(self._failed(answers.of_request(reply.fault, request.messages, request.size)))
            raise EndpointError(self._failed(answers.of_call(reply.fault, writes=request.writes)))
        if len(reply.answers) != request.answers:
            cause = f"the server gave {len(reply.answers)} answers to {request.answers} questions"
            raise EndpointError(Failure(Action.RETRY, "AnswerCount", cause, in_doubt=request.writes))
        return reply.answers

    def _join(self, password: Secret | None = None) -> "Connections":
        from core.exchange.sign_in import join

        if self._connections is None:
            password = password or self._known or self.settings.password()
            self._connections = join(self.settings, password)
            self._password = password
        return self._connections

    def _twice_if_cut(self, request: Request, envelope: Envelope) -> Reply:
        """Send it; once more where the server cut it off in the middle, so that it cannot have acted on it.

        One break proves nothing; at the second in a row a large request is too large.
        """
        connections = self._join()
        try:
            return connections.gate.run(lambda: self._send(connections, request, envelope), self._is_over)
        except EndpointError as error:
            if error.failure.code != link.UPLOAD_CUT or len(envelope) <= link.SURELY_SMALL:
                raise
        try:
            return connections.gate.run(lambda: self._send(connections, request, envelope), self._is_over)
        except EndpointError as error:
            if error.failure.code != link.UPLOAD_CUT:
                raise
            raise EndpointError(link.cut_twice(error.failure, request, len(envelope))) from error

    def _send(self, connections: "Connections", request: Request, envelope: Envelope) -> Reply:
        connection = connections.take()
        connections.guard(connection, self.guard)
        self._use(connection, changing=request.writes)
        try:
            if self._over:
                raise EndpointError(aborted(Side.DESTINATION))  # noqa: TRY301
            if self.settings.auth == "ntlm" and len(envelope) > _SMALL and not connections.signed_in(connection):
                self._post(connections, connection, *self._greeting())
            reply = self._post(connections, connection, request, envelope)
        except BaseException:
            self._use(None)
            connections.drop(connection)
            raise
        self._use(None)
        if self._cut:  # after the answer had come
            connections.drop(connection)
        else:
            connections.give(connection)
        return reply

    def _is_over(self) -> bool:
        return self._over

    def _use(self, connection: "requests.Session | None", *, changing: bool = False) -> None:
        """From now on `abort` is about this connection, or about none: others may use it then."""
        with self._lock:
            self._using = connection
            self._changing = changing

    def _greeting(self) -> tuple[Request, Envelope]:
        """The smallest request, to sign a connection in."""
        shape = "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
        ids = f"<m:FolderIds>{self.well_known('inbox')}</m:FolderIds>"
        request = Request("GetFolder", (f"<m:GetFolder>{shape}{ids}</m:GetFolder>".encode(),))
        return request, self._envelope(request)

    def _envelope(self, request: Request) -> Envelope:
        impersonate = self.address if self.settings.access == "impersonation" else None
        return Envelope(request, impersonate, self.settings.meter)

    def _post(
        self, connections: "Connections", connection: "requests.Session", request: Request, envelope: Envelope
    ) -> Reply:
        try:
            response = connection.post(
                self.settings.url,
                data=envelope,
                headers={"X-AnchorMailbox": self.address.encode()},
                allow_redirects=False,
                timeout=(_CONNECT, self.settings.timeout + len(envelope) / _SLOWEST),
            )
        except connections.BREAKS as error:
            failure = link.of_break(error, envelope, request)
            if self._cut:
                failure = aborted(Side.DESTINATION, in_doubt=request.writes and envelope.sent)
            raise EndpointError(failure) from error
        self.settings.meter(len(response.content))
        reply = None
        if response.status_code != 401:
            with suppress(NotSoapError):  # its status says what it is
                reply = read(response.content, request.operation)
        if reply is not None and (response.status_code in {200, 500} or _is_known(reply)):
            return _patient(reply, link.retry_after(response.headers))
        failure = link.of_status(response, request, len(envelope), proven=connections.gate.open)
        raise EndpointError(self._failed(failure))

    def _failed(self, failure: Failure) -> Failure:
        """A refused service account stops every mailbox that it signs in for."""
        if failure.sign_in and self.settings.access != "direct":
            return replace(failure, action=Action.STOP_BATCH)
        return failure


def _is_known(reply: Reply) -> bool:
    """Whether it is a fault that says more than any HTTP status."""
    return reply.fault is not None and answers.knows(reply.fault.code)


def _patient(reply: Reply, seconds: float | None) -> Reply:
    """The same, with what an HTTP header says of waiting: the longer wish counts."""
    if reply.fault is None or seconds is None:
        return reply
    return replace(reply, fault=replace(reply.fault, seconds=max(seconds, reply.fault.seconds or 0.0)))
