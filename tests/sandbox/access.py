"""Who may act on which mailbox: accounts, the right to impersonate, and grants between mailboxes.

Source: MS-OXWSCORE (ExchangeImpersonation), MS-OXWSCDATA (the codes).
"""

import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from lxml import etree

from tests.sandbox import folders
from tests.sandbox.folders import MailboxRow
from tests.sandbox.soap import RefusedError, SoapFaultError, T


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in; `mailbox` is the address of his own one, if he has one."""

    name: str
    password: str
    impersonation: bool = False
    mailbox: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """On whose behalf a request is made: the account, and the mailbox it acts as."""

    account: Account
    mailbox: str | None

    @property
    def name(self) -> str:
        """The name that grants are given to."""
        return (self.mailbox or self.account.name).casefold()


@dataclass(frozen=True, slots=True)
class Token:
    """An access token (OAuth 2.0): whose it is, and until when it is good (UTC); None for ever."""

    account: str
    expires: datetime | None


class Access:
    """The accounts and their rights. After `lock_after` wrong passwords in a row an account is locked; None: never."""

    def __init__(self) -> None:
        self.lock_after: int | None = None
        self._accounts: dict[str, Account] = {}
        self._grants: set[tuple[str, str]] = set()
        self._tokens: dict[str, Token] = {}
        self._wrong: Counter[str] = Counter()
        self._lock = Lock()

    def add(self, account: Account) -> None:
        """Make an account, or change it."""
        self._accounts[account.name.casefold()] = account

    def grant(self, account: str, address: str) -> None:
        """Give an account (or the owner of a mailbox) full access to a mailbox."""
        self._grants.add((account.casefold(), address.casefold()))

    def add_token(self, text: str, token: Token) -> None:
        """Give out an access token."""
        self._tokens[text] = token

    def token(self, text: str) -> Account | None:
        """Whose access token this is; None when nobody's, or no longer."""
        found = self._tokens.get(text)
        if found is None or (found.expires is not None and found.expires <= datetime.now(UTC)):
            return None
        return self.account(found.account)

    def proved(self, account: Account) -> Account | None:
        """The account, whose password was right; None when it is locked all the same."""
        with self._lock:
            if self._locked(account.name):
                return None
            del self._wrong[account.name.casefold()]
            return account

    def failed(self, name: str) -> None:
        """A wrong password for that account."""
        account = self.account(name)
        if account is not None:
            with self._lock:
                self._wrong[account.name.casefold()] += 1

    def locked(self, name: str) -> bool:
        """Whether an account is locked, for too many wrong passwords."""
        account = self.account(name)
        with self._lock:
            return account is not None and self._locked(account.name)

    def _locked(self, name: str) -> bool:
        return self.lock_after is not None and self._wrong[name.casefold()] >= self.lock_after

    def account(self, name: str) -> Account | None:
        """The account of that name; ``DOMAIN\\ann`` is found as ann too, and ann@domain by either part."""
        plain = name.rpartition("\\")[2].casefold()
        return self._accounts.get(name.casefold()) or self._accounts.get(plain)

    def actor(self, db: sqlite3.Connection, account: Account, header: etree._Element | None) -> Actor:
        """Who acts, by the SOAP header. Raises SoapFaultError where the header asks for what is not allowed."""
        sid = None if header is None else header.find(f"{T}ExchangeImpersonation/{T}ConnectingSID")
        if sid is None:
            return Actor(account, account.mailbox)
        address = next((child.text or "" for child in sid), "").strip()
        if not account.impersonation:
            raise SoapFaultError(
                "ErrorImpersonateUserDenied", "The account does not have permission to impersonate the requested user."
            )
        found = folders.find_mailbox(db, address)
        if found is None:
            raise SoapFaultError(
                "ErrorNonExistentMailbox", f"The SMTP address has no mailbox associated with it: {address}"
            )
        return Actor(account, found.address)

    def own(self, db: sqlite3.Connection, actor: Actor) -> MailboxRow:
        """The mailbox that the actor acts as. Raises RefusedError(ErrorMissingEmailAddress) when there is none."""
        found = None if actor.mailbox is None else folders.find_mailbox(db, actor.mailbox)
        if found is None:
            raise RefusedError(
                "ErrorMissingEmailAddress",
                "When making a request as an account that does not have a mailbox, you must specify the mailbox "
                "primary SMTP address for any distinguished folder Ids.",
            )
        return found

    def may(self, actor: Actor, mailbox: MailboxRow) -> bool:
        """Whether the actor may read and write a mailbox."""
        address = mailbox.address.casefold()
        return actor.name == address or (actor.name, address) in self._grants
