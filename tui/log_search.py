"""Looking for something in a log: which of its records hold it, and which of them is looked at. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from tui.log_lines import Record


class LogSearch:
    """The records that hold a text, whatever its case. `here` is the number of the one that is looked at, or 0."""

    def __init__(self) -> None:
        self.wanted = ""  # as it was typed
        self.here = 0
        self._hits: list[int] = []  # numbers of records, rising

    def __len__(self) -> int:
        return len(self._hits)

    def __bool__(self) -> bool:
        return bool(self.wanted)

    def look_for(self, wanted: str, records: Iterable[Record]) -> None:
        """Look for something else, or for nothing when it is empty."""
        self.wanted, self.here = wanted, 0
        self._hits = [number for number, event in records if self._holds((number, event))] if wanted else []

    def clear(self) -> None:
        """There are no records any more; what is looked for stays."""
        self._hits, self.here = [], 0

    def newer(self, records: Iterable[Record]) -> None:
        """Look through records that came after all others."""
        if self.wanted:
            self._hits += [record[0] for record in records if self._holds(record)]

    def older(self, records: Iterable[Record]) -> int:
        """Look through records that came before all others; how many hold it."""
        found = [record[0] for record in records if self._holds(record)] if self.wanted else []
        self._hits = found + self._hits
        return len(found)

    def forget(self, oldest: int) -> None:
        """The records before that number are gone."""
        del self._hits[: bisect_left(self._hits, oldest)]

    def next(self, after: int) -> int:
        """The number of the first hit after that one, or 0."""
        place = bisect_right(self._hits, after)
        return self._hits[place] if place < len(self._hits) else 0

    def previous(self, before: int) -> int:
        """The number of the last hit before that one, or 0."""
        place = bisect_left(self._hits, before)
        return self._hits[place - 1] if place else 0

    @property
    def first(self) -> int:
        """The number of the oldest hit, or 0."""
        return self._hits[0] if self._hits else 0

    @property
    def last(self) -> int:
        """The number of the newest hit, or 0."""
        return self._hits[-1] if self._hits else 0

    @property
    def place(self) -> int:
        """Which of the hits is looked at, from 1; 0: none."""
        return bisect_left(self._hits, self.here) + 1 if self.here else 0

    def split(self, text: str) -> list[tuple[str, bool]]:
        """A text in pieces, each with whether it is what is looked for."""
        if not self.wanted:
            return [(text, False)]
        folded, wanted = text.lower(), self.wanted.lower()
        if len(folded) != len(text):  # a letter that is two in lower case: there is no telling which is which
            return [(text, wanted in folded)]
        pieces = []
        place = 0
        while (found := folded.find(wanted, place)) >= 0:
            pieces += [(text[place:found], False), (text[found : found + len(wanted)], True)]
            place = found + len(wanted)
        pieces.append((text[place:], False))
        return [piece for piece in pieces if piece[0]]

    def _holds(self, record: Record) -> bool:
        event = record[1]
        wanted = self.wanted.lower()
        return wanted in event.text.lower() or wanted in event.mailbox.lower() or wanted in place_of(record).lower()


def place_of(record: Record) -> str:
    """Folder and UID of an event, as the log writes them."""
    event = record[1]
    return event.folder if event.uid is None else f"{event.folder}:{event.uid}"
