"""The server's half of an NTLMv2 sign-in, over the messages of one connection.

Source: MS-NLMP 2.2.1 (messages), 3.3.2 (NTLMv2). NTLMv1 and anonymous sign-ins are refused.
"""

import base64
import binascii
import hashlib
import hmac
import os
import struct
import time
from collections.abc import Callable
from typing import Final

from spnego._ntlm_raw.crypto import ntowfv1

_SIGNATURE: Final = b"NTLMSSP\0"
_UNICODE, _REQUEST_TARGET, _NTLM, _ALWAYS_SIGN = 0x1, 0x4, 0x200, 0x8000
_TARGET_SERVER, _EXTENDED, _TARGET_INFO, _KEY_128, _KEY_56 = 0x20000, 0x80000, 0x800000, 0x20000000, 0x80000000
_FLAGS: Final = (
    _UNICODE | _REQUEST_TARGET | _NTLM | _ALWAYS_SIGN | _TARGET_SERVER | _EXTENDED | _TARGET_INFO | _KEY_128 | _KEY_56
)
_NAME: Final = "PRACTICE"
_EPOCH: Final = 11644473600  # seconds from 1601 to 1970


class NtlmSignIn:
    """One connection's handshake. `password_of` gives a user's password, None for an unknown user.

    `name` is who the client says he is, once he has.
    """

    def __init__(self, password_of: Callable[[str], str | None]) -> None:
        self.name = ""
        self._password_of = password_of
        self._challenge: bytes | None = None

    def step(self, token: str) -> tuple[str | None, str | None]:
        """Take a client's token (base64): (token to answer with, user who is signed in). Neither: refused."""
        try:
            data = base64.b64decode(token, validate=True)
            if data[:8] != _SIGNATURE:
                return None, None
            kind = struct.unpack_from("<I", data, 8)[0]
            if kind == 1:
                self._challenge = os.urandom(8)
                return base64.b64encode(_challenge(self._challenge)).decode(), None
            if kind == 3 and self._challenge is not None:
                challenge, self._challenge = self._challenge, None
                return None, self._verified(data, challenge)
        except (binascii.Error, struct.error, UnicodeDecodeError, ValueError):
            return None, None
        return None, None

    def _verified(self, data: bytes, challenge: bytes) -> str | None:
        """The user of an AUTHENTICATE message, when the response fits the password."""
        response, domain, user = (_payload(data, offset) for offset in (20, 28, 36))
        name, realm = user.decode("utf-16-le"), domain.decode("utf-16-le")
        full = self.name = f"{realm}\\{name}" if realm else name
        password = self._password_of(full)
        if password is None or len(response) <= 24:  # 24 bytes would be NTLMv1
            return None
        key = hmac.new(ntowfv1(password), (name.upper() + realm).encode("utf-16-le"), hashlib.md5).digest()
        proof = hmac.new(key, challenge + response[16:], hashlib.md5).digest()
        return full if hmac.compare_digest(proof, response[:16]) else None


def _challenge(challenge: bytes) -> bytes:
    """A CHALLENGE message."""
    name = _NAME.encode("utf-16-le")
    stamp = struct.pack("<Q", int((time.time() + _EPOCH) * 10_000_000))
    pairs = ((1, name), (2, name), (3, name), (4, name), (7, stamp), (0, b""))
    info = b"".join(struct.pack("<HH", number, len(value)) + value for number, value in pairs)
    start = 56
    return (
        _SIGNATURE
        + struct.pack("<IHHII", 2, len(name), len(name), start, _FLAGS)
        + challenge
        + bytes(8)
        + struct.pack("<HHI", len(info), len(info), start + len(name))
        + bytes((10, 0, 0x39, 0x38, 0, 0, 0, 15))  # a version, as Windows gives it
        + name
        + info
    )


def _payload(data: bytes, offset: int) -> bytes:
    """A variable field of a message, by its descriptor."""
    length, _most, start = struct.unpack_from("<HHI", data, offset)
    if start + length > len(data):
        raise ValueError("a field reaches beyond the message")
    return data[start : start + length]
