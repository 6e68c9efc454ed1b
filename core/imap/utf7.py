"""Modified UTF-7, the charset of folder names (RFC 3501, section 5.1.3), borne as servers really send it.

Real servers list raw 8-bit names, lone ampersands and broken sequences; one such name must not spoil the listing. What
is not modified UTF-7 stands for itself. A decoded name is for people and for the destination: at its own server a
folder is known by the bytes it was listed with.
"""

import binascii
import re

_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_DIRECT = re.compile(r"[ -~]+")
_OTHER = re.compile(r"[^ -~]+")


def decode(name: bytes) -> str:
    """The name as text. Never raises; 8-bit names are taken for UTF-8, then for Latin-1."""
    if not name.isascii():
        try:
            return name.decode()
        except UnicodeDecodeError:
            return name.decode("latin-1")
    pieces = []
    end = 0
    for found in _SHIFTED.finditer(name):
        text = _unshifted(found[1])
        if text is not None:
            pieces.append(name[end : found.start()].decode("ascii"))
            pieces.append(text)
            end = found.end()
    pieces.append(name[end:].decode("ascii"))
    return "".join(pieces)


def encode(text: str) -> bytes:
    """The name as it goes on the wire; the inverse of `decode` for every text without lone surrogates."""
    if _DIRECT.fullmatch(text):
        return text.replace("&", "&-").encode("ascii")
    return _OTHER.sub(_shifted, text.replace("&", "&-")).encode("ascii")


def _shifted(found: re.Match[str]) -> str:
    data = binascii.b2a_base64(found[0].encode("utf-16-be", "surrogatepass"), newline=False)
    return "&" + data.rstrip(b"=").replace(b"/", b",").decode("ascii") + "-"


def _unshifted(data: bytes) -> str | None:
    """What stands between ``&`` and ``-``; None where that is no whole UTF-16 text."""
    if not data:
        return "&"
    try:
        octets = binascii.a2b_base64(data.replace(b",", b"/") + b"=" * (-len(data) % 4), strict_mode=True)
        return octets.decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        return None
