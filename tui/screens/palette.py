"""Every action by its name: type a part of it, Enter does it."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult

from tui.format import fit
from tui.keymap import Keymap
from tui.keys import Group
from tui.safe import entitle
from tui.screens.typing import Typing
from tui.theme import Tone
from tui.widgets.line_block import LineBlock
from tui.widgets.line_table import MARK
from tui.widgets.line_widget import Cell, Line

_NAME, _KEYS = 30, 9  # cells


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to choose: `id` is what the palette ends with; `why` says why it would do nothing now."""

    id: str
    name: str
    words: str
    keys: str = ""
    why: str = ""


class Palette(Typing[str | None]):
    """Ends with the id of the chosen entry, or None."""

    GROUPS = (Group.PALETTE, Group.PROMPT)

    def __init__(self, keymap: Keymap, entries: Sequence[Entry]) -> None:
        super().__init__(keymap)
        self._entries = entries
        self._hits = list(entries)
        self._chosen = 0
        self._asked = ""
        self._block = LineBlock(classes="page", id="palette")

    def compose(self) -> ComposeResult:
        """One block: what is typed, and what fits it."""
        yield self._block

    def on_mount(self) -> None:
        """Name it."""
        entitle(self._block, "Do what?", "Enter does it, Esc closes")

    def on_resize(self, _: events.Resize) -> None:
        """Draw it anew."""
        self._draw()

    def changed(self) -> None:
        """Find what fits."""
        if self.line.text != self._asked:
            self._asked = self.line.text
            self._hits, self._chosen = hits(self._entries, self._asked), 0
        self._draw()

    def _draw(self) -> None:
        width, height = self._block.content_size
        rows = max(height - 4, 1)
        top = max(min(self._chosen - rows // 2, len(self._hits) - rows), 0)
        lines: list[Line] = [(Cell(" : ", Tone.KEY), *self.cells(max(width - 4, 8))), ()]
        for index, entry in enumerate(self._hits[top : top + rows], start=top):
            lines.append(self._line(entry, chosen=index == self._chosen))
        if not self._hits:
            lines.append((Cell("   Nothing is called that.", Tone.DIM),))
        else:  # the chosen one's words whole, where the line cuts them
            chosen = self._hits[self._chosen]
            lines += [()] * (rows + 3 - len(lines))
            lines.append((Cell(f"   {chosen.why or chosen.words}"),))
        self._block.show(lines)

    @staticmethod
    def _line(entry: Entry, *, chosen: bool) -> Line:
        name = Tone.FAINT if entry.why else Tone.TITLE if chosen else Tone.PLAIN
        return (
            Cell(f" {MARK if chosen else ' '} ", Tone.KEY),
            Cell(fit(entry.name, _NAME), name),
            Cell(f" {fit(entry.keys, _KEYS)} ", Tone.FAINT if entry.why else Tone.KEY),
            Cell(entry.why or entry.words, Tone.DIM),
        )

    def action_take(self) -> None:
        """The chosen one."""
        self.dismiss(self._hits[self._chosen].id if self._hits else None)

    def action_cancel(self) -> None:
        """None."""
        self.dismiss(None)

    def action_next(self) -> None:
        """The next one."""
        self._choose(self._chosen + 1)

    def action_previous(self) -> None:
        """The one before."""
        self._choose(self._chosen - 1)

    def _choose(self, index: int) -> None:
        if self._hits:
            self._chosen = index % len(self._hits)


def hits(entries: Sequence[Entry], asked: str) -> list[Entry]:
    """The entries that a text fits, the best first: the beginning of the name or of a word in it, any part of it, its
    letters in that order, a part of its description. What can be done now goes before what cannot.
    """
    wanted = " ".join(asked.lower().split())
    if not wanted:
        return list(entries)
    ranked = [
        (rank, bool(entry.why), place, entry) for place, entry in enumerate(entries) if (rank := _rank(entry, wanted))
    ]
    return [entry for *_, entry in sorted(ranked, key=lambda found: found[:3])]


def _rank(entry: Entry, wanted: str) -> int:
    """From 1, the best; 0: it does not fit."""
    name = entry.name.lower()
    action = name.partition(": ")[2] or name
    if action.startswith(wanted):
        return 1
    if name.startswith(wanted) or f" {wanted}" in f" {name}":
        return 2
    if wanted in name:
        return 3
    letters = iter(name)
    if all(letter in letters for letter in wanted.replace(" ", "")):
        return 4
    return 5 if wanted in entry.words.lower() else 0
