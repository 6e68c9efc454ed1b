"""What a single value of a batch file may be.

Every check gives the value back, or raises ValueError with the text of a problem: what is wrong; what is allowed.
None shows a value that may hold a password, as a host or a URL can.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from core.batch.hours import Hours, parse_hours
from core.batch.problem import shown, wrong_type
from core.batch.words import (
    check_duration,
    check_rate,
    check_size,
    moment,
    parse_duration,
    parse_rate,
    parse_size,
)
from core.mail.folder import FolderPath

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PLACEHOLDER = re.compile(r"\{[^{}]*\}|[{}]")

IMAP_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_WEB_PORTS = {"https": 443, "http": 80}


def has_control(text: str) -> bool:
    """Whether a line end, NUL or another control character is in it: such text could end a command early."""
    return _CONTROL.search(text) is not None


def check_text(text: str) -> str:
    """A name, login or path: something, on one line, without blanks around it."""
    if not text:
        raise ValueError("is empty; leave the key out or give it a value")
    if has_control(text):
        raise ValueError("holds a control character; allowed: text on one line")
    if text != text.strip():
        raise ValueError("begins or ends with a blank; take it away")
    return text


def check_name(name: str) -> str:
    """A batch's name. It names files of the state folder and cannot leave it."""
    allowed = 'allowed: 1 to 64 of A-Z a-z 0-9 . _ -, such as "sales-wave-1"'
    if _NAME.fullmatch(name) is None or name in {".", ".."}:
        raise ValueError(f"{shown(name)} is no name for a batch; {allowed}")
    if name.endswith(".toml"):
        raise ValueError(f"{shown(name)} would be taken for a file by the commands; leave out .toml")
    return name


def check_host(host: str) -> str:
    """A host name or an IP address, and nothing else around it."""
    allowed = 'allowed: a name or an address alone, such as "imap.old.example"'
    check_text(host)
    if re.search(r"[\s/@\[\]]", host):
        raise ValueError(f"is no host name; {allowed}")
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise ValueError(f"is no host name (a port goes into the key port); {allowed}") from None
    return host


def check_url(url: str) -> str:
    """The address of Exchange's web services."""
    allowed = 'allowed: an address such as "https://mail.new.example/EWS/Exchange.asmx"'
    check_text(url)
    try:
        parts = urlsplit(url)
        known = parts.scheme in _WEB_PORTS and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        raise ValueError(f"is no URL; {allowed}") from None
    if not known or re.search(r"\s", url):
        raise ValueError(f"is no URL; {allowed}")
    if "@" in parts.netloc:
        raise ValueError(f"holds a user name or password; they go into username and password; {allowed}")
    if parts.query or parts.fragment:
        raise ValueError(f"goes on after ? or #; {allowed}")
    return url


def check_style(style: str) -> str:
    """How an administrator signs in for a user: ``authzid``, or a template of the login."""
    allowed = 'allowed: "authzid", or a login made of {user} and {admin}, such as "{user}*{admin}"'
    check_text(style)
    if style == "authzid":
        return style
    places = set(_PLACEHOLDER.findall(style))
    if places - {"{user}", "{admin}"}:
        raise ValueError(f"{shown(style)} has a brace that means nothing; {allowed}")
    if not places:
        raise ValueError(f"{shown(style)} is the same login for all; {allowed}")
    return style


def check_folder(path: str) -> str:
    r"""A folder's path or a glob, as contract section 3 writes them: ``/`` between levels, a literal one ``\/``."""
    allowed = 'allowed: names with / between them, such as "Projects/Old"; a / inside a name is written \\/'
    if not path:
        raise ValueError(f"is empty; {allowed}")
    if "\0" in path:
        raise ValueError(f"holds a NUL character; {allowed}")
    if not all(FolderPath.parse(path).parts):
        raise ValueError(f"{shown(path)} begins or ends with / or has two of them together; {allowed}")
    return path


