"""What a terminal sends, as Textual's events: keys, pastes, the mouse.

Measured with Textual 8.2.8: a byte that is no UTF-8 (another keyboard's encoding, a binary that is pasted) and a key
code beyond Unicode end its input thread, and with it the console, in a traceback; the answer to a question that another
program asked the terminal, late on a slow link, counts as keys typed: an `s` in it starts a batch.
"""

import codecs
import re
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.message import Message

#: Control strings (ECMA-48, 5.6) and sizes that the terminal was not asked for: no key sends them.
_NO_KEYS = re.compile(r"\x1b[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[48;[\d:;]*t")


class Keyboard:
    """Takes what was read, piece by piece. What is no UTF-8 becomes U+FFFD; what nobody understands is left out."""

    def __init__(self, *, debug: bool = False) -> None:
        self._debug = debug
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._parser = XTermParser(debug)

    def take(self, data: bytes) -> list[Message]:
        """What these bytes say, together with those before."""
        # One by one, so that what cannot be takes nothing with it that stands behind it.
        text = _NO_KEYS.sub("", self._decoder.decode(data))
        return [message for character in text for message in self._read(self._parser.feed(character))]

    def wait(self) -> list[Message]:
        """What is sure now that nothing came for a while: the key Esc, which begins what other keys send."""
        return self._read(self._parser.tick())

    def _read(self, messages: Iterable[Message]) -> list[Message]:
        try:
            return list(messages)
        except Exception:  # noqa: BLE001 - whatever it stumbles over was no key
            self._parser = XTermParser(self._debug)
            return []
