"""What IMAP servers say, and what to do about it: the one table, for the source and the destination.

Response codes come from RFC 3501, 4469, 5530 and 9051; the texts were seen at Dovecot, Cyrus, Courier, Gmail and
Exchange, which often give no code at all.
"""

import imaplib
import re
import socket
import ssl
from dataclasses import dataclass, replace

from core.imap.wire import Completion, GarbledError, LostError, completion_of
from core.mail.size import about
from core.ports.failure import Action, EndpointError, Failure, Side

_BACKOFF = re.compile(r"suggested backoff time:\s*(\d{1,9})\d*\s*milliseconds", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Row:
    action: Action
    cause: str
    cure: str = ""
    quota: bool = False
    sign_in: bool = False
    alone: bool = False  # says nothing of other mailboxes, whatever it is
    form: bool = False


_REFUSED = _Row(
    Action.STOP_MAILBOX,
    "the server refuses the sign-in",
    "check user name and password, and that the account may use IMAP",
    sign_in=True,
)
_THROTTLED = _Row(Action.WAIT, "the server asks for fewer or slower requests")
_BUSY = _Row(Action.WAIT, "the server is not available just now")
_FULL = _Row(Action.STOP_MAILBOX, "the mailbox is full", "raise its quota, then start again", quota=True)
_GONE = _Row(Action.RETRY, "the folder does not exist")
_TOO_BIG = _Row(
    Action.REJECT,
    "the message is larger than the server takes",
    "raise the server's limit, then run again with --retry-rejected",
)
_ASIDE = _Row(Action.WAIT, "the server cannot open this mailbox just now", alone=True)
_FORM = _Row(Action.REJECT, "the server does not take a message of this form", form=True)

_BY_CODE = {
    "AUTHENTICATIONFAILED": _REFUSED,
    "AUTHORIZATIONFAILED": _Row(
        Action.STOP_MAILBOX,
        "this account may not sign in to that mailbox",
        "check the name of the mailbox and the administrator's rights",
        sign_in=True,
    ),
    "EXPIRED": _Row(Action.STOP_MAILBOX, "the password has expired", "set a new one", sign_in=True),
    "CONTACTADMIN": _Row(Action.STOP_MAILBOX, "the server wants its administrator to look at the account"),
    "PRIVACYREQUIRED": _Row(
        Action.STOP_BATCH, "the server wants an encrypted connection", 'set security to "tls" or "starttls"'
    ),
    "UNAVAILABLE": _BUSY,
    "LIMIT": _THROTTLED,
    "THROTTLED": _THROTTLED,
    "INUSE": _Row(Action.WAIT, "the folder is in use by another program", alone=True),
    "SERVERBUG": _Row(Action.RETRY, "the server reports a fault of its own"),
    "EXPUNGEISSUED": _Row(Action.RETRY, "messages were deleted meanwhile"),
    "NOPERM": _Row(Action.STOP_MAILBOX, "the account has no permission for that", "grant it, or exclude the folder"),
    "OVERQUOTA": _FULL,
    "TOOBIG": _TOO_BIG,
    "UNKNOWN-CTE": _FORM,
    "TRYCREATE": _GONE,
    "NONEXISTENT": _GONE,
    "ALREADYEXISTS": _Row(Action.RETRY, "the folder is there already"),
    "CANNOT": _Row(Action.REJECT, "the server does not allow that name"),
}

# Code of ours, what the text must hold, and what it means; the first match counts.
_BY_TEXT = tuple(
    (code, re.compile(pattern, re.IGNORECASE), row)
    for code, pattern, row in (
        ("THROTTLED", r"backoff time|throttl|rate limit|bandwidth|exceeded command|slow down", _THROTTLED),
        (
            "LIMIT",
            (
                r"too many (simultaneous |concurrent )?(connections|logins|sessions|users)"
                r"|(maximum|max\.?) (number of )?(simultaneous |concurrent )?(connections|sessions|logins)"
                r"|connection limit"
            ),
            _THROTTLED,
        ),
        ("TOOBIG", r"size of appendable message|message.{0,20} too (large|big)|size limit", _TOO_BIG),
        ("OVERQUOTA", r"over ?quota|quota exceeded|exceed\w* .{0,20}quota|(mailbox|disk) (is )?full", _FULL),
        ("AUTHENTICATIONFAILED", r"auth\w* failed|invalid credentials|login (failed|failure|incorrect)", _REFUSED),
        ("UNAVAILABLE", r"authenticated but not connected", _ASIDE),
        ("UNAVAILABLE", r"temporar|try again|server (is )?(busy|unavailable)", _BUSY),
        ("NONEXISTENT", r"(mailbox|folder) (was deleted|does ?n[o']t exist)|no such (mailbox|folder)", _GONE),
        ("CANNOT", r"name is reserved|invalid mailbox name|mailbox name", _BY_CODE["CANNOT"]),
        (
            "FORM",
            (
                r"bare newlines|nul characters|invalid header|non-ascii characters in header|header/body separator"
                r"|zero.(byte|length) message"
                # Exchange, with a BAD: for a line over 10,000 bytes or a From that it cannot read
                r"|command argument error\W*11\b"
            ),
            _FORM,
        ),
    )
)


def failure_of(
    problem: Exception | Completion,
    side: Side,
    *,
    otherwise: Action = Action.RETRY,
    sign_in: bool = False,
    size: int | None = None,
) -> Failure:
    """What a refusal or an exception means. `otherwise` is for a NO or BAD that the table does not know.

    With `sign_in` it was the answer to a sign-in: unknown refusals are refused sign-ins then. `size` is that of the
    message, in bytes, where it was the answer to one.
    """
    if isinstance(problem, EndpointError):
        return problem.failure
    if isinstance(problem, Completion):
        return _refusal(problem, side, otherwise, sign_in=sign_in, size=size)
    if isinstance(problem, LostError):
        return _lost(problem.said, side)
    if isinstance(problem, OSError):
        return _link(problem, side)
    return _protocol(problem, side)


def _refusal(
    completion: Completion, side: Side, otherwise: Action, *, sign_in: bool, size: int | None = None
) -> Failure:
    code, row = _row(completion, side)
    if row is None:
        row = _REFUSED if sign_in else _Row(otherwise, "the server refuses this")
    asked = _BACKOFF.search(completion.said)
    return Failure(
        Action.WAIT if asked else row.action,
        code or completion.status,
        f"{row.cause}: {about(size)}" if row is _TOO_BIG and size is not None else row.cause,
        said=completion.said,
        cure=row.cure,
        side=side,
        seconds=float(asked[1]) / 1000 if asked else None,
        quota=row.quota,
        sign_in=row.sign_in,
        alone=not asked and (row.alone or (row.action is Action.RETRY and not sign_in)),
        form=row.form,
    )


def _row(completion: Completion, side: Side) -> tuple[str, _Row | None]:
    row = _BY_CODE.get(completion.code)
    if row is None or _BACKOFF.search(completion.said):
        for code, pattern, by_text in _BY_TEXT:
            if pattern.search(completion.said):
                return _sided(completion.code if row else code, by_text, side)
    return _sided(completion.code, row, side)


def _sided(code: str, row: _Row | None, side: Side) -> tuple[str, _Row | None]:
    """A source has no quota that we could fill: Gmail says OVERQUOTA there for too much traffic."""
    return code, _THROTTLED if row is _FULL and side is Side.SOURCE else row


def _lost(said: str, side: Side) -> Failure:
    if said:
        known = _refusal(completion_of(b"BYE", said.encode()), side, Action.RETRY, sign_in=False)
        cause = "the server closed the connection"
        if known.action is Action.WAIT:
            return replace(known, cause=cause)
        # Whatever it says of a folder or a message, it ended the connection: that is what to act on.
        return Failure(Action.RETRY, "BYE", cause, said=said, side=side)
    return Failure(Action.RETRY, "LOST", "the connection was lost", side=side)


def _link(error: OSError, side: Side) -> Failure:
    said = str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(
            Action.STOP_BATCH,
            "CERTIFICATE",
            f"the server's certificate does not verify: {error.verify_message}",
            cure="name its authority with ca_file, or correct the host name",
            side=side,
        )
    if isinstance(error, ssl.SSLError) and getattr(error, "reason", None) in _NOT_TLS:
        return Failure(
            Action.STOP_BATCH,
            "TLS",
            "the server does not speak TLS on this port, or none that is safe",
            said=said,
            cure="check port and security (tls, starttls or none)",
            side=side,
        )
    if isinstance(error, TimeoutError):
        return Failure(Action.RETRY, "TIMEOUT", "the server does not answer", side=side)
    if isinstance(error, socket.gaierror):
        return Failure(Action.RETRY, "HOST", "the host name is not known", said=said, side=side)
    if isinstance(error, ConnectionRefusedError):
        return Failure(Action.RETRY, "REFUSED", "nothing answers at this host and port", said=said, side=side)
    return Failure(Action.RETRY, "LOST", "the connection was lost", said=said, side=side)


_NOT_TLS = frozenset(
    {
        "WRONG_VERSION_NUMBER",
        "UNSUPPORTED_PROTOCOL",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "SSLV3_ALERT_HANDSHAKE_FAILURE",
        "HTTP_REQUEST",
        "UNKNOWN_PROTOCOL",
    }
)


def _protocol(error: Exception, side: Side) -> Failure:
    """`imaplib` speaks up to the end of STARTTLS; its errors hold a line of the server, or its own words."""
    said = error.args[0] if error.args else ""
    if isinstance(error, imaplib.IMAP4.error) and isinstance(said, bytes) and said.upper().startswith(b"* BYE"):
        return _lost(said[5:].decode("utf-8", "backslashreplace").strip(), side)
    if isinstance(error, imaplib.IMAP4.abort):
        return Failure(Action.RETRY, "LOST", "the connection was lost", said=str(error), side=side)
    if isinstance(error, (imaplib.IMAP4.error, GarbledError)):
        return Failure(Action.RETRY, "GARBLED", "the server answers what is not IMAP", said=str(error), side=side)
    raise error  # a fault of our own is not the server's
