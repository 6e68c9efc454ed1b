"""What the connection to Exchange does below SOAP, and what to do about it: HTTP statuses and broken links.

Statuses as IIS, the front ends of Exchange, gromox 3.10 and reverse proxies give them.
"""

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from core.exchange.soap import Envelope, Request
from core.mail.size import about
from core.ports.failure import Action, Failure

if TYPE_CHECKING:
    import requests

#: No server is known to refuse a request below this size for being too large, other than by saying so.
SURELY_SMALL: Final = 1 << 20

#: Code of a request that the server cut off while it was being sent.
UPLOAD_CUT: Final = "UploadCut"

_FILTERED: Final = b"404.13"  # IIS, where its error pages say why (maxAllowedContentLength)
_NOT_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "UNSUPPORTED_PROTOCOL"})
_RAISE: Final = (
    "raise maxAllowedContentLength and maxReceivedMessageSize in EWS web.config, or the limit of the proxy before it, "
    "then run again with --retry-rejected"
)


def of_status(response: "requests.Response", request: Request, size: int, *, proven: bool) -> Failure:
    """What an answer without SOAP means. `size` is the request's in bytes; `proven`: EWS has answered here before."""
    status = response.status_code
    code = f"HTTP {status}"
    if status == 401:
        return _refused(response)
    if status in {429, 503}:
        seconds = retry_after(response.headers)
        return Failure(Action.WAIT, code, "Exchange asks for fewer or slower requests", seconds=seconds)
    if status in {403, 456}:
        return Failure(
            Action.STOP_MAILBOX,
            code,
            "Exchange Web Services are turned off for this mailbox or this program",
            cure="allow them (Set-CASMailbox -EwsEnabled $true; Set-OrganizationConfig -EwsApplicationAccessPolicy)",
        )
    filtered = status == 404 and _FILTERED in response.content
    if status == 413 or filtered or (status in {404, 405} and proven):
        return _too_big(code, request, size, sure=status == 413 or filtered)
    if status in {404, 405}:
        return Failure(
            Action.STOP_BATCH,
            code,
            "there is no EWS at this address",
            cure="check destination.url: it ends in /EWS/Exchange.asmx",
        )
    if status == 400:
        return _bad(code, request)
    if 300 <= status < 400 or status == 440:
        return _redirected(code, response.headers.get("Location", ""), request)
    if status == 200:
        return _not_soap(request, proven=proven)
    return Failure(
        Action.RETRY, code, "the server, or a proxy before it, failed on the request", in_doubt=request.writes
    )


def _refused(response: "requests.Response") -> Failure:
    """A refused sign-in, with what the server offers instead."""
    if b"currently locked out" in response.content:
        return Failure(
            Action.STOP_MAILBOX,
            "HTTP 401",
            "the account is locked out",
            cure="unlock it, then start again",
            sign_in=True,
        )
    offered = re.findall(r"(?:^|,)\s*([A-Za-z]+)(?=\s|,|$)", response.headers.get("WWW-Authenticate", ""))
    return Failure(
        Action.STOP_MAILBOX,
        "HTTP 401",
        "Exchange refuses the sign-in",
        said=f"it offers {', '.join(offered)}" if offered else "",
        cure="check destination.username, its password, and that destination.auth is one that the server offers",
        sign_in=True,
    )


def _not_soap(request: Request, *, proven: bool) -> Failure:
    """A 200 whose content is no SOAP, or breaks off."""
    if proven:
        return Failure(Action.RETRY, "NotSoap", "the server's answer is incomplete", in_doubt=request.writes)
    return Failure(
        Action.STOP_BATCH,
        "NotSoap",
        "what answers at this address is not EWS",
        cure="check destination.url: a sign-in page or a proxy may stand before the server",
    )


