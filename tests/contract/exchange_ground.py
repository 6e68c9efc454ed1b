"""The contract's ground on the practice Exchange."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from core.exchange.destination import ExchangeDestination
from core.exchange.settings import Settings
from core.mail.fingerprint import canonical
from core.mail.folder import FolderPath
from core.ports.destination import Destination
from core.secret import Secret
from tests.contract.ground import USUAL_ROLES, Stored
from tests.sandbox.mailbox import ItemView
from tests.sandbox.server import PracticeExchange

#: Extended properties that stand for a flag (MS-OXPROPS).
_FLAGS: Final[Mapping[tuple[str, str], str]] = {
    ("0x1090 Integer", "2"): "\\Flagged",
    ("0x1081 Integer", "102"): "\\Answered",
    ("0x1081 Integer", "104"): "$Forwarded",
}


class ExchangeGround:
    """A mailbox on a practice Exchange, which the account svc may impersonate."""

    roles = USUAL_ROLES
    renames = True

    def __init__(self, server: PracticeExchange, user: str, closing: Callable[[Destination], None]) -> None:
        self._server = server
        self._mailbox = server.add_mailbox(f"{user}@example.com")
        self._closing = closing

    def destination(self) -> Destination:
        """Impersonated by the service account."""
        settings = Settings(self._server.url, "impersonation", "basic", "svc", lambda: Secret("secret"))
        made = ExchangeDestination(settings, self._mailbox.address)
        self._closing(made)
        return made

    def stored(self) -> list[Stored]:
        """Past the protocol; by the MIME that was stored, because what Exchange hands out is written anew."""
        found = [
            Stored(self._path(item.folder), _flags(item), item.received, canonical(item.mime))
            for item in self._mailbox.items()
        ]
        return sorted(found, key=lambda stored: stored.path)

    def deliver(self, path: tuple[str, ...], data: bytes, received: datetime) -> None:
        """Past the protocol."""
        self._mailbox.put(self._name(path), data, received=received)

    def delete(self, path: tuple[str, ...]) -> None:
        """Past the protocol."""
        for item in self._mailbox.items(self._name(path)):
            self._mailbox.delete(item.id)

    @staticmethod
    def _name(path: tuple[str, ...]) -> str:
        return "inbox" if path == ("INBOX",) else str(FolderPath(path))

    @staticmethod
    def _path(written: str) -> tuple[str, ...]:
        """The practice Exchange escapes a slash in a name, and nothing else."""
        parts = written.replace("\\/", "\0").split("/")
        return FolderPath(tuple(part.replace("\0", "/") for part in parts)).parts


def _flags(item: ItemView) -> frozenset[str]:
    found = {flag for pair, flag in _FLAGS.items() if pair in item.properties.items()}
    if item.is_read:
        found.add("\\Seen")
    if item.is_draft:
        found.add("\\Draft")
    return frozenset(found | set(item.categories))
