"""One line of text while it is typed."""

from core.printable import printable

_LIMIT = 1000  # characters


class EditLine:
    """Text and a cursor in it. What was there before is replaced by the first character typed, unless it is moved in.

    A terminal hands over whatever was pasted, so what comes in passes the door for foreign text; but not an `exact`
    line, which is never shown: a password is what it is.
    """

    def __init__(self, text: str = "", *, exact: bool = False) -> None:
        self._clean = (lambda text: text) if exact else (lambda text: printable(text, _LIMIT))
        self.text = self._clean(text)
        self.cursor = len(self.text)
        self.untouched = bool(text)

    def insert(self, text: str) -> None:
        """Type, or paste; of several lines the first."""
        piece = self._clean(text.splitlines()[0] if text.splitlines() else "")
        if self.untouched and piece:
            self.rub_all()
        piece = piece[: _LIMIT - len(self.text)]
        self.text = self.text[: self.cursor] + piece + self.text[self.cursor :]
        self.cursor += len(piece)
        self.untouched = False

    def put(self, text: str) -> None:
        """Another text in its place."""
        self.text = self._clean(text)
        self.cursor = len(self.text)
        self.untouched = False

    def rub_out(self) -> None:
        """The character before the cursor goes."""
        if self.cursor:
            self.text = self.text[: self.cursor - 1] + self.text[self.cursor :]
            self.cursor -= 1
        self.untouched = False

    def rub_word(self) -> None:
        """The word before the cursor goes, and the blanks behind it."""
        head = self.text[: self.cursor].rstrip()
        head = head[: head.rfind(" ") + 1]
        self.text, self.cursor = head + self.text[self.cursor :], len(head)
        self.untouched = False

    def rub_all(self) -> None:
        """All of it goes."""
        self.put("")

    def delete(self) -> None:
        """The character under the cursor goes."""
        self.text = self.text[: self.cursor] + self.text[self.cursor + 1 :]
        self.untouched = False

    def move_to(self, place: int) -> None:
        """Put the cursor before the character at `place`, or as near as there is."""
        self.cursor = max(min(place, len(self.text)), 0)
        self.untouched = False
