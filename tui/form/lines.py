"""A batch file as lines to fill in: tables are headings, each key has a line, and so has what there are many of."""

from collections.abc import Iterator
from dataclasses import dataclass

from core.batch.draft import Draft, Place
from core.batch.file_keys import FileKey, Way
from core.batch.problem import key_path
from core.batch.typed import text_of

_MAILBOXES = ("mailboxes",)


@dataclass(frozen=True, slots=True)
class FormLine:
    """One line. `key` is None for the heading of a table; `unset` is what counts while there is no `text`."""

    place: Place
    key: FileKey | None = None
    text: str = ""
    unset: str = ""
    problems: int = 0

    @property
    def path(self) -> str:
        """The place, as problems name it."""
        return key_path(self.place)

    @property
    def many(self) -> bool:
        """Whether it stands for rows."""
        return self.key is not None and self.key.way is Way.ROWS

    @property
    def chosen(self) -> bool:
        """Whether it takes one of a few words."""
        return self.key is not None and bool(self.key.choices)


def covered(key: FileKey, text: str, *, wrong: bool) -> str:
    """A value as it may be seen: what stands where a reference should, and is none, may be the secret itself."""
    return "*" * min(len(text), 8) if wrong and key.way is Way.REFERENCE else text


def lines_of(draft: Draft, place: Place = ()) -> Iterator[FormLine]:
    """All lines, table below table."""
    keys = draft.keys(place)
    if place:
        yield FormLine(place)
    for key in keys.values():
        here = (*place, key.name)
        if key.way is not Way.TABLE and here != _MAILBOXES:
            yield _line(draft, here, key)
    for key in keys.values():
        if not place and key.name == "options":  # what is most needed comes before
            yield FormLine(_MAILBOXES)
            yield _line(draft, _MAILBOXES, keys["mailboxes"])
        if key.way is Way.TABLE:
            yield from lines_of(draft, (*place, key.name))


def _line(draft: Draft, place: Place, key: FileKey) -> FormLine:
    problems = len(draft.problems_at(key_path(place)))
    if key.way is Way.ROWS:
        rows = draft.sheets[place].rows
        # A few stand for themselves.
        few = ", ".join(text_of(next(iter(row.values.values()), "")) for row in rows[:4])
        text = few if 0 < len(rows) <= 3 else f"{len(rows):,}: {few}, ..." if rows else ""
        return FormLine(place, key, text, "" if not key.optional else "none", problems)
    return FormLine(place, key, draft.text_at(place), draft.without(place), problems)
