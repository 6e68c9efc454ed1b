"""Signing in over HTTP: Basic with every request, NTLM once for a connection."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Final

from tests.sandbox.access import Access, Account
from tests.sandbox.ntlm import NtlmSignIn

BOTH: Final = ("ntlm", "basic")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A 401: the values of its WWW-Authenticate header."""

    offers: tuple[str, ...]


class SignIn:
    """One connection's sign-in. `schemes` are those on offer: ``basic``, ``ntlm``."""

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
            return self._basic(token.strip()) or self._challenge()
        if scheme == "ntlm" and "ntlm" in self._schemes:
            return self._ntlm(token.strip())
        return self._challenge()

    def _basic(self, token: str) -> Account | None:
        try:
            raw = base64.b64decode(token, validate=True)
        except binascii.Error:
            return None
        for charset in ("utf-8", "latin-1"):  # clients differ, IIS takes both
            name, _colon, password = raw.decode(charset, "replace").partition(":")
            account = self._access.account(name)
            if account is not None and hmac.compare_digest(account.password.encode(), password.encode()):
                return account
        return None

    def _ntlm(self, token: str) -> Account | Challenge:
        if self._handshake is None:
            self._handshake = NtlmSignIn(self._password_of)
        answer, user = self._handshake.step(token)
        if user is not None:
            self._handshake = None
            self._signed_in = self._access.account(user)
            if self._signed_in is not None:
                return self._signed_in
        self._signed_in = None
        return self._challenge() if answer is None else Challenge((f"NTLM {answer}",))

    def _password_of(self, name: str) -> str | None:
        account = self._access.account(name)
        return None if account is None else account.password

    def _challenge(self) -> Challenge:
        offers = {"ntlm": "NTLM", "basic": 'Basic realm="practice"'}
        return Challenge(tuple(offers[scheme] for scheme in self._schemes))
