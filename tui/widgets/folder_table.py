"""The folders of one mailbox, with their counts per outcome."""

from collections.abc import Callable, Sequence
from operator import attrgetter

from core.mail.outcome import Counts
from core.store.views import FolderView
from tui import format as fmt
from tui.theme import Tone
from tui.widgets.columns import figures, moved, share, size
from tui.widgets.line_table import Column
from tui.widgets.line_widget import Cell, Line, figure
from tui.widgets.list_table import ListTable

#: Whole words from this width on.
_WORDS = 76

_BAR = 10

#: Outcome, its word, its short word, and the widths they need for six and for five digits.
_OUTCOMES: Sequence[tuple[str, str, int, str, int, Tone]] = (
    ("copied", "Copied", 7, "Copied", 7, Tone.PLAIN),
    ("already_there", "There", 7, "There", 5, Tone.PLAIN),
    ("skipped", "Skipped", 7, "Skip", 5, Tone.PLAIN),
    ("rejected", "Rejected", 8, "Rej", 4, Tone.BAD),
    ("vanished", "Vanished", 8, "Van", 4, Tone.PLAIN),
    ("pending", "Pending", 7, "Pend", 6, Tone.PLAIN),
)


class FolderTable(ListTable[FolderView]):
    """One folder a line, below the sum of all; of one that is skipped as a whole, why."""

    pinned = 1

    def columns(self) -> Sequence[Column[FolderView]]:
        """The six outcomes always; sizes where there is room."""
        words = self.size.width >= _WORDS
        return (
            Column(
                "Folder",
                0,
                lambda item: Cell(item.path or "All folders", Tone.PLAIN if item.path else Tone.DIM),
                lead=True,
                sort=lambda item: item.path.lower(),
            ),
            Column("", _BAR, _bar, room=104),
            figures("Done", fmt.PERCENT_WIDTH, lambda item: figure(fmt.percent(*moved(item))), share, room=68),
            *(
                figures(
                    long if words else short,
                    wide if words else narrow,
                    _number(name, tone, wide if words else narrow),
                    attrgetter(f"counts.{name}"),
                    key=name,
                )
                for name, long, wide, short, narrow, tone in _OUTCOMES
            ),
            figures("Size", fmt.SIZE_WIDTH, lambda item: figure(fmt.size(item.counts.bytes_total)), size, room=84),
        )

    def key_of(self, item: FolderView) -> str:
        """Its mailbox and path."""
        return f"{item.source}\0{item.path}"

    def note(self, item: FolderView) -> Cell | None:
        """Why nothing of it is moved."""
        return Cell(item.note, Tone.DIM) if item.note and not item.counts.total else None

    def text(self, item: FolderView) -> str:
        """Both paths, and what was noted."""
        rejected = " rejected" if item.counts.rejected else ""
        return f"{item.path} {item.destination_path} {item.note}{rejected}".lower()

    def problem(self, item: FolderView) -> bool:
        """Messages in it were rejected."""
        return bool(item.path) and item.counts.rejected > 0

    def empty(self) -> Line:
        """It was never listed."""
        return (Cell("  No folder was listed yet.", Tone.DIM),)


def _bar(item: FolderView) -> Cell:
    return Cell("".join(fmt.bar(*moved(item), _BAR)) if moved(item)[1] else "", Tone.ACTIVE)


def _number(name: str, tone: Tone, width: int) -> Callable[[FolderView], Cell]:
    def cell(item: FolderView) -> Cell:
        number: int = getattr(item.counts, name)
        return Cell(fmt.short_count(number, width), tone) if number else Cell(fmt.NOTHING, Tone.FAINT)

    return cell


def total(folders: Sequence[FolderView], source: str, counts: Counts) -> Sequence[FolderView]:
    """The folders, INBOX first, below a line for the mailbox as a whole, as its own counts have it."""
    if not folders:
        return folders
    return (FolderView(source, "", "", "", counts, 0), *sorted(folders, key=lambda folder: folder.path != "INBOX"))