def check_folder_map(folders: Mapping[str, str]) -> dict[str, str]:
    """Source paths to destination paths; no source folder twice."""
    seen: dict[FolderPath, str] = {}
    for old, new in folders.items():
        check_folder(old)
        try:
            check_folder(new)
        except ValueError as error:
            raise ValueError(f"destination of {shown(old)}: {error}") from None
        path = FolderPath.parse(old)
        if path in seen:
            raise ValueError(f"{shown(old)} and {shown(seen[path])} are the same folder; leave one of them out")
        seen[path] = old
    return dict(folders)


@dataclass(frozen=True, slots=True)
class Between:
    """A check for whole numbers within these bounds, both allowed."""

    low: int
    high: int

    def __call__(self, number: int) -> int:
        """The number itself. Raises ValueError for one that is out of range."""
        if not self.low <= number <= self.high:
            raise ValueError(f"{shown(number)} is out of range; allowed: {self.low} to {self.high}")
        return number


def to_array(value: Any) -> Any:
    """A TOML array as a tuple; anything else unchanged, for the type check after it."""
    return tuple(value) if isinstance(value, list) else value


def to_path(value: Any) -> Path:
    """A file's path."""
    if isinstance(value, Path):
        return value
    if isinstance(value, str):
        return Path(check_text(value))
    raise ValueError(wrong_type('a path such as "old-ca.pem"', value))


def to_size(value: Any) -> int:
    """A size, in bytes."""
    if isinstance(value, str):
        return parse_size(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return check_size(value)
    raise ValueError(wrong_type('a size such as "35 MB"', value))


def to_rate(value: Any) -> int:
    """A rate, in bytes a second."""
    if isinstance(value, str):
        return parse_rate(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return check_rate(value)
    raise ValueError(wrong_type('a rate such as "20 MB/s"', value))


def to_hours(value: Any) -> Hours:
    """A span of hours."""
    if isinstance(value, Hours):
        return value
    if isinstance(value, str):
        return parse_hours(value)
    raise ValueError(wrong_type('a span of hours such as "20:00-06:00"', value))


def to_duration(value: Any, *, from_file: bool) -> float:
    """A duration, in seconds. In a file a bare number is refused: nobody can see whether it is seconds or hours."""
    if isinstance(value, str):
        return parse_duration(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and not from_file:
        return check_duration(float(value))
    raise ValueError(wrong_type('a duration in quotes such as "24h" or "1h30m"', value))


def to_settle(value: Any, *, from_file: bool) -> float | None:
    """As `to_duration`, or None for "auto"."""
    if value == "auto" or (value is None and not from_file):
        return None
    try:
        return to_duration(value, from_file=from_file)
    except ValueError as error:
        raise ValueError(f'{error}, or "auto"') from None


def to_moment(value: Any) -> Any:
    """A TOML date or date-time as a moment in UTC."""
    if isinstance(value, date):  # a datetime is one too
        return moment(value)
    raise ValueError(wrong_type("a date without quotes such as 2024-01-01", value))


def default_port(security: str) -> int:
    """993 with tls, else 143 (RFC 8314, RFC 3501)."""
    return IMAP_PORTS[security]


def imap_identity(host: str, port: int) -> str:
    """The identity of an IMAP server that was given none: its host, with the port unless it is a standard one."""
    return _identity(host, port, set(IMAP_PORTS.values()))


def web_identity(url: str) -> str:
    """The identity of an Exchange that was given none: the host of its URL, with the port unless it is standard."""
    parts = urlsplit(url)
    return _identity(parts.hostname or "", web_port(parts), {_WEB_PORTS[parts.scheme]})


def web_port(parts: SplitResult) -> int:
    """The port that a URL means."""
    return parts.port or _WEB_PORTS[parts.scheme]


def _identity(host: str, port: int, standard: set[int]) -> str:
    host = host.lower().rstrip(".")
    if port in standard:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
