"""What is said to sign in: SASL PLAIN where the server offers it, LOGIN elsewhere."""

import base64
from collections.abc import Collection

from core.imap.wire import Completion, Wire, astring
from core.ports.failure import Action, EndpointError, Failure, Side
from core.secret import Secret


def sign_in(wire: Wire, offered: Collection[str], identity: str, login: str, secret: Secret, side: Side) -> Completion:
    """Sign in as `login`; `identity` is for whom (authzid), empty for the same.

    PLAIN takes any character, and such an identity. Raises EndpointError where the server offers no way.
    """
    if "AUTH=PLAIN" in offered:
        return _plain(wire, identity, login, secret)
    if identity or "LOGINDISABLED" in offered:
        raise EndpointError(
            Failure(
                Action.STOP_BATCH,
                "AUTH",
                "the server does not offer AUTH=PLAIN on this connection",
                cure='give [admin] a login template as its style, such as "{user}*{admin}"'
                if identity
                else "the server wants an encrypted connection: set security to tls or starttls",
                side=side,
            )
        )
    return wire.run(b"LOGIN %b %b" % (astring(login.encode()), astring(secret.reveal().encode())))


def _plain(wire: Wire, identity: str, login: str, secret: Secret) -> Completion:
    """RFC 4616, without an initial response: every server takes that."""
    tag = wire.tag()
    wire.send(tag + b" AUTHENTICATE PLAIN\r\n")
    response = wire.response()
    while response.tag == b"*":
        response = wire.response()
    if response.tag == tag:
        return response.completion()
    token = f"{identity}\0{login}\0{secret.reveal()}"
    wire.send(base64.b64encode(token.encode()) + b"\r\n")
    return wire.finish(tag)
