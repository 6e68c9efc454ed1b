"""Signing in over HTTP: Basic or an access token with every request, NTLM once for a connection."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Final

from tests.sandbox.access import Access, Account
from tests.sandbox.ntlm import NtlmSignIn

BOTH: Final = ("ntlm", "basic")
_LOCKED: Final = b"The referenced account is currently locked out and may not be logged on to."


@dataclass(frozen=True, slots=True)
class Challenge:
    """A 401: the values of its WWW-Authenticate header, and its body."""

    offers: tuple[str, ...]
    said: bytes = b""


class SignIn:
    """One connection's sign-in. `schemes` are those on offer: ``basic``, ``ntlm``, ``bearer``."""

    def __init__(self, access: Access, schemes: tuple[str, ...] = BOTH) -> None:
        self._access = access
        self._schemes = schemes
        self._handshake: NtlmSignIn | None = None
        self._signed_in: Account | None = None  # by NTLM, for the rest of the connection

    def check(self, authorization: str | None) -> Account | Challenge:
        """Who sends a request with this Authorization header; a challenge when that is not known."""
        scheme, _blank, token = (authorization or "").partition(" ")
        scheme = scheme.lower()
        if scheme == "" and self._signed_in is not None:
            return self._signed_in
        if scheme == "basic" and "basic" in self._schemes:
            return self._basic(token.strip())
        if scheme == "ntlm" and "ntlm" in self._schemes:
            return self._ntlm(token.strip())
        if scheme == "bearer" and "bearer" in self._schemes:
            return self._access.token(token.strip()) or self._challenge(why=', error="invalid_token"')
        return self._challenge()

    def _basic(self, token: str) -> Account | Challenge:
        try:
            raw = base64.b64decode(token, validate=True)
        except binascii.Error:
            return self._challenge()
        for charset in ("utf-8", "latin-1"):  # clients differ, IIS takes both
            name, _colon, password = raw.decode(charset, "replace").partition(":")
            account = self._access.account(name)
            if account is not None and hmac.compare_digest(account.password.encode(), password.encode()):
                return self._access.proved(account) or self._challenge(name)
        self._access.failed(name)
        return self._challenge(name)

    def _ntlm(self, token: str) -> Account | Challenge:
        if self._handshake is None:
            self._handshake = NtlmSignIn(self._password_of)
        answer, user = self._handshake.step(token)
        if answer is not None:
            return Challenge((f"NTLM {answer}",))
        name, self._handshake, self._signed_in = self._handshake.name, None, None
        account = None if user is None else self._access.account(user)
        if account is None:
            self._access.failed(name)
            return self._challenge(name)
        self._signed_in = self._access.proved(account)
        return self._signed_in or self._challenge(name)

    def _password_of(self, name: str) -> str | None:
        account = self._access.account(name)
        return None if account is None else account.password

    def _challenge(self, name: str = "", why: str = "") -> Challenge:
        """What is offered; `name` is who was refused, `why` what was wrong with an access token."""
        offers = {"ntlm": "NTLM", "basic": 'Basic realm="practice"', "bearer": f'Bearer realm="practice"{why}'}
        said = _LOCKED if self._access.locked(name) else b""
        return Challenge(tuple(offers[scheme] for scheme in self._schemes), said)
