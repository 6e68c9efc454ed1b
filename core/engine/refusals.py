"""Sign-ins that were refused, so that none is tried again in vain: a server locks an account that is refused too often.

A run tries each mailbox's own sign-in anyway; this is for trying things out, which people do again and again.
"""

from dataclasses import dataclass, field

from core.batch.logins import Login
from core.secret import Secret

#: Mailboxes for which a shared sign-in may be refused before it is tried for no other.
_ENOUGH = 2


@dataclass(slots=True)
class _Account:
    """What a server has said to one who signs in with this secret."""

    secret: Secret
    refused: set[str] = field(default_factory=set)  # the mailboxes that it was refused for
    accepted: bool = False


class Refusals:
    """What servers have refused in this process, by endpoint and who signs in."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, str], _Account] = {}

    def bars(self, endpoint: str, login: Login) -> str | None:
        """Why not to try this sign-in; None to try it. Reads the secret where it matters; raises SecretError."""
        account = self._accounts.get((endpoint, _signer(login)))
        if account is None or not account.refused or login.password() != account.secret:
            return None
        if login.username in account.refused:
            return "was refused before with this very password, and is not tried again; change it first"
        if not account.accepted and len(account.refused) >= _ENOUGH:
            refused = f"was refused for {len(account.refused)} mailboxes and accepted for none"
            return f"{_signer(login)} {refused}; change the password first"
        return None

    def refused(self, endpoint: str, login: Login) -> None:
        """The server refused it just now. Raises SecretError."""
        self._account(endpoint, login).refused.add(login.username)

    def accepted(self, endpoint: str, login: Login) -> None:
        """The server accepted it just now."""
        known = self._accounts.get((endpoint, _signer(login)))
        if known is not None:  # else there is nothing to take back, and no need to read the secret
            account = self._account(endpoint, login)
            account.accepted = True
            account.refused.discard(login.username)

    def _account(self, endpoint: str, login: Login) -> _Account:
        key, secret = (endpoint, _signer(login)), login.password()
        account = self._accounts.get(key)
        if account is None or account.secret != secret:
            account = self._accounts[key] = _Account(secret)
        return account


def _signer(login: Login) -> str:
    return login.username if login.admin is None else login.admin.username
