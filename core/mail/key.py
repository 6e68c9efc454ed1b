"""What identifies a message, and what identifies a pair of mailboxes."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class PairId:
    """One source login and the destination address it goes to, with both servers' identities.

    Ledger rows and leases belong to a pair, whatever batch names it (contract, section 2).
    """

    source_identity: str
    source_login: str
    destination_identity: str
    destination_address: str

    def __str__(self) -> str:
        return (
            f"{self.source_login} at {self.source_identity} -> "
            f"{self.destination_address} at {self.destination_identity}"
        )


@lru_cache(maxsize=4096)  # the same few for every message of a folder
def _short(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class SourceKey:
    """Where a message stands at the source: identity, login, folder, UIDVALIDITY, UID.

    `folder` is the path under which the folder was first listed; a rename at the source does not change the key.
    """

    source_identity: str
    source_login: str
    folder: str
    uidvalidity: int
    uid: int

    @property
    def token(self) -> str:
        """The key as ASCII of at most 80 characters, for a named property at the destination.

        Exchange cuts strings at 255 characters when it searches (protocol.md A2), hence the hashes.
        """
        account = _short(self.source_identity, self.source_login)
        return f"1:{account}:{_short(self.folder)}:{self.uidvalidity}:{self.uid}"
