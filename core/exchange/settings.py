"""Where and how to sign in to Exchange, for one mailbox or for all that share an account."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.ports.meter import UNLIMITED, Meter
from core.secret import Secret

Access = Literal["impersonation", "delegate", "direct"]
Auth = Literal["basic", "ntlm"]
ReadReceipts = Literal["off", "keep"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How an EWS endpoint is reached.

    `url` is the whole address of Exchange.asmx. With `access` "direct", `username` is the mailbox's own, else a service
    account's. `password` is asked for every sign-in, and once more when it is refused. `ca_file` replaces the system's
    authorities. `max_connections` bounds what all mailboxes of these settings have open at once in this process.
    `read_receipts` "off" keeps old mail from asking for receipts. `timeout` is how long the server may stay silent, in
    seconds. `meter` is told of all bytes.
    """

    url: str
    access: Access
    auth: Auth
    username: str
    password: Callable[[], Secret]
    ca_file: Path | None = None
    verify: bool = True
    max_connections: int = 12
    read_receipts: ReadReceipts = "off"
    timeout: float = 120.0
    meter: Meter = UNLIMITED
