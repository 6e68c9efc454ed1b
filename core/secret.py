"""A secret in memory: it shows itself only to who asks by name, and is known again in what others say."""

import json
import re
from base64 import b64encode
from html import escape
from urllib.parse import quote, quote_plus
from weakref import WeakValueDictionary

_MASK = "***"
#: A shorter secret is no secret, and would be masked in the middle of every other sentence.
_SHORTEST = 4
#: From this length on a secret is masked inside a longer word, too; a shorter one may be a part of it by chance.
_UNMISTAKABLE = 8
_BASE64 = re.compile(r"[A-Za-z0-9+/]+=*")


class Secret:
    """A password or token. `repr`, `str` and `format` are masked; `reveal` gives the value, once per use."""

    __slots__ = ("__weakref__", "_traces", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        self._traces: _Traces | None = None
        _known[id(self)] = self

    def reveal(self) -> str:
        """The secret itself, to be handed to a sign-in and nowhere else."""
        return self._value

    def mask(self, text: str) -> str:
        """`text` without this secret, as it is or as it may have been written on its way."""
        if len(self._value) < _SHORTEST:
            return text
        if self._traces is None:
            self._traces = _Traces(self._value)
        return self._traces.mask(text)

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> str:
        raise TypeError("a Secret is never written down")


#: Every secret that is in memory now: those of who is signed in or signs in, and what was typed.
_known: WeakValueDictionary[int, Secret] = WeakValueDictionary()


def masked(text: str) -> str:
    """`text` without any secret that is in memory now: a server's words may repeat what it was told."""
    for reference in _known.valuerefs():
        secret = reference()
        if secret is not None:
            text = secret.mask(text)
    return text


class _Traces:
    """How a secret looks as it is, quoted for this or that protocol, and within something in base64."""

    __slots__ = ("_encoded", "_written")

    def __init__(self, value: str) -> None:
        data = value.encode("utf-8", "surrogatepass")
        written = {
            value,
            data.decode("latin-1"),
            value.replace("\\", "\\\\").replace('"', '\\"'),  # IMAP
            json.dumps(value)[1:-1],
            repr(value)[1:-1],
            repr(data)[2:-1],
            escape(value),
            escape(value, quote=False),
            quote(data),
            quote(data, safe=""),
            quote_plus(data),
        }
        longest_first = sorted(written, key=lambda form: (-len(form), form))
        self._written = re.compile("|".join(map(_alone, longest_first)))
        self._encoded = tuple(filter(None, (_within(data, before) for before in range(3))))

    def mask(self, text: str) -> str:
        """The text without any of them; of base64 nothing is left around it, for that may be the user's name."""
        if any(encoded in text for encoded in self._encoded):
            text = _BASE64.sub(lambda run: _MASK if any(one in run[0] for one in self._encoded) else run[0], text)
        return self._written.sub(_MASK, text)


def _alone(form: str) -> str:
    """A pattern for a form of a secret; for a short one as a word of its own."""
    pattern = re.escape(form)
    if len(form) >= _UNMISTAKABLE:
        return pattern
    return (r"\b" if _is_word(form[0]) else "") + pattern + (r"\b" if _is_word(form[-1]) else "")


def _is_word(character: str) -> bool:
    return re.match(r"\w", character) is not None


def _within(data: bytes, before: int) -> str:
    """Those characters of base64 that are always the same where `data` begins `before` bytes after a third one."""
    first = (before * 8 + 5) // 6
    end = (before + len(data)) * 8 // 6
    return b64encode(bytes(before) + data).decode("ascii")[first:end]
