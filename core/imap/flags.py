r"""FLAGS as the server spelt them. A keyword may be a number or NIL, and some servers send 8-bit ones.

\Recent is left out: it says something about the session, not about the message, and nobody can set it.
"""

from functools import lru_cache

from core.mail.flags import RECENT, Flags


@lru_cache(maxsize=4096)
def flags_of(text: bytes) -> Flags:
    """What stands between the parentheses of FLAGS; 8-bit keywords are taken for UTF-8, then for Latin-1."""
    try:
        words = text.decode()
    except UnicodeDecodeError:
        words = text.decode("latin-1")
    flags = (word.strip('"') for word in words.split())
    return Flags.of(flag for flag in flags if flag and flag.lower() != RECENT.lower())