def of_break(error: BaseException, envelope: Envelope, request: Request) -> Failure:
    """What a broken connection means. In doubt only if the whole request had been handed over."""
    if isinstance(error, KeyError) and error.args != ("www-authenticate",):
        raise error  # a fault of our own, not of NTLM's handshake
    roots = list(_roots(error))
    doubt = request.writes and envelope.sent
    for root in roots:
        if isinstance(root, ssl.SSLCertVerificationError):
            return Failure(
                Action.STOP_BATCH,
                "CERTIFICATE",
                f"the server's certificate does not verify: {root.verify_message}",
                cure="name its authority with destination.ca_file, or correct the host name in destination.url",
            )
        if isinstance(root, ssl.SSLError) and getattr(root, "reason", None) in _NOT_TLS:
            return Failure(
                Action.STOP_BATCH,
                "TLS",
                "the server does not speak TLS on this port, or none that is safe",
                said=str(root),
                cure="check destination.url: https:// and the port",
            )
        if isinstance(root, socket.gaierror):
            return Failure(Action.RETRY, "HOST", "the host name is not known", cure="check destination.url")
        if isinstance(root, ConnectionRefusedError):
            return Failure(
                Action.RETRY, "REFUSED", "nothing answers at this host and port", cure="check destination.url"
            )
    said = str(roots[-1])
    if any(isinstance(root, TimeoutError) for root in roots):
        return Failure(Action.RETRY, "TIMEOUT", "the server does not answer", in_doubt=doubt)
    if envelope.begun and not envelope.sent:
        alone = request.messages > 0  # it may be what is sent, not the link
        return Failure(Action.RETRY, UPLOAD_CUT, "the connection was lost while sending", said=said, alone=alone)
    return Failure(Action.RETRY, "LOST", "the connection was lost", said=said, in_doubt=doubt)


def cut_twice(failure: Failure, request: Request, size: int) -> Failure:
    """What it means when a request was cut off while it was being sent, twice running: it is too large."""
    return _too_big(failure.code, request, size, sure=False)


def _too_big(code: str, request: Request, size: int, *, sure: bool) -> Failure:
    """What a refused request of `size` bytes means; `sure`: the server said that it is for its size."""
    if not request.messages or (size <= SURELY_SMALL and not sure):
        alone = request.messages > 0
        return Failure(Action.RETRY, code, "the server, or a proxy before it, does not take the request", alone=alone)
    if request.messages > 1:
        return Failure(Action.SPLIT, code, "the messages are too large for one request", cure="they are sent apart")
    cause = f"the message is larger than one EWS request may be: {about(request.size)}, {about(size)} as it is sent"
    return Failure(Action.REJECT, code, cause, cure=_RAISE)


def _bad(code: str, request: Request) -> Failure:
    if request.messages > 1:
        return Failure(
            Action.SPLIT, code, "one of several messages seems to spoil the request", cure="they are sent apart"
        )
    if request.messages == 1:
        return Failure(
            Action.REJECT, code, "Exchange does not take this message", cure="run again with --retry-rejected"
        )
    return Failure(Action.STOP_MAILBOX, code, "Exchange does not take the request", cure="check the mailbox's address")


def _redirected(code: str, location: str, request: Request) -> Failure:
    if "genericerrorpage" in location.lower():
        return Failure(Action.RETRY, code, "Exchange failed on the request", in_doubt=request.writes)
    return Failure(
        Action.STOP_BATCH,
        code,
        "the server sends us to another address",
        said=location,
        cure="check destination.url: it must be the EWS address itself, without a sign-in page before it",
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds, from either of its two forms (RFC 9110, 10.2.3); a moment is by the server's clock."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    moment = _moment(value)
    if moment is None:
        return None
    now = _moment(headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _roots(error: BaseException) -> Iterator[BaseException]:
    """An error and all that it was made of, the innermost last; libraries wrap them in each other's arguments."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = (getattr(one, "reason", None), one.__cause__, one.__context__, *one.args)
        waiting.extend(each for each in inner if isinstance(each, BaseException))
